/** What became of the shares of one channel. Counts decide, as batches and late errors may come in any order (SV2 §5.3.13–14). */
import type { LaneShares } from "./lanes.ts";
import type { ChannelShares, SentShare } from "./pool-link.ts";

/** Shares whose answer never came are forgotten beyond this many, oldest first: a batch's tail may never be acknowledged. */
const MAX_PENDING = 4_096;

/** A share without answer; `lane`: whose counts it belongs to, on a channel that is cut into lanes. */
export interface PendingShare extends SentShare {
  readonly lane?: LaneShares;
}

export class ShareLedger implements ChannelShares {
  /** By sequence number, in order of sending. */
  readonly #pending = new Map<number, PendingShare>();
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

  /** The sequence number for this share. */
  sent(share: PendingShare): number {
    const sequenceNumber = this.#nextSequenceNumber;
    this.#nextSequenceNumber = (this.#nextSequenceNumber + 1) >>> 0;
    this.#pending.set(sequenceNumber, share);
    if (share.lane !== undefined) share.lane.unacknowledged++;
    if (this.#pending.size > MAX_PENDING) {
      const oldest = this.#pending.keys().next().value;
      if (oldest !== undefined) this.#take(oldest);
      this.forgotten++;
    }
    return sequenceNumber;
  }

  /** SubmitShares.Success: `count` shares up to `lastSequenceNumber` are good; calls `credit` with each one. */
  acknowledged(
    lastSequenceNumber: number,
    count: number,
    difficulty: bigint,
    credit: (share: SentShare) => void,
  ): void {
    let left = count;
    for (const sequenceNumber of this.#pending.keys()) {
      if (left === 0 || sequenceNumber > lastSequenceNumber) break;
      const share = this.#take(sequenceNumber);
      if (share === undefined) continue;
      this.accepted++;
      if (share.lane !== undefined) share.lane.accepted++;
      left--;
      credit(share);
    }
    this.overAcknowledged += left;
    this.acceptedDifficulty += difficulty;
  }

  /**
   * SubmitShares.Error; returns the share, `undefined` when it is about nothing that could be refused: a share never
   * sent, refused before, or long accepted.
   */
  refused(sequenceNumber: number): SentShare | undefined {
    if (sequenceNumber === 0 || sequenceNumber >= this.#nextSequenceNumber) return undefined;
    if (this.#refused.has(sequenceNumber)) return undefined;
    // A late error may be about a share that a batch seemed to cover: another share of that batch is the accepted one.
    const own = this.#pending.has(sequenceNumber);
    const resolved = own ? sequenceNumber : this.#pending.keys().next().value;
    const share = resolved === undefined ? undefined : this.#take(resolved);
    if (share === undefined) return undefined;
    this.#refused.add(sequenceNumber);
    if (this.#refused.size > MAX_PENDING) this.#refused.clear();
    this.rejected++;
    if (share.lane !== undefined) share.lane.rejected++;
    return share;
  }

  #take(sequenceNumber: number): PendingShare | undefined {
    const share = this.#pending.get(sequenceNumber);
    this.#pending.delete(sequenceNumber);
    if (share?.lane !== undefined) share.lane.unacknowledged--;
    return share;
  }
}
