/** The writes that set the hash clock, of all chips or of one. */
import type { Bm13xxChip } from "./chips.ts";
import { writeRegister, writeRegisterOfAll } from "./frame.ts";
import { solvePll } from "./pll.ts";
import { registers } from "./registers.ts";

export interface TimedFrame {
  readonly frame: Uint8Array;
  /** Before whatever comes next; 0 for the last one, whose wait is the caller's affair. */
  readonly thenWaitMs: number;
}

/** ESP-Miner repeats both writes to a BM1397, this far apart [D]. */
const REPEAT_AFTER_MS = 10;
/** PLL0_DIV that divides by one [D]. */
const OUTPUT_UNDIVIDED = 0x0f0f0f00;

/** Without `address` to all chips. Throws RangeError for a frequency that the PLL cannot make. */
export function clockFrames(
  chip: Bm13xxChip,
  frequencyMHz: number,
  address?: number,
): readonly TimedFrame[] {
  const write = (register: number, value: number) =>
    address === undefined
      ? writeRegisterOfAll(register, value)
      : writeRegister(address, register, value);
  const { register: word } = solvePll(chip.pll, frequencyMHz);
  const pll = () => write(registers.pll0.number, word);
  if (!chip.pll.hasOutputDivider) return [{ frame: pll(), thenWaitMs: 0 }];
  const divider = () => write(registers.pll0Divider.number, OUTPUT_UNDIVIDED);
  const frames = [divider(), divider(), pll(), pll()];
  return frames.map((frame, i) => ({
    frame,
    thenWaitMs: i === frames.length - 1 ? 0 : REPEAT_AFTER_MS,
  }));
}
