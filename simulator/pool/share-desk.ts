/** Takes the shares of one SV2 connection: refuses at once, acknowledges in batches (SV2 §5.3.11 to §5.3.14). */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SubmitSharesError, SubmitSharesSuccess } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { wholeDifficulty } from "./acknowledgements.ts";
import type { PoolChannel } from "./channel.ts";
import { codeUnder } from "./error-codes.ts";
import { foundBlock } from "./found-block.ts";
import type { PoolHost } from "./host.ts";
import { shareRules } from "./share-rules.ts";
import { type RejectReason, type Share, wireCodes } from "./share-validator.ts";

export interface SubmittedShare extends Share {
  readonly sequenceNumber: number;
  readonly channelId: number;
}

export class ShareDesk implements Disposable {
  readonly #connectionId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #send: (frame: Frame) => void;
  /** Due acknowledgements of batches that are not full. */
  readonly #flushes = new Map<number, Disposable>();
  /** Refusals that the quirk "late-errors" holds back. */
  readonly #late = new Set<Disposable>();

  constructor(connectionId: number, host: PoolHost, clock: Clock, send: (frame: Frame) => void) {
    this.#connectionId = connectionId;
    this.#host = host;
    this.#clock = clock;
    this.#send = send;
  }

  /** `user` found it. */
  submit(share: SubmittedShare, channel: PoolChannel, user: string): void {
    const verdict = channel.submit(share, shareRules(this.#host), this.#clock.nowMs());
    if (verdict.verdict === "rejected") {
      channel.pending.addRefused();
      this.refuse(share, verdict.reason, verdict.detail, user);
      if (this.#isFull(channel)) this.#acknowledge(channel, false);
      return;
    }
    const { difficulty, hash, forgiven, isBlock } = verdict;
    if (forgiven.length > 0) this.#host.forgave(forgiven);
    this.#host.emit({
      event: "share-accepted",
      connection: this.#connectionId,
      channel: share.channelId,
      jobId: share.jobId,
      user,
      difficulty,
      hashDifficulty: difficultyOfTarget(hash),
      forgiven,
    });
    if (isBlock || this.#isFull(channel)) this.#acknowledge(channel, isBlock);
    else this.#acknowledgeLater(channel);
    if (isBlock) this.#host.blockFound(foundBlock(verdict), this.#connectionId, user);
  }

  refuse(share: SubmittedShare, reason: RejectReason, detail: string, user: string): void {
    const { channelId, sequenceNumber, jobId } = share;
    const { quirks } = this.#host.options;
    const errorCode = codeUnder(quirks, wireCodes[reason]);
    this.#host.emit({
      event: "share-rejected",
      connection: this.#connectionId,
      channel: channelId,
      jobId,
      user,
      code: errorCode,
      reason,
      detail,
    });
    const frame = encodeMessage(SubmitSharesError, { channelId, sequenceNumber, errorCode });
    const lateS = quirks.get("late-errors");
    if (lateS === undefined) this.#send(frame);
    else this.#sendLate(frame, lateS * 1_000);
  }

  /** The channel is closed: what was not acknowledged never will be. */
  forget(channelId: number): void {
    this.#flushes.get(channelId)?.[Symbol.dispose]();
    this.#flushes.delete(channelId);
  }

  [Symbol.dispose](): void {
    for (const channelId of [...this.#flushes.keys()]) this.forget(channelId);
    for (const timer of this.#late) timer[Symbol.dispose]();
    this.#late.clear();
  }

  #isFull({ pending }: PoolChannel): boolean {
    const { shareBatchSize } = this.#host.options;
    const size = this.#host.has("batch-submissions") ? pending.submissions : pending.count;
    return size >= shareBatchSize;
  }

  #sendLate(frame: Frame, delayMs: number): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#late.delete(timer);
      this.#send(frame);
    });
    this.#late.add(timer);
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
    const isLifetime = isBlock && this.#host.has("lifetime-counters");
    const counters = isLifetime
      ? {
          newSubmitsAcceptedCount: channel.accepted,
          newSharesSum: wholeDifficulty(channel.difficultySum),
        }
      : {};
    const sum = this.#host.has("zero-sums") ? { newSharesSum: 0n } : {};
    this.#send(encodeMessage(SubmitSharesSuccess, { channelId, ...batch, ...counters, ...sum }));
  }
}
