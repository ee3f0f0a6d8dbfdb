/** Takes the shares of one connection: refuses at once, acknowledges in batches (SV2 §5.3.11 to §5.3.14). */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SubmitSharesError, SubmitSharesSuccess } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { wholeDifficulty } from "./acknowledgements.ts";
import type { PoolChannel } from "./channel.ts";
import type { PoolHost } from "./host.ts";
import {
  type RejectReason,
  type Share,
  type ShareRules,
  versionMasks,
  wireCodes,
} from "./share-validator.ts";

export interface SubmittedShare extends Share {
  readonly channelId: number;
}

export class ShareDesk implements Disposable {
  readonly #connectionId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #send: (frame: Frame) => void;
  readonly #rules: ShareRules;
  /** Due acknowledgements of batches that are not full. */
  readonly #flushes = new Map<number, Disposable>();

  constructor(connectionId: number, host: PoolHost, clock: Clock, send: (frame: Frame) => void) {
    this.#connectionId = connectionId;
    this.#host = host;
    this.#clock = clock;
    this.#send = send;
    const { versionMask, quirks, leniencies } = host.options;
    this.#rules = {
      versionMask: versionMasks[versionMask],
      fixedVersion: quirks.has("fixed-version"),
      leniencies,
    };
  }

  submit(share: SubmittedShare, channel: PoolChannel): void {
    const verdict = channel.submit(share, this.#rules, this.#clock.nowMs());
    if (verdict.verdict === "rejected") {
      this.refuse(share, verdict.reason, verdict.detail);
      return;
    }
    const { difficulty, hash, forgiven, isBlock } = verdict;
    this.#host.forgave(forgiven);
    this.#host.emit({
      event: "share-accepted",
      connection: this.#connectionId,
      channel: share.channelId,
      jobId: share.jobId,
      difficulty,
      hashDifficulty: difficultyOfTarget(hash),
      forgiven,
    });
    if (isBlock || channel.pending.count >= this.#host.options.shareBatchSize)
      this.#acknowledge(channel, isBlock);
    else this.#acknowledgeLater(channel);
    if (isBlock) this.#host.blockFound(hash);
  }

  refuse(share: SubmittedShare, reason: RejectReason, detail: string): void {
    const { channelId, sequenceNumber, jobId } = share;
    const errorCode = wireCodes[reason];
    this.#host.emit({
      event: "share-rejected",
      connection: this.#connectionId,
      channel: channelId,
      jobId,
      code: errorCode,
      reason,
      detail,
    });
    this.#send(encodeMessage(SubmitSharesError, { channelId, sequenceNumber, errorCode }));
  }

  /** The channel is closed: what was not acknowledged never will be. */
  forget(channelId: number): void {
    this.#flushes.get(channelId)?.[Symbol.dispose]();
    this.#flushes.delete(channelId);
  }

  [Symbol.dispose](): void {
    for (const channelId of [...this.#flushes.keys()]) this.forget(channelId);
  }

  #acknowledgeLater(channel: PoolChannel): void {
    const { acknowledgeWithinMs } = this.#host.options;
    const { channelId } = channel;
    if (acknowledgeWithinMs === undefined || this.#flushes.has(channelId)) return;
    const flush = this.#clock.after(acknowledgeWithinMs, () => this.#acknowledge(channel, false));
    this.#flushes.set(channelId, flush);
  }

  #acknowledge(channel: PoolChannel, isBlock: boolean): void {
    const { channelId } = channel;
    this.forget(channelId);
    const batch = channel.pending.take();
    if (batch === undefined) return;
    const isLifetime = isBlock && this.#host.options.quirks.has("lifetime-counters");
    const counters = isLifetime
      ? {
          newSubmitsAcceptedCount: channel.accepted,
          newSharesSum: wholeDifficulty(channel.difficultySum),
        }
      : {};
    this.#send(encodeMessage(SubmitSharesSuccess, { channelId, ...batch, ...counters }));
  }
}
