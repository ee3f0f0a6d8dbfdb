/** The jobs of one channel, from their announcement to the end of their tip, and the shares found for them. */
import type { ActiveJob, JobWork } from "./share-validator.ts";
import type { Template } from "./templates.ts";

/** Ids of jobs of earlier tips are remembered, so that late shares are called stale and not unknown. */
const REMEMBERED_STALE_JOBS = 256;
/** Older ones of the same tip end, though nobody found a block: 40 minutes at a template every ten seconds. */
const MAX_ACTIVE_JOBS = 256;
/** Of one tip; beyond it the oldest could come a second time. */
const REMEMBERED_SHARES = 16_384;

export type JobAbsence = "unknown-job" | "future-job" | "old-tip";

export class JobBook {
  readonly #future = new Map<number, { template: Template; work: JobWork }>();
  readonly #active = new Map<number, ActiveJob>();
  readonly #stale = new Set<number>();
  readonly #known = new Set<string>();
  #tipMinNtime = 0;

  /** A job for a block whose previous hash is still to be announced. */
  addFuture(template: Template, work: JobWork): void {
    this.#future.set(template.jobId, { template, work });
  }

  /** The previous hash is announced: that job begins, and all others are over. */
  activate(jobId: number, minNtime: number, nowMs: number, target: Uint8Array): void {
    const job = this.#future.get(jobId);
    if (job === undefined) throw new Error(`job ${jobId} was not announced`);
    for (const old of this.#active.keys()) this.#stale.add(old);
    for (const old of this.#future.keys()) if (old !== jobId) this.#stale.add(old);
    this.#active.clear();
    this.#future.clear();
    this.#known.clear();
    for (const old of this.#stale) {
      if (this.#stale.size <= REMEMBERED_STALE_JOBS) break;
      this.#stale.delete(old);
    }
    this.#tipMinNtime = minNtime;
    this.addActive(job.template, job.work, minNtime, nowMs, target);
  }

  /** A job on the present tip, to be worked on at once; earlier ones on the tip stay valid. */
  addActive(
    { jobId, tip, version }: Template,
    work: JobWork,
    minNtime: number,
    sentMs: number,
    target: Uint8Array,
  ): void {
    const tipMinNtime = this.#tipMinNtime;
    this.#active.set(jobId, { tip, version, work, minNtime, tipMinNtime, sentMs, target });
    const [oldest] = this.#active.keys();
    if (this.#active.size <= MAX_ACTIVE_JOBS || oldest === undefined) return;
    this.#active.delete(oldest);
    this.#stale.add(oldest);
  }

  /** A target counts for jobs that were sent before it too. */
  retarget(target: Uint8Array): void {
    for (const [jobId, job] of this.#active) this.#active.set(jobId, { ...job, target });
  }

  find(jobId: number): ActiveJob | JobAbsence {
    const job = this.#active.get(jobId);
    if (job !== undefined) return job;
    if (this.#future.has(jobId)) return "future-job";
    return this.#stale.has(jobId) ? "old-tip" : "unknown-job";
  }

  isKnown(shareKey: string): boolean {
    return this.#known.has(shareKey);
  }

  remember(shareKey: string): void {
    this.#known.add(shareKey);
    const [oldest] = this.#known;
    if (this.#known.size > REMEMBERED_SHARES && oldest !== undefined) this.#known.delete(oldest);
  }
}
