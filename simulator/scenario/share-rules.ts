/** Whether a share is right by the strict rules, whatever the protocol and the kind of channel it came on. */
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { difficultyOfTarget, meetsTarget } from "../../src/bitcoin/target.ts";
import { toHex } from "../../src/lib/bytes.ts";

/** A job as it was sent; what it needs of the extranonce is in `rootOf`. */
export interface SentJob {
  readonly jobId: number | string;
  readonly prevHash: Uint8Array;
  readonly nbits: number;
  readonly version: number;
  /** Bits of the version that the device may change. */
  readonly versionMask: number;
  readonly minNtime: number;
  readonly sentMs: number;
  readonly target: Uint8Array;
  /** The merkle root that an extranonce gives, or what is wrong with it. */
  rootOf(extranonce: Uint8Array | undefined): Uint8Array | string;
}

export interface SentShare {
  readonly jobId: number | string;
  readonly sequenceNumber: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
  readonly extranonce?: Uint8Array;
}

/** Late: for work that ended so recently that the device may not have known. */
export type Judgement =
  | { readonly verdict: "accepted"; readonly difficulty: number }
  | { readonly verdict: "late"; readonly reason: string; readonly detail: string }
  | { readonly verdict: "invalid"; readonly reason: string; readonly detail: string };

/** Jobs that are over are remembered, so that a late share is told from an invented one. */
const REMEMBERED_JOBS = 4_096;
const REMEMBERED_SHARES = 100_000;

/** The jobs of one channel. */
export class JobBook {
  readonly #live = new Map<number | string, SentJob>();
  readonly #endedMs = new Map<number | string, number>();
  readonly #known = new Set<string>();
  #lastSequence: number | undefined;
  readonly #graceMs: number;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  begin(job: SentJob): void {
    this.#live.delete(job.jobId);
    this.#endedMs.delete(job.jobId);
    this.#live.set(job.jobId, job);
  }

  /** Nothing sent so far may be submitted any more. */
  endAll(nowMs: number): void {
    for (const id of this.#live.keys()) this.end(id, nowMs);
  }

  end(jobId: number | string, nowMs: number): void {
    this.#live.delete(jobId);
    this.#endedMs.set(jobId, nowMs);
    const oldest = this.#endedMs.keys().next().value;
    if (this.#endedMs.size > REMEMBERED_JOBS && oldest !== undefined) this.#endedMs.delete(oldest);
  }

  judge(share: SentShare, nowMs: number): Judgement {
    const job = this.#live.get(share.jobId);
    const last = this.#lastSequence;
    this.#lastSequence = Math.max(last ?? 0, share.sequenceNumber);
    if (job === undefined) {
      const endedMs = this.#endedMs.get(share.jobId);
      if (endedMs === undefined)
        return { verdict: "invalid", reason: "unknown-job", detail: `job ${share.jobId}` };
      const detail = `job ${share.jobId} was over ${Math.round(nowMs - endedMs)} ms before`;
      const isLate = nowMs - endedMs <= this.#graceMs;
      return { verdict: isLate ? "late" : "invalid", reason: "dead-tip", detail };
    }
    const problem = this.#problemOf(share, job, last, nowMs);
    if (typeof problem === "object") return { verdict: "invalid", ...problem };
    if (this.#known.size >= REMEMBERED_SHARES) this.#known.clear();
    this.#known.add(keyOf(share));
    return { verdict: "accepted", difficulty: difficultyOfTarget(job.target) };
  }

  /**
   * SV2 §5.3.11 and §5.3.15 without tolerance: a device sees a job later and sends a share earlier than we do, so whole
   * seconds counted here are never fewer than an honest device counted.
   */
  #problemOf(
    share: SentShare,
    job: SentJob,
    last: number | undefined,
    nowMs: number,
  ): { readonly reason: string; readonly detail: string } | undefined {
    const { sequenceNumber, ntime, version, nonce } = share;
    if (last !== undefined && sequenceNumber <= last)
      return { reason: "sequence", detail: `sequence number ${sequenceNumber} after ${last}` };
    const outside = ((version ^ job.version) & ~job.versionMask) >>> 0;
    if (outside !== 0)
      return {
        reason: "version-bits",
        detail: `bits ${hex32(outside)} outside ${hex32(job.versionMask)}`,
      };
    if (ntime < job.minNtime)
      return { reason: "ntime-behind", detail: `${job.minNtime - ntime} s before the job's time` };
    const aheadS = ntime - job.minNtime - Math.floor((nowMs - job.sentMs) / 1_000);
    if (aheadS > 0)
      return { reason: "ntime-ahead", detail: `${aheadS} s ahead of the job's clock` };
    const merkleRoot = job.rootOf(share.extranonce);
    if (typeof merkleRoot === "string") return { reason: "extranonce", detail: merkleRoot };
    if (this.#known.has(keyOf(share)))
      return { reason: "duplicate", detail: `nonce ${hex32(nonce)} of job ${share.jobId} again` };
    const { prevHash, nbits } = job;
    const hash = hashHeader(encodeHeader({ version, prevHash, merkleRoot, ntime, nbits, nonce }));
    if (meetsTarget(hash, job.target)) return undefined;
    const detail = `difficulty ${difficultyOfTarget(hash)} of ${difficultyOfTarget(job.target)}`;
    return { reason: "above-target", detail };
  }
}

function keyOf({ jobId, nonce, ntime, version, extranonce }: SentShare): string {
  return `${jobId}:${nonce}:${ntime}:${version}:${toHex(extranonce ?? new Uint8Array(0))}`;
}

function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}
