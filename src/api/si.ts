/** Hash rates for people. */
const UNITS = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s", "EH/s"] as const;

/** "98.21 TH/s": four digits at any size. */
export function siRate(hashesPerSecond: number): string {
  let value = Math.max(0, hashesPerSecond);
  let unit = 0;
  // 999.95 would round to four digits and a thousand.
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  const digits = value >= 100 ? 1 : value >= 10 ? 2 : 3;
  return `${value === 0 ? "0" : value.toFixed(digits)} ${UNITS[unit]}`;
}
