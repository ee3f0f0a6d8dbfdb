/** How fast a chip's hash clock may be set. */

/**
 * No open source states a chip's limit, so the bound is a tenth above what its usual machine runs: enough for a tuner,
 * too little to harm a cooled board. It is a ceiling in code, not in the file.
 */
const MAX_FREQUENCY_OVER_NOMINAL = 1.1;

/** `nominalMHz`: of the chip's usual machine; `declaredMHz`: of this one, which is never too fast. */
export function highestFrequencyMHz(nominalMHz: number, declaredMHz: number): number {
  return Math.max(declaredMHz, Math.round(nominalMHz * MAX_FREQUENCY_OVER_NOMINAL * 100) / 100);
}
