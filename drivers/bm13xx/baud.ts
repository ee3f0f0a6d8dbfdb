/** UART_BAUD: the chips' serial rate is their UART clock ÷ (8 × (divider + 1)) [C]. */
import { CRYSTAL_MHZ } from "./chips.ts";

/** PLL1 with the word C0700111, the only one seen with fast rates; its post dividers do not count there [D]. */
export const FAST_PLL1_MHZ = 2800;

/** Stock firmware gives the chips this long to change their rate [C]. */
export const BAUD_SETTLE_MS = 60;
/** What the host uses for chips out of reset, whose own rate is 115 740. */
export const POWER_ON_HOST_BAUD = 115_200;

/** Rate in baud that a register value gives; `pll1MHz` matters when it selects PLL1. */
export function baudOf(register: number, pll1MHz: number = FAST_PLL1_MHZ): number {
  const divider = (register >>> 8) & 0xff;
  const usesPll1 = ((register >>> 26) & 0x3) === 1;
  const clockMHz = usesPll1 ? pll1MHz / (((register >>> 20) & 0xf) + 1) : CRYSTAL_MHZ;
  return (clockMHz * 1e6) / (8 * (divider + 1));
}
