/** The chips' serial rate is their UART clock ÷ (8 × (divider + 1)) [C]. */
import { CRYSTAL_MHZ } from "./chips.ts";

/** PLL1, on BM1397 PLL3, with the word C0700111, the only one seen with fast rates; its post dividers are 1 there [D]. */
export const FAST_PLL_MHZ = 2800;
/** UART_BAUD of a BM1397, which holds the divider of its PLL3 only [D]. */
const BM1397_PLL3_DIV4 = 6;

/** Stock firmware gives the chips this long to change their rate [C]. */
export const BAUD_SETTLE_MS = 60;
/** What the host uses for chips out of reset, whose own rate is 115 740. */
export const POWER_ON_HOST_BAUD = 115_200;

/** Rate in baud that a value of UART_BAUD gives; `pll1MHz` matters when it selects PLL1. */
export function baudOf(register: number, pll1MHz: number = FAST_PLL_MHZ): number {
  const divider = (register >>> 8) & 0xff;
  const usesPll1 = ((register >>> 26) & 0x3) === 1;
  const clockMHz = usesPll1 ? pll1MHz / (((register >>> 20) & 0xf) + 1) : CRYSTAL_MHZ;
  return (clockMHz * 1e6) / (8 * (divider + 1));
}

/** Rate in baud that a BM1397's MISC_CONTROL gives; `pll3MHz` matters when it selects PLL3 (skot/BM1397 [D]). */
export function baudOfMiscControl(register: number, pll3MHz: number = FAST_PLL_MHZ): number {
  const divider = (register >>> 8) & 0x1f;
  const usesPll3 = ((register >>> 16) & 1) === 1;
  const clockMHz = usesPll3 ? pll3MHz / (BM1397_PLL3_DIV4 + 1) : CRYSTAL_MHZ;
  return (clockMHz * 1e6) / (8 * (divider + 1));
}
