/** Jobs, previous hash and target of one extended channel, whose extranonce is cut into lanes. State only, no I/O. */
import type { Frame } from "../sv2/codec.ts";
import { SubmitSharesExtended } from "../sv2/mining-messages.ts";
import { encodeMessage } from "../sv2/protocols.ts";
import { type Tlv, withTlvs } from "../sv2/tlv.ts";
import type { Work } from "../work/work.ts";
import type { CoinbaseJob } from "./coinbase-job.ts";
import { type ActiveJob, JobBook, type SetNewPrevHashFields } from "./job-book.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { ShareLedger } from "./share-ledger.ts";
import type { ShareFields, Sv2Channel } from "./sv2-channel.ts";

const NO_EXTRANONCE = new Uint8Array(0);

export interface NewExtendedMiningJobFields {
  readonly jobId: number;
  readonly minNtime: number | undefined;
  readonly version: number;
  readonly versionRollingAllowed: boolean;
  readonly merklePath: readonly Uint8Array[];
  readonly coinbaseTxPrefix: Uint8Array;
  readonly coinbaseTxSuffix: Uint8Array;
}

export class ExtendedChannel implements Sv2Channel {
  readonly channelId: number;
  groupChannelId: number;
  readonly shares = new ShareLedger();
  readonly lanes: Lanes;
  /** For jobs that arrive from now on (SV2 §5.3.10). */
  extranoncePrefix: Uint8Array;
  /** Goes with every share while its extension is negotiated (ext 0x0002). */
  shareTlv: Tlv | undefined;
  readonly #versionMask: number;
  readonly #jobs = new JobBook<CoinbaseJob>();
  #hasWork = false;

  /** Throws RangeError for an extranonce of more than 32 bytes. */
  constructor(opened: {
    channelId: number;
    groupChannelId: number;
    target: Uint8Array;
    extranonceSize: number;
    extranoncePrefix: Uint8Array;
    versionMask: number;
    shareTlv: Tlv | undefined;
  }) {
    this.channelId = opened.channelId;
    this.groupChannelId = opened.groupChannelId;
    this.extranoncePrefix = opened.extranoncePrefix;
    this.shareTlv = opened.shareTlv;
    this.#versionMask = opened.versionMask;
    this.lanes = new Lanes(opened.extranonceSize, opened.versionMask, opened.target);
  }

  get sources(): readonly Lane[] {
    return this.lanes.all;
  }

  get hasWork(): boolean {
    return this.#hasWork;
  }

  get hasTip(): boolean {
    return this.#jobs.hasTip;
  }

  /** "active": the lanes' work changed and must reach the chips now. "no-tip": the server broke the order. */
  newExtendedMiningJob(
    message: NewExtendedMiningJobFields,
    nowMs: number,
  ): "future" | "active" | "no-tip" {
    const { jobId, version, merklePath } = message;
    const job: CoinbaseJob = {
      jobId,
      version,
      versionMask: message.versionRollingAllowed ? this.#versionMask : 0,
      coinbasePrefix: message.coinbaseTxPrefix,
      coinbaseSuffix: message.coinbaseTxSuffix,
      merklePath,
      extranoncePrefix: this.extranoncePrefix,
    };
    const placed = this.#jobs.newJob(jobId, job, message.minNtime, nowMs);
    if (typeof placed === "string") return placed;
    this.#activate(placed);
    return "active";
  }

  /** Adopts the new tip; "unknown-job": nothing to hash until the next job. */
  setNewPrevHash(message: SetNewPrevHashFields, nowMs: number): "active" | "unknown-job" {
    const placed = this.#jobs.setNewPrevHash(message, nowMs);
    if (placed === "unknown-job") {
      this.#hasWork = false;
      this.lanes.invalidate();
      return placed;
    }
    this.#activate(placed);
    return "active";
  }

  /** For jobs that become active from now on; the running job keeps its target (SV2 §5.3.21). */
  setTarget(target: Uint8Array): void {
    this.lanes.retarget(target);
  }

  shareFrame(work: Work, fields: ShareFields): Frame {
    const frame = encodeMessage(SubmitSharesExtended, {
      channelId: this.channelId,
      jobId: work.poolJobId,
      extranonce: work.extranonce ?? NO_EXTRANONCE,
      ...fields,
    });
    return this.shareTlv === undefined ? frame : withTlvs(frame, this.shareTlv);
  }

  /** The channel or its connection is gone: nothing of it may be submitted any more. */
  close(): void {
    this.#jobs.close();
    this.#hasWork = false;
    this.lanes.invalidate();
  }

  #activate({ job, tip, minNtime, anchorMs }: ActiveJob<CoinbaseJob>): void {
    this.#hasWork = true;
    this.lanes.begin(job, tip, minNtime, anchorMs);
  }
}
