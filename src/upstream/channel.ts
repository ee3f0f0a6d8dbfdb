/** Jobs, previous hash and target of one standard channel, as SV2 §5.3.15–§5.3.21 order them. State only, no I/O. */
import type { Frame } from "../sv2/codec.ts";
import { SubmitSharesStandard } from "../sv2/mining-messages.ts";
import { encodeMessage } from "../sv2/protocols.ts";
import type { Work } from "../work/work.ts";
import { type ActiveJob, JobBook, type SetNewPrevHashFields } from "./job-book.ts";
import type { WorkChannel } from "./pool-link.ts";
import { ShareLedger } from "./share-ledger.ts";
import { SubmittedShares } from "./submitted-shares.ts";
import type { ShareFields, Sv2Channel } from "./sv2-channel.ts";

interface StandardJob {
  readonly version: number;
  readonly merkleRoot: Uint8Array;
}

export interface NewMiningJobFields extends StandardJob {
  readonly jobId: number;
  readonly minNtime: number | undefined;
}

export class Channel implements WorkChannel, Sv2Channel {
  readonly channelId: number;
  groupChannelId: number;
  readonly versionMask: number;
  readonly shares = new ShareLedger();
  readonly sources: readonly WorkChannel[] = [this];
  /** Stored for completeness; a header-only device has no use for it (SV2 §5.3.10). */
  extranoncePrefix: Uint8Array;
  readonly #jobs = new JobBook<StandardJob>();
  readonly #submitted = new SubmittedShares();
  #target: Uint8Array;
  #work: Work | undefined;

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

  get hasWork(): boolean {
    return this.#work !== undefined;
  }

  get hasTip(): boolean {
    return this.#jobs.hasTip;
  }

  get target(): Uint8Array {
    return this.#target;
  }

  /** A standard job has one merkle root. */
  roll(): boolean {
    return false;
  }

  /** "active": `work` changed and must reach the chips now. "no-tip": the server broke the order; nothing changed. */
  newMiningJob(job: NewMiningJobFields, nowMs: number): "future" | "active" | "no-tip" {
    const { version, merkleRoot } = job;
    const placed = this.#jobs.newJob(job.jobId, { version, merkleRoot }, job.minNtime, nowMs);
    if (typeof placed === "string") return placed;
    this.#activate(placed);
    return "active";
  }

  /** Adopts the new tip; "unknown-job": nothing to hash until the next NewMiningJob. */
  setNewPrevHash(message: SetNewPrevHashFields, nowMs: number): "active" | "unknown-job" {
    const placed = this.#jobs.setNewPrevHash(message, nowMs);
    if (placed === "unknown-job") {
      this.#work = undefined;
      return placed;
    }
    this.#activate(placed);
    return "active";
  }

  /** For jobs that become active from now on; the running job keeps its target (SV2 §5.3.21). */
  setTarget(target: Uint8Array): void {
    this.#target = target;
  }

  shareFrame(work: Work, fields: ShareFields): Frame {
    const { channelId } = this;
    return encodeMessage(SubmitSharesStandard, { channelId, jobId: work.poolJobId, ...fields });
  }

  /** The channel or its connection is gone: nothing of it may be submitted any more. */
  close(): void {
    this.#jobs.close();
    this.#work = undefined;
  }

  #activate({ jobId, job, tip, minNtime, anchorMs }: ActiveJob<StandardJob>): void {
    const { version, merkleRoot } = job;
    this.#work = {
      channelId: this.channelId,
      poolJobId: jobId,
      tip,
      version,
      versionMask: this.versionMask,
      merkleRoot,
      minNtime,
      anchorMs,
      target: this.#target,
      submitted: this.#submitted.of(tip.prevHash, merkleRoot, version),
    };
  }
}
