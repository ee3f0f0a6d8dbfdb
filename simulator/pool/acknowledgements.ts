/** Collects accepted shares of one channel until a batch is worth a SubmitShares.Success (SV2 §5.3.13). */

export interface Acknowledgement {
  readonly lastSequenceNumber: number;
  readonly newSubmitsAcceptedCount: number;
  /** Sum of the shares' difficulties, cut to an integer: 0 for easy ones. */
  readonly newSharesSum: bigint;
}

export class PendingAcknowledgements {
  #count = 0;
  #submissions = 0;
  #difficultySum = 0;
  #lastSequenceNumber = 0;

  get count(): number {
    return this.#count;
  }

  /** Accepted and refused together, since the last `take`. */
  get submissions(): number {
    return this.#submissions;
  }

  addRefused(): void {
    this.#submissions++;
  }

  add(sequenceNumber: number, difficulty: number): void {
    this.#count++;
    this.#submissions++;
    this.#difficultySum += difficulty;
    this.#lastSequenceNumber = sequenceNumber;
  }

  /** Everything added since the last call; `undefined` when that is nothing. */
  take(): Acknowledgement | undefined {
    this.#submissions = 0;
    if (this.#count === 0) return undefined;
    const taken = {
      lastSequenceNumber: this.#lastSequenceNumber,
      newSubmitsAcceptedCount: this.#count,
      newSharesSum: wholeDifficulty(this.#difficultySum),
    };
    this.#count = 0;
    this.#difficultySum = 0;
    return taken;
  }
}

/** Clamped to U64: a target of 0 has an infinite difficulty. */
export function wholeDifficulty(sum: number): bigint {
  return sum < 2 ** 64 ? BigInt(Math.floor(sum)) : 2n ** 64n - 1n;
}
