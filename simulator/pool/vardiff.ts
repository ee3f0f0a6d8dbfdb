/** How hard a channel's shares should be: from the rate it claims, then from the rate it shows. */
import { targetFromDifficulty } from "../../src/bitcoin/target.ts";

/** Hashes that a share of difficulty 1 stands for: 2^256 ÷ (0xffff × 2^208). */
export const HASHES_PER_DIFFICULTY = 2 ** 48 / 0xffff;
/** A deviation below this many standard deviations of the count is taken for luck. */
const SIGNIFICANT_SIGMAS = 3;
/** One correction changes the rate by no more than this factor. */
const LARGEST_STEP = 4;
/** Below it the target could not be written: at 1 H per share every hash is one. */
const SMALLEST_HASHES_PER_SHARE = 1;

/** The target at which a channel with this rate sends `sharesPerMinute`. */
export function targetForRate(hashrateHps: number, sharesPerMinute: number): Uint8Array {
  const hashesPerShare = Math.max(SMALLEST_HASHES_PER_SHARE, (hashrateHps * 60) / sharesPerMinute);
  return targetFromDifficulty(hashesPerShare / HASHES_PER_DIFFICULTY);
}

export interface VardiffWindow {
  readonly elapsedMs: number;
  readonly shares: number;
  /** Sum of the difficulties of these shares, each by the target of its own job. */
  readonly difficultySum: number;
}

/**
 * The rate to assume from now on, or `undefined` where the shares fit the present one. The count has a Poisson spread, so
 * a short window with few shares changes nothing.
 */
export function correctedRate(
  assumedHps: number,
  sharesPerMinute: number,
  window: VardiffWindow,
): number | undefined {
  const expected = (sharesPerMinute * window.elapsedMs) / 60_000;
  // Measured in shares of the assumed rate's difficulty, so that a change of target inside the window does not mislead.
  const assumedHashes = (assumedHps * window.elapsedMs) / 1_000;
  if (!(assumedHashes > 0) || expected <= 0) return undefined;
  const shownHashes = window.difficultySum * HASHES_PER_DIFFICULTY;
  const deviation = (expected * Math.abs(shownHashes - assumedHashes)) / assumedHashes;
  if (deviation <= SIGNIFICANT_SIGMAS * Math.sqrt(expected)) return undefined;
  const shownHps = (shownHashes * 1_000) / window.elapsedMs;
  return Math.min(Math.max(shownHps, assumedHps / LARGEST_STEP), assumedHps * LARGEST_STEP);
}

/** Seconds without a correction, and the deviation in percent that then asks for one (SRI: 100 % at first, 15 % after 5 min). */
const REFERENCE_STEPS: readonly (readonly [seconds: number, percent: number])[] = [
  [300, 15],
  [240, 30],
  [180, 45],
  [120, 50],
  [60, 60],
  [0, 100],
];

/**
 * As the reference pool does it: a device that sends nothing has its rate divided by 1.5 to 3, the longer the silence the
 * more; another is believed once it is far enough off for long enough. `undefined`: no correction yet.
 */
export function referenceCorrectedRate(
  assumedHps: number,
  _sharesPerMinute: number,
  { elapsedMs, shares, difficultySum }: VardiffWindow,
): number | undefined {
  const elapsedS = elapsedMs / 1_000;
  if (!(assumedHps > 0) || elapsedS <= 0) return undefined;
  if (shares === 0) {
    if (elapsedS <= 30) return assumedHps / 1.5;
    return elapsedS <= 60 ? assumedHps / 2 : assumedHps / 3;
  }
  const shownHps = (difficultySum * HASHES_PER_DIFFICULTY) / elapsedS;
  const percent = (100 * Math.abs(shownHps - assumedHps)) / assumedHps;
  const [, enough = 100] = REFERENCE_STEPS.find(([seconds]) => elapsedS >= seconds) ?? [];
  return percent >= enough ? shownHps : undefined;
}
