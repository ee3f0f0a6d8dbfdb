/** The channels of one SV2 connection as the messages that were sent have made them, and the device's shares by them. */
import type { MiningProtocolMessage } from "../../src/sv2/protocols.ts";
import { rootOf } from "./coinbase-work.ts";
import { JobBook, type Judgement, type SentJob } from "./share-rules.ts";

/** Bits that a device may change (SV2 §5.1.1, since 2026-06). */
const BIP323_MASK = 0x1fffffe0;
const MAX_FUTURE_JOBS = 20_000;

type Message<Name extends MiningProtocolMessage["name"]> = Extract<
  MiningProtocolMessage,
  { readonly name: Name }
>;
type Job = Message<"NewMiningJob"> | Message<"NewExtendedMiningJob">;
type Share = Message<"SubmitSharesStandard"> | Message<"SubmitSharesExtended">;

export interface BookChannel {
  readonly channelId: number;
  readonly kind: "standard" | "extended";
  groupChannelId: number;
  extranoncePrefix: Uint8Array;
  readonly extranonceSize: number;
  target: Uint8Array;
  tip: { readonly prevHash: Uint8Array; readonly nbits: number } | undefined;
  readonly future: Map<number, { readonly message: Job; readonly prefix: Uint8Array }>;
  readonly jobs: JobBook;
}

export class Sv2Book {
  readonly channels = new Map<number, BookChannel>();
  readonly #closedMs = new Map<number, number>();
  readonly #graceMs: number;
  /** The set-up answer demanded a fixed version. */
  isFixedVersion = false;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** A message went to the device. */
  sent(message: MiningProtocolMessage, nowMs: number): void {
    switch (message.name) {
      case "SetupConnection.Success":
        this.isFixedVersion = (message.flags & 1) !== 0;
        break;
      case "OpenStandardMiningChannel.Success":
        this.#open(message, "standard", 0);
        break;
      case "OpenExtendedMiningChannel.Success":
        this.#open(message, "extended", message.extranonceSize);
        break;
      case "NewMiningJob": {
        // Jobs of standard channels are never a group's: each has a merkle root of its own.
        const channel = this.channels.get(message.channelId);
        if (channel !== undefined) this.#job(channel, message, nowMs);
        break;
      }
      case "NewExtendedMiningJob":
        for (const channel of this.addressed(message.channelId)) this.#job(channel, message, nowMs);
        break;
      case "SetNewPrevHash":
        for (const channel of this.addressed(message.channelId))
          this.#newTip(channel, message, nowMs);
        break;
      case "SetTarget":
        for (const channel of this.addressed(message.channelId))
          channel.target = message.maximumTarget;
        break;
      case "SetExtranoncePrefix": {
        const channel = this.channels.get(message.channelId);
        if (channel !== undefined) channel.extranoncePrefix = message.extranoncePrefix;
        break;
      }
      case "SetGroupChannel":
        for (const id of message.channelIds) {
          const channel = this.channels.get(id);
          if (channel !== undefined) channel.groupChannelId = message.groupChannelId;
        }
        break;
      case "CloseChannel":
        for (const { channelId } of this.addressed(message.channelId))
          this.closed(channelId, nowMs);
        break;
      default:
    }
  }

  closed(channelId: number, nowMs: number): void {
    if (this.channels.delete(channelId)) this.#closedMs.set(channelId, nowMs);
  }

  /** The channel of that id, and the members of the group of that id. */
  addressed(id: number): readonly BookChannel[] {
    return [...this.channels.values()].filter(
      ({ channelId, groupChannelId }) => channelId === id || groupChannelId === id,
    );
  }

  judge(share: Share, nowMs: number): Judgement {
    const channel = this.channels.get(share.channelId);
    if (channel !== undefined) {
      const isExtended = share.name === "SubmitSharesExtended";
      if (isExtended === (channel.kind === "extended")) return channel.jobs.judge(share, nowMs);
      const detail = `${share.name} on a ${channel.kind} channel`;
      return { verdict: "invalid", reason: "wrong-kind", detail };
    }
    const closedMs = this.#closedMs.get(share.channelId);
    const isLate = closedMs !== undefined && nowMs - closedMs <= this.#graceMs;
    const detail = `channel ${share.channelId}`;
    return { verdict: isLate ? "late" : "invalid", reason: "unknown-channel", detail };
  }

  #open(
    message: Message<"OpenStandardMiningChannel.Success" | "OpenExtendedMiningChannel.Success">,
    kind: BookChannel["kind"],
    extranonceSize: number,
  ): void {
    const { channelId, groupChannelId, extranoncePrefix, target } = message;
    this.channels.set(channelId, {
      channelId,
      kind,
      groupChannelId,
      extranoncePrefix,
      extranonceSize,
      target,
      tip: undefined,
      future: new Map(),
      jobs: new JobBook(this.#graceMs),
    });
  }

  #job(channel: BookChannel, message: Job, nowMs: number): void {
    const isExtended = message.name === "NewExtendedMiningJob";
    // The other kind of job is nothing that the channel can use.
    if (isExtended !== (channel.kind === "extended")) return;
    const { minNtime } = message;
    const prefix = channel.extranoncePrefix;
    if (minNtime === undefined) {
      channel.future.delete(message.jobId);
      channel.future.set(message.jobId, { message, prefix });
      const oldest = channel.future.keys().next().value;
      if (channel.future.size > MAX_FUTURE_JOBS && oldest !== undefined)
        channel.future.delete(oldest);
    } else if (channel.tip !== undefined) {
      channel.jobs.begin(this.#begun(channel, message, prefix, minNtime, nowMs));
    }
  }

  #newTip(channel: BookChannel, message: Message<"SetNewPrevHash">, nowMs: number): void {
    channel.jobs.endAll(nowMs);
    channel.tip = message;
    const job = channel.future.get(message.jobId);
    for (const id of channel.future.keys()) channel.jobs.end(id, nowMs);
    channel.future.clear();
    if (job !== undefined)
      channel.jobs.begin(this.#begun(channel, job.message, job.prefix, message.minNtime, nowMs));
  }

  #begun(
    channel: BookChannel,
    message: Job,
    prefix: Uint8Array,
    minNtime: number,
    sentMs: number,
  ): SentJob {
    const { prevHash, nbits } = channel.tip ?? { prevHash: new Uint8Array(32), nbits: 0 };
    const { jobId, version } = message;
    const isFixed =
      this.isFixedVersion ||
      (message.name === "NewExtendedMiningJob" && !message.versionRollingAllowed);
    return {
      jobId,
      prevHash,
      nbits,
      version,
      versionMask: isFixed ? 0 : BIP323_MASK,
      minNtime,
      sentMs,
      target: channel.target,
      rootOf: (extranonce) =>
        message.name === "NewMiningJob"
          ? message.merkleRoot
          : extendedRoot(message, prefix, extranonce, channel.extranonceSize),
    };
  }
}

function extendedRoot(
  job: Message<"NewExtendedMiningJob">,
  extranoncePrefix: Uint8Array,
  extranonce: Uint8Array | undefined,
  size: number,
): Uint8Array | string {
  if (extranonce?.length !== size)
    return `extranonce of ${extranonce?.length ?? 0} bytes, not ${size}`;
  const whole = new Uint8Array(extranoncePrefix.length + size);
  whole.set(extranoncePrefix);
  whole.set(extranonce, extranoncePrefix.length);
  const { merklePath, coinbaseTxPrefix: prefix, coinbaseTxSuffix: suffix } = job;
  return rootOf({ merklePath, prefix, suffix }, whole);
}
