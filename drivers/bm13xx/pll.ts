/**
 * The hash clock's divider word: flags (31-28), feedback (27-16), reference (13-8), post1 (6-4), post2 (2-0), both less
 * one except on BM1397 [C]. Several words give the same frequency; each solver here reproduces known ones.
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
/** Stock firmware changes the clock by this much at a time [C]. */
const STEP_MHZ = 6.25;
/** Bit 28 marks the upper range of the oscillator, boundary included [C]. */
const FAST_VCO_MHZ = 2400;
/** Near enough for the solver that takes the first fit. */
const FIRST_FIT_MHZ = 1;
const POST_MAX = 7;

/** A word for the wish, by the chip's solver. Throws RangeError when no dividers within the limits come near it. */
export function solvePll(pll: Bm13xxPll, wishedMHz: number): PllSetting {
  const isBetter = pll.solver === "lowest-vco" ? isSlower : dividesLess;
  let best: PllDividers | undefined;
  for (const candidate of candidates(pll, wishedMHz)) {
    const errorMHz = Math.abs(candidate.frequencyMHz - wishedMHz);
    if (pll.solver === "first-fit" && errorMHz < FIRST_FIT_MHZ) return candidate;
    // ESP-Miner takes no equal post dividers [D].
    if (pll.solver === "lowest-vco" && candidate.post1 === candidate.post2) continue;
    if (best === undefined || isBetter(candidate, best, wishedMHz)) best = candidate;
  }
  if (best === undefined)
    throw new RangeError(`PLL: no dividers within the limits give ${wishedMHz} MHz`);
  return best;
}

export function decodePll(
  register: number,
  postDividers: Bm13xxPll["postDividers"] = "minus-one",
): PllDividers {
  const less = postDividers === "minus-one" ? 1 : 0;
  const feedback = (register >>> 16) & 0xfff;
  const reference = (register >>> 8) & 0x3f;
  const post1 = ((register >>> 4) & 7) + less;
  const post2 = (register & 7) + less;
  const vcoMHz = reference === 0 ? 0 : (CRYSTAL_MHZ * feedback) / reference;
  return {
    register,
    frequencyMHz: post1 * post2 === 0 ? 0 : vcoMHz / (post1 * post2),
    feedback,
    reference,
    post1,
    post2,
    vcoMHz,
    locked: register >>> 31 === 1,
  };
}

/** Frequencies of a ramp from power-on, the target last: 6.25 MHz apart, 100 ms each in stock firmware [C]. */
export function rampTo(targetMHz: number): readonly number[] {
  return targetMHz === POWER_ON_MHZ ? [targetMHz] : frequencySteps(POWER_ON_MHZ, targetMHz);
}

/** Frequencies between two, the last included, on the grid of 6.25 MHz; down as well as up [?: only ramps up were seen]. */
export function frequencySteps(fromMHz: number, toMHz: number): readonly number[] {
  const steps: number[] = [];
  if (toMHz > fromMHz) {
    for (let k = Math.floor(fromMHz / STEP_MHZ) + 1; k * STEP_MHZ < toMHz; k++)
      steps.push(k * STEP_MHZ);
  } else {
    for (let k = Math.ceil(fromMHz / STEP_MHZ) - 1; k * STEP_MHZ > toMHz; k--)
      steps.push(k * STEP_MHZ);
  }
  return toMHz === fromMHz ? [] : [...steps, toMHz];
}

/** What two frequencies may differ by and count as the same. */
const ROUNDING_MHZ = 1e-9;

/**
 * Smallest post dividers, as stock firmware has them: while going through the candidates, one replaces the best when it
 * is no farther from the wish, divides by less in all, and its second post divider is not larger.
 */
function dividesLess(candidate: PllDividers, best: PllDividers, wishedMHz: number): boolean {
  const errorMHz = Math.abs(candidate.frequencyMHz - wishedMHz);
  return (
    errorMHz <= Math.abs(best.frequencyMHz - wishedMHz) + ROUNDING_MHZ &&
    candidate.post1 * candidate.post2 < best.post1 * best.post2 &&
    candidate.post2 <= best.post2
  );
}

/** The nearest, of equals that with the slowest oscillator, of those that with the smallest post dividers (ESP-Miner [D]). */
function isSlower(candidate: PllDividers, best: PllDividers, wishedMHz: number): boolean {
  const nearerMHz =
    Math.abs(best.frequencyMHz - wishedMHz) - Math.abs(candidate.frequencyMHz - wishedMHz);
  if (Math.abs(nearerMHz) > ROUNDING_MHZ) return nearerMHz > 0;
  if (candidate.vcoMHz !== best.vcoMHz) return candidate.vcoMHz < best.vcoMHz;
  return candidate.post1 * candidate.post2 < best.post1 * best.post2;
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
        yield decodePll(wordOf(pll, feedback, reference, post1, post2), pll.postDividers);
      }
    }
  }
}

function wordOf(
  pll: Bm13xxPll,
  feedback: number,
  reference: number,
  post1: number,
  post2: number,
): number {
  const isFast = pll.hasFastVcoFlag && (CRYSTAL_MHZ * feedback) / reference >= FAST_VCO_MHZ;
  const flags = isFast ? 0x5 : 0x4;
  const less = pll.postDividers === "minus-one" ? 1 : 0;
  const posts = ((post1 - less) << 4) | (post2 - less);
  return ((flags << 28) | (feedback << 16) | (reference << 8) | posts) >>> 0;
}
