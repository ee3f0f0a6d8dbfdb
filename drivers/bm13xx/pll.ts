/**
 * The hash clock's divider word: flags (31-28), feedback (27-16), reference (13-8), post1 - 1 (6-4), post2 - 1 (2-0) [C].
 * Several words give the same frequency; each solver here reproduces captured ones.
 */
import { type Bm13xxPll, CRYSTAL_MHZ } from "./chips.ts";

export interface PllSetting {
  /** Value of PLL0. */
  readonly register: number;
  readonly frequencyMHz: number;
}

export interface PllDividers extends PllSetting {
  readonly feedback: number;
  readonly reference: number;
  readonly post1: number;
  readonly post2: number;
  readonly vcoMHz: number;
  /** Read back as 1 when the clock is stable. */
  readonly locked: boolean;
}

/** What chips run at when they come out of reset [C]. */
export const POWER_ON_MHZ = 50;
const RAMP_START_MHZ = 56.25;
const RAMP_STEP_MHZ = 6.25;
/** Bit 28 marks the upper range of the oscillator, boundary included [C]. */
const FAST_VCO_MHZ = 2400;
/** Near enough for the solver that takes the first fit. */
const FIRST_FIT_MHZ = 1;
const POST_MAX = 7;

/** A word for the wish, by the chip's solver. Throws RangeError when no dividers within the limits come near it. */
export function solvePll(pll: Bm13xxPll, wishedMHz: number): PllSetting {
  let best: PllDividers | undefined;
  for (const candidate of candidates(pll, wishedMHz)) {
    const errorMHz = Math.abs(candidate.frequencyMHz - wishedMHz);
    if (pll.solver === "first-fit" && errorMHz < FIRST_FIT_MHZ) return candidate;
    if (best === undefined || isBetter(candidate, best, wishedMHz)) best = candidate;
  }
  if (best === undefined)
    throw new RangeError(`PLL: no dividers within the limits give ${wishedMHz} MHz`);
  return best;
}

export function decodePll(register: number): PllDividers {
  const feedback = (register >>> 16) & 0xfff;
  const reference = (register >>> 8) & 0x3f;
  const post1 = ((register >>> 4) & 7) + 1;
  const post2 = (register & 7) + 1;
  const vcoMHz = reference === 0 ? 0 : (CRYSTAL_MHZ * feedback) / reference;
  return {
    register,
    frequencyMHz: vcoMHz / (post1 * post2),
    feedback,
    reference,
    post1,
    post2,
    vcoMHz,
    locked: register >>> 31 === 1,
  };
}

/** Frequencies of a ramp, the target last: 6.25 MHz apart, 100 ms each in stock firmware [C]. */
export function rampTo(targetMHz: number): readonly number[] {
  const steps: number[] = [];
  for (let mhz = RAMP_START_MHZ; mhz < targetMHz; mhz += RAMP_STEP_MHZ) steps.push(mhz);
  steps.push(targetMHz);
  return steps;
}

/**
 * Smallest post dividers, as stock firmware has them: while going through the candidates, one replaces the best when it
 * is no farther from the wish, divides by less in all, and its second post divider is not larger.
 */
function isBetter(candidate: PllDividers, best: PllDividers, wishedMHz: number): boolean {
  const roundingMHz = 1e-9;
  const errorMHz = Math.abs(candidate.frequencyMHz - wishedMHz);
  return (
    errorMHz <= Math.abs(best.frequencyMHz - wishedMHz) + roundingMHz &&
    candidate.post1 * candidate.post2 < best.post1 * best.post2 &&
    candidate.post2 <= best.post2
  );
}

/** Large dividers first; post1 is never below post2. */
function* candidates(pll: Bm13xxPll, wishedMHz: number): Generator<PllDividers> {
  for (const reference of [2, 1]) {
    for (let post1 = POST_MAX; post1 >= 1; post1--) {
      for (let post2 = post1; post2 >= 1; post2--) {
        const feedback = Math.round((wishedMHz * reference * post1 * post2) / CRYSTAL_MHZ);
        if (!(feedback >= pll.feedbackMin && feedback <= pll.feedbackMax)) continue;
        const vcoMHz = (CRYSTAL_MHZ * feedback) / reference;
        if (vcoMHz < pll.vcoMinMHz || vcoMHz > pll.vcoMaxMHz) continue;
        yield decodePll(wordOf(feedback, reference, post1, post2, vcoMHz));
      }
    }
  }
}

function wordOf(
  feedback: number,
  reference: number,
  post1: number,
  post2: number,
  vcoMHz: number,
): number {
  const flags = vcoMHz >= FAST_VCO_MHZ ? 0x5 : 0x4;
  return (
    ((flags << 28) | (feedback << 16) | (reference << 8) | ((post1 - 1) << 4) | (post2 - 1)) >>> 0
  );
}
