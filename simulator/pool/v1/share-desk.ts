/** Takes the shares of one Stratum V1 connection: one answer each, at once. */
import { difficultyOfTarget } from "../../../src/bitcoin/target.ts";
import { printable } from "../../../src/lib/bytes.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { PoolChannel } from "../channel.ts";
import { foundBlock } from "../found-block.ts";
import type { PoolHost } from "../host.ts";
import { shareRules } from "../share-rules.ts";
import type { RejectReason, ShareVerdict } from "../share-validator.ts";
import { type V1Error, v1ErrorOf } from "./errors.ts";
import { readSubmission, type Submission } from "./submit.ts";
import type { VersionMask } from "./version-mask.ts";
import { V1_CHANNEL_ID } from "./work-desk.ts";

export interface ShareSender {
  readonly isSubscribed: boolean;
  readonly channel: PoolChannel | undefined;
  readonly versionMask: VersionMask;
  isAuthorized(worker: string): boolean;
}

export class V1ShareDesk {
  readonly #connectionId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #sender: ShareSender;

  constructor(connectionId: number, host: PoolHost, clock: Clock, sender: ShareSender) {
    this.#connectionId = connectionId;
    this.#host = host;
    this.#clock = clock;
    this.#sender = sender;
  }

  /** Calls `answer` with the error, or with nothing for a good share, before a found block changes the job. */
  submit(params: readonly unknown[], answer: (error: V1Error | undefined) => void): void {
    const share = readSubmission(params);
    if (typeof share === "string") {
      answer(this.#refuse("malformed", share, 0, ""));
      return;
    }
    const verdict = this.#verdict(share);
    const user = printable(share.worker);
    if (verdict.verdict === "rejected") {
      answer(this.#refuse(verdict.reason, verdict.detail, share.jobId, user));
      return;
    }
    if (verdict.forgiven.length > 0) this.#host.forgave(verdict.forgiven);
    this.#host.emit({
      event: "share-accepted",
      connection: this.#connectionId,
      channel: V1_CHANNEL_ID,
      jobId: share.jobId,
      user,
      difficulty: verdict.difficulty,
      hashDifficulty: difficultyOfTarget(verdict.hash),
      forgiven: verdict.forgiven,
    });
    answer(undefined);
    if (verdict.isBlock) this.#host.blockFound(foundBlock(verdict), this.#connectionId, user);
  }

  #verdict(share: Submission): ShareVerdict {
    const { channel, isSubscribed, versionMask } = this.#sender;
    if (!isSubscribed) return rejected("not-subscribed", "before mining.subscribe");
    if (!this.#sender.isAuthorized(share.worker)) return rejected("unauthorized", "not authorized");
    if (channel === undefined) return rejected("unknown-job", "no job was sent");
    if (versionMask.isAgreed !== (share.versionBits !== undefined)) {
      channel.countRejected("malformed");
      const agreed = versionMask.isAgreed ? "six, as version rolling was agreed on" : "five";
      return rejected("malformed", `number of parameters, not ${agreed}`);
    }
    const verdict = this.#judge(share, channel);
    // No batches here: every share has its own answer.
    channel.pending.take();
    return verdict;
  }

  #judge(share: Submission, channel: PoolChannel): ShareVerdict {
    const { versionBits: bits, jobId, nonce, ntime, extranonce2: extranonce } = share;
    const mask = this.#sender.versionMask.for(bits ?? 0);
    const jobVersion = channel.versionOf(jobId) ?? 0;
    const judged = {
      sequenceNumber: undefined,
      jobId,
      nonce,
      ntime,
      version: bits === undefined ? jobVersion : rolledVersion(jobVersion, bits, mask),
      extranonce,
    };
    const rules = shareRules(this.#host, mask);
    return channel.submit(judged, rules, this.#clock.nowMs());
  }

  #refuse(reason: RejectReason, detail: string, jobId: number, user: string): V1Error {
    const error = v1ErrorOf[reason];
    this.#host.emit({
      event: "share-rejected",
      connection: this.#connectionId,
      channel: V1_CHANNEL_ID,
      jobId,
      user,
      code: `${error[0]}`,
      reason,
      detail,
    });
    return error;
  }
}

function rejected(reason: RejectReason, detail: string): ShareVerdict {
  return { verdict: "rejected", reason, detail };
}

/** BIP310: the job's version with the masked bits replaced. Bits outside the mask are turned over, for the judge to see. */
function rolledVersion(jobVersion: number, bits: number, mask: number): number {
  return (((jobVersion & ~mask) | (bits & mask)) ^ (bits & ~mask)) >>> 0;
}
