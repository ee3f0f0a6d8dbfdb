/** Future jobs and tip of one channel, as SV2 §5.3.15–§5.3.17 order them, whatever a job is made of. State only, no I/O. */
import type { Tip } from "../work/work.ts";

/** As many as the reference client keeps; the oldest goes first. */
const MAX_FUTURE_JOBS = 16;

export interface SetNewPrevHashFields {
  readonly jobId: number;
  readonly prevHash: Uint8Array;
  readonly minNtime: number;
  readonly nbits: number;
}

/** A job that counts from now on. */
export interface ActiveJob<Job> {
  readonly jobId: number;
  readonly job: Job;
  readonly tip: Tip;
  readonly minNtime: number;
  readonly anchorMs: number;
}

export class JobBook<Job> {
  readonly #future = new Map<number, Job>();
  #tip: Tip | undefined;

  get hasTip(): boolean {
    return this.#tip !== undefined;
  }

  /** The job, if it is to be hashed now; "no-tip": the server broke the order, and nothing changed. */
  newJob(
    jobId: number,
    job: Job,
    minNtime: number | undefined,
    nowMs: number,
  ): "future" | "no-tip" | ActiveJob<Job> {
    if (minNtime === undefined) {
      // Sent again: the newest definition counts, at the newest place.
      this.#future.delete(jobId);
      this.#future.set(jobId, job);
      if (this.#future.size > MAX_FUTURE_JOBS) {
        const oldest = this.#future.keys().next().value;
        if (oldest !== undefined) this.#future.delete(oldest);
      }
      return "future";
    }
    if (this.#tip === undefined) return "no-tip";
    return { jobId, job, tip: this.#tip, minNtime, anchorMs: nowMs };
  }

  /**
   * Adopts the new tip; everything on the old one is dead from here on. "unknown-job": the named job was never sent, so
   * there is nothing to hash until the next job (the specification has no rule; hashing a dead tip is worse).
   */
  setNewPrevHash(message: SetNewPrevHashFields, nowMs: number): "unknown-job" | ActiveJob<Job> {
    if (this.#tip !== undefined) this.#tip.live = false;
    const { jobId, prevHash, nbits, minNtime } = message;
    const tip: Tip = { prevHash, nbits, live: true };
    this.#tip = tip;
    const job = this.#future.get(jobId);
    this.#future.clear();
    return job === undefined ? "unknown-job" : { jobId, job, tip, minNtime, anchorMs: nowMs };
  }

  /** Nothing of the channel may be submitted any more. */
  close(): void {
    if (this.#tip !== undefined) this.#tip.live = false;
    this.#tip = undefined;
    this.#future.clear();
  }
}
