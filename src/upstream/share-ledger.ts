/** What became of the shares of one channel. Counts decide, as batches and late errors may come in any order (SV2 §5.3.13–14). */

/** Shares whose answer never came are forgotten beyond this many, oldest first: a batch's tail may never be acknowledged. */
const MAX_PENDING = 4_096;

export class ShareLedger {
  /** sequence number → chain that found the share, in order of sending. */
  readonly #pending = new Map<number, number>();
  readonly #refused = new Set<number>();
  #nextSequenceNumber = 1;
  accepted = 0;
  rejected = 0;
  forgotten = 0;
  /** Acknowledgements beyond what was sent: a pool that reports totals instead of batches. */
  overAcknowledged = 0;
  /** Sum of share difficulties as the pool reports it; 0 is normal below difficulty 1. */
  acceptedDifficulty = 0n;

  get unacknowledged(): number {
    return this.#pending.size;
  }

  /** The sequence number for a share of this chain. */
  sent(chainIndex: number): number {
    const sequenceNumber = this.#nextSequenceNumber;
    this.#nextSequenceNumber = (this.#nextSequenceNumber + 1) >>> 0;
    this.#pending.set(sequenceNumber, chainIndex);
    if (this.#pending.size > MAX_PENDING) {
      this.#dropOldest();
      this.forgotten++;
    }
    return sequenceNumber;
  }

  /** SubmitShares.Success: `count` shares up to `lastSequenceNumber` are good; calls `credit` with each one's chain. */
  acknowledged(
    lastSequenceNumber: number,
    count: number,
    difficulty: bigint,
    credit: (chainIndex: number) => void,
  ): void {
    let left = count;
    for (const [sequenceNumber, chainIndex] of this.#pending) {
      if (left === 0 || sequenceNumber > lastSequenceNumber) break;
      this.#pending.delete(sequenceNumber);
      this.accepted++;
      left--;
      credit(chainIndex);
    }
    this.overAcknowledged += left;
    this.acceptedDifficulty += difficulty;
  }

  /**
   * SubmitShares.Error; returns the chain whose share it was, `undefined` when it is about nothing that could be refused:
   * a share never sent, refused before, or long accepted.
   */
  refused(sequenceNumber: number): number | undefined {
    if (sequenceNumber === 0 || sequenceNumber >= this.#nextSequenceNumber) return undefined;
    if (this.#refused.has(sequenceNumber)) return undefined;
    // A late error may be about a share that a batch seemed to cover: another share of that batch is the accepted one.
    const own = this.#pending.has(sequenceNumber);
    const resolved = own ? sequenceNumber : this.#pending.keys().next().value;
    const chainIndex = resolved === undefined ? undefined : this.#pending.get(resolved);
    if (resolved === undefined || chainIndex === undefined) return undefined;
    this.#pending.delete(resolved);
    this.#refused.add(sequenceNumber);
    if (this.#refused.size > MAX_PENDING) this.#refused.clear();
    this.rejected++;
    return chainIndex;
  }

  #dropOldest(): void {
    const oldest = this.#pending.keys().next().value;
    if (oldest !== undefined) this.#pending.delete(oldest);
  }
}
