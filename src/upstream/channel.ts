/** Jobs, previous hash and target of one standard channel, as SV2 §5.3.15–§5.3.21 order them. State only, no I/O. */
import { toHex } from "../lib/bytes.ts";
import type { Tip, Work } from "../work/work.ts";
import { ShareLedger } from "./share-ledger.ts";

/** As many as the reference client keeps; the oldest goes first. */
const MAX_FUTURE_JOBS = 16;
/** Jobs whose shares are remembered: at one every few seconds, an hour. */
const MAX_REMEMBERED_JOBS = 1_024;

interface FutureJob {
  readonly version: number;
  readonly merkleRoot: Uint8Array;
}

export interface NewMiningJobFields {
  readonly jobId: number;
  readonly minNtime: number | undefined;
  readonly version: number;
  readonly merkleRoot: Uint8Array;
}

export interface SetNewPrevHashFields {
  readonly jobId: number;
  readonly prevHash: Uint8Array;
  readonly minNtime: number;
  readonly nbits: number;
}

export class Channel {
  readonly channelId: number;
  /** Messages to this id reach the channel as well (SV2 §5.2.3). */
  readonly groupChannelId: number;
  readonly versionMask: number;
  readonly shares = new ShareLedger();
  /** Stored for completeness; a header-only device has no use for it (SV2 §5.3.10). */
  extranoncePrefix: Uint8Array;
  readonly #future = new Map<number, FutureJob>();
  #target: Uint8Array;
  #tip: Tip | undefined;
  #work: Work | undefined;
  /**
   * What was sent for each previous hash, merkle root and version: a job announced again, under whatever id, is the same
   * headers, and so is one on a tip that comes back.
   */
  readonly #submitted = new Map<string, Set<string>>();

  constructor(opened: {
    channelId: number;
    groupChannelId: number;
    target: Uint8Array;
    extranoncePrefix: Uint8Array;
    versionMask: number;
  }) {
    this.channelId = opened.channelId;
    this.groupChannelId = opened.groupChannelId;
    this.versionMask = opened.versionMask;
    this.extranoncePrefix = opened.extranoncePrefix;
    this.#target = opened.target;
  }

  /** What to hash now; `undefined`: nothing that could be submitted. */
  get work(): Work | undefined {
    return this.#work;
  }

  get hasTip(): boolean {
    return this.#tip !== undefined;
  }

  get target(): Uint8Array {
    return this.#target;
  }

  /** "active": `work` changed and must reach the chips now. "no-tip": the server broke the order; nothing changed. */
  newMiningJob(job: NewMiningJobFields, nowMs: number): "future" | "active" | "no-tip" {
    if (job.minNtime === undefined) {
      // Sent again: the newest definition counts, at the newest place.
      this.#future.delete(job.jobId);
      this.#future.set(job.jobId, { version: job.version, merkleRoot: job.merkleRoot });
      if (this.#future.size > MAX_FUTURE_JOBS) {
        const oldest = this.#future.keys().next().value;
        if (oldest !== undefined) this.#future.delete(oldest);
      }
      return "future";
    }
    if (this.#tip === undefined) return "no-tip";
    this.#activate(job.jobId, job, this.#tip, job.minNtime, nowMs);
    return "active";
  }

  /**
   * Adopts the new tip; everything on the old one is dead from here on. "unknown-job": the named job was never sent, so
   * there is nothing to hash until the next NewMiningJob (the specification has no rule; hashing a dead tip is worse).
   */
  setNewPrevHash(message: SetNewPrevHashFields, nowMs: number): "active" | "unknown-job" {
    if (this.#tip !== undefined) this.#tip.live = false;
    const tip: Tip = { prevHash: message.prevHash, nbits: message.nbits, live: true };
    this.#tip = tip;
    const job = this.#future.get(message.jobId);
    this.#future.clear();
    if (job === undefined) {
      this.#work = undefined;
      return "unknown-job";
    }
    this.#activate(message.jobId, job, tip, message.minNtime, nowMs);
    return "active";
  }

  /** For jobs that become active from now on; the running job keeps its target (SV2 §5.3.21). */
  setTarget(target: Uint8Array): void {
    this.#target = target;
  }

  /** The channel or its connection is gone: nothing of it may be submitted any more. */
  close(): void {
    if (this.#tip !== undefined) this.#tip.live = false;
    this.#tip = undefined;
    this.#work = undefined;
    this.#future.clear();
  }

  #activate(jobId: number, job: FutureJob, tip: Tip, minNtime: number, nowMs: number): void {
    const key = `${toHex(tip.prevHash)}/${toHex(job.merkleRoot)}/${job.version}`;
    const submitted = this.#submitted.get(key) ?? new Set();
    this.#submitted.delete(key);
    this.#submitted.set(key, submitted);
    if (this.#submitted.size > MAX_REMEMBERED_JOBS) {
      const oldest = this.#submitted.keys().next().value;
      if (oldest !== undefined) this.#submitted.delete(oldest);
    }
    this.#work = {
      channelId: this.channelId,
      poolJobId: jobId,
      tip,
      version: job.version,
      versionMask: this.versionMask,
      merkleRoot: job.merkleRoot,
      minNtime,
      anchorMs: nowMs,
      target: this.#target,
      submitted,
    };
  }
}
