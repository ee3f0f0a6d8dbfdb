/** The hash clock of BM1387: feedback (22-16), reference (11-8), post1 (7-4), post2 (3-0), all as they are (bosminer [D]). */
import { bm1387 } from "./chips.ts";

const CRYSTAL_MHZ = 25;

export interface Bm1387Dividers {
  readonly feedback: number;
  readonly reference: number;
  readonly post1: number;
  readonly post2: number;
}

/** Throws RangeError for dividers that the register or the oscillator does not take. */
export function pllRegister({ feedback, reference, post1, post2 }: Bm1387Dividers): number {
  const { feedbackMin, feedbackMax } = bm1387.pll;
  const fits =
    feedback >= feedbackMin &&
    feedback <= feedbackMax &&
    [reference, post1, post2].every((divider) => divider >= 1 && divider <= 0xf);
  if (!fits) throw new RangeError(`BM1387 PLL: ${feedback}/${reference}/${post1}/${post2}`);
  return (feedback << 16) | (reference << 8) | (post1 << 4) | post2;
}

/** 0 for a word without dividers. */
export function frequencyMHzOf(register: number): number {
  const feedback = (register >>> 16) & 0xff;
  const divisor = ((register >>> 8) & 0xf) * ((register >>> 4) & 0xf) * (register & 0xf);
  return divisor === 0 ? 0 : (CRYSTAL_MHZ * feedback) / divisor;
}
