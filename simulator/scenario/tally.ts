/** What a device's shares came to: at one place, or at all of them together. */

export interface ShareNote {
  readonly nowMs: number;
  /** The connection's first work was sent then. */
  readonly firstJobMs: number;
  readonly isFirstOfConnection: boolean;
}

export class ShareTally {
  accepted = 0;
  /** For a tip, a job or a channel that ended within the grace period before: still under way. */
  late = 0;
  invalid = 0;
  readonly #startMs: number;
  #lastMs: number | undefined;
  #longestGapMs = 0;
  /** Of all connections: from the first work to the first share. */
  slowestStartMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  accept({ nowMs, firstJobMs, isFirstOfConnection }: ShareNote): void {
    this.accepted++;
    if (this.#lastMs !== undefined)
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (isFirstOfConnection)
      this.slowestStartMs = Math.max(this.slowestStartMs, nowMs - firstJobMs);
  }

  /** The longest time without a share since the first one, up to now; since the start where there was none. */
  longestGapMs(nowMs: number): number {
    return Math.max(this.#longestGapMs, nowMs - (this.#lastMs ?? this.#startMs));
  }
}
