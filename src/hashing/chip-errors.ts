/** Which chips give too many wrong nonces for their clock, and what they are slowed to: one bad chip need not slow the rest. */

/** Above 2 to 3 % the reference advises to step down; a factory test allows half a percent. */
export const MOST_WRONG = 0.03;
/** Judged on at least this many nonces, and at least this many wrong ones: fewer are chance. */
const ENOUGH_NONCES = 100;
const ENOUGH_WRONG = 6;
const STEP_MHZ = 25;
/** No chip is slowed below this share of the chain's clock: at that point it is not the clock. */
const FLOOR_SHARE = 0.6;

export interface SlowedChip {
  readonly chipIndex: number;
  readonly frequencyMHz: number;
  readonly wrongShare: number;
}

/** Counts since a chip was last judged; hot path: two array writes at most. */
export class ChipErrors {
  readonly #good: Uint32Array;
  readonly #wrong: Uint32Array;
  readonly #frequencyMHz = new Map<number, number>();

  constructor(chips: number) {
    this.#good = new Uint32Array(chips);
    this.#wrong = new Uint32Array(chips);
  }

  add(chipIndex: number, isGood: boolean): void {
    const counts = isGood ? this.#good : this.#wrong;
    if (chipIndex < counts.length) counts[chipIndex] = (counts[chipIndex] as number) + 1;
  }

  /** Chips that are to be slowed now; their counts begin anew. */
  judge(chainMHz: number): readonly SlowedChip[] {
    const slowed: SlowedChip[] = [];
    for (let chipIndex = 0; chipIndex < this.#good.length; chipIndex++) {
      const wrong = this.#wrong[chipIndex] as number;
      const total = wrong + (this.#good[chipIndex] as number);
      if (total < ENOUGH_NONCES) continue;
      this.#good[chipIndex] = 0;
      this.#wrong[chipIndex] = 0;
      const wrongShare = wrong / total;
      if (wrong < ENOUGH_WRONG || wrongShare <= MOST_WRONG) continue;
      const nowMHz = Math.min(chainMHz, this.#frequencyMHz.get(chipIndex) ?? chainMHz);
      const frequencyMHz = nowMHz - STEP_MHZ;
      if (frequencyMHz < chainMHz * FLOOR_SHARE) continue;
      this.#frequencyMHz.set(chipIndex, frequencyMHz);
      slowed.push({ chipIndex, frequencyMHz, wrongShare });
    }
    return slowed;
  }
}
