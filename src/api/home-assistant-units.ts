/** Hash rates in a unit that stays: Home Assistant keeps statistics by unit, so it may not change with the size of the number. */
const PREFIXES = ["", "k", "M", "G", "T"] as const;

export interface RateUnit {
  readonly unit: string;
  /** Of hashes per second; seven significant digits. */
  of(hashesPerSecond: number): number;
}

/** TH/s on real hardware; in a simulation that is smaller by `scale`, what keeps the numbers readable. */
export function siPrefixed(scale: number): RateUnit {
  const step = Math.min(4, Math.max(0, Math.floor(Math.log10(1e12 / scale) / 3)));
  return {
    unit: `${PREFIXES[step]}H/s`,
    of: (hashesPerSecond) => Number((hashesPerSecond / 1_000 ** step).toPrecision(7)),
  };
}
