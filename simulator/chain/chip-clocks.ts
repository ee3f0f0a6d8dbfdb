/** What a chip's registers make of its clocks: how fast it hashes and how fast it talks. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";

type ReadRegister = (number: number) => number;

const CRYSTAL_MHZ = 25;

const PLL0 = 0x08;
const PLL0_DIV = 0x70;
const PLL1 = 0x60;
const PLL3 = 0x68;
const MISC_CONTROL = 0x18;
const UART_BAUD = 0x28;

/**
 * 25 MHz × feedback ÷ (reference × post1 × post2); 0 without clock. The post dividers are stored minus one [C], on
 * BM1397 as they are [C], where PLL0_DIV divides once more [D].
 */
export function hashClockMHz({ pll }: Bm13xxChip, read: ReadRegister): number {
  const word = read(PLL0);
  const isEnabled = ((word >>> 30) & 1) === 1;
  const output = pll.hasOutputDivider ? (read(PLL0_DIV) & 0xf) + 1 : 1;
  return isEnabled ? pllMHz(word, pll.postDividers === "direct") / output : 0;
}

/** Clock ÷ 8 ÷ (divider + 1), the clock being the crystal [C] or a PLL of its own [D]. */
export function uartBaudRate({ baudRegister }: Bm13xxChip, read: ReadRegister): number {
  return baudRegister === MISC_CONTROL ? baudOfMiscControl(read) : baudOfUartBaud(read);
}

function baudOfUartBaud(read: ReadRegister): number {
  const word = read(UART_BAUD);
  // BM1372 is given 80000000 for 3 Mbaud, and nothing else that says so [?].
  if (word >>> 31 === 1) return 3_000_000;
  const isFromPll = ((word >>> 26) & 3) === 1;
  const clockMHz = isFromPll ? uartPllMHz(read(PLL1), (word >>> 20) & 0xf) : CRYSTAL_MHZ;
  return (clockMHz * 1e6) / (8 * (((word >>> 8) & 0xff) + 1));
}

/** BM1397: bits 12 to 8 the divider [C], bit 16 PLL3, whose fourth divider is in UART_BAUD [D]. */
function baudOfMiscControl(read: ReadRegister): number {
  const word = read(MISC_CONTROL);
  const isFromPll = ((word >>> 16) & 1) === 1;
  const clockMHz = isFromPll ? uartPllMHz(read(PLL3), (read(UART_BAUD) >>> 24) & 0xf) : CRYSTAL_MHZ;
  return (clockMHz * 1e6) / (8 * (((word >>> 8) & 0x1f) + 1));
}

/** C0700111 with a fourth divider of 6 makes 400 MHz: these post dividers are stored as they are [D]. */
function uartPllMHz(word: number, fourthDivider: number): number {
  return pllMHz(word, true) / (fourthDivider + 1) || CRYSTAL_MHZ;
}

function pllMHz(word: number, isDirect: boolean): number {
  const more = isDirect ? 0 : 1;
  const reference = (word >>> 8) & 0x3f;
  const divisor = reference * (((word >>> 4) & 7) + more) * ((word & 7) + more);
  return divisor > 0 ? (CRYSTAL_MHZ * ((word >>> 16) & 0xfff)) / divisor : 0;
}
