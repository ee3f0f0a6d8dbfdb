/** The channels of one connection: requests, jobs, targets and answers to shares, each led to the channel it is addressed to. */
import { equalBytes, printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { Frame } from "../sv2/codec.ts";
import {
  CloseChannel,
  OpenStandardMiningChannel,
  SubmitSharesStandard,
  UpdateChannel,
} from "../sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import type { Work } from "../work/work.ts";
import { Channel } from "./channel.ts";

/** A channel request without answer, or a channel without work, for this long: the connection is of no use. */
const ANSWER_WITHIN_MS = 10_000;
const JOB_WITHIN_MS = 30_000;
/** UpdateChannel at most once a second and channel; proxies do the same. */
const UPDATE_PERIOD_MS = 1_000;
/** Different reasons for rejected shares that are counted apart. */
const MAX_REASONS = 32;

export interface ChannelHandlers {
  onChannelOpened(requestId: number, channel: Channel): void;
  onChannelRefused(requestId: number, code: string): void;
  /**
   * `channel.work` changed, in the tick in which the message arrived. `newBlockAtMs`: when that was, for a new block on
   * a channel that had one before.
   */
  onWork(channel: Channel, newBlockAtMs?: number): void;
  onChannelClosed(channel: Channel, reason: string): void;
  onShareAccepted(chainIndex: number): void;
  onShareRejected(chainIndex: number, code: string): void;
}

/** What the channels need of the connection that they are on. */
export interface ChannelLink {
  send(frame: Frame): void;
  /** Logs what a server should not have sent, within a budget. */
  noteStrange(what: string, fields: object): void;
  /** Ends the connection: the server broke the protocol in a way that cannot be lived with. */
  fail(reason: string): void;
}

export interface ChannelTerms {
  readonly userIdentity: string;
  /** Easiest target that we accept, 32 bytes little-endian. */
  readonly maxTarget: Uint8Array;
}

interface OpenChannel {
  readonly channel: Channel;
  /** Infinity while it has work. */
  joblessSinceMs: number;
  updateDueMs: number;
  pendingUpdateHps: number | undefined;
}

type Message<Name extends MiningProtocolMessage["name"]> = Extract<
  MiningProtocolMessage,
  { readonly name: Name }
>;

export class OpenChannels {
  readonly #link: ChannelLink;
  readonly #terms: ChannelTerms;
  readonly #handlers: ChannelHandlers;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Deadline of each request that is not answered yet. */
  readonly #requests = new Map<number, number>();
  readonly #channels = new Map<number, OpenChannel>();
  #nextRequestId = 1;
  #versionMask = 0;
  #lastPrevHash: Uint8Array | undefined;

  /** Totals over all connections. */
  accepted = 0;
  rejected = 0;
  lostUnacknowledged = 0;
  blocksSeen = 0;
  /** New previous hashes on channels that had one before; a block counts once per message. */
  newBlocks = 0;
  readonly #rejectedByReason = new Map<string, number>();

  constructor(
    link: ChannelLink,
    terms: ChannelTerms,
    handlers: ChannelHandlers,
    clock: Clock,
    log: Logger,
  ) {
    this.#link = link;
    this.#terms = terms;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#log = log;
  }

  get all(): readonly Channel[] {
    return [...this.#channels.values()].map(({ channel }) => channel);
  }

  get rejectedByReason(): Record<string, number> {
    return Object.fromEntries(this.#rejectedByReason);
  }

  /** How far the best of the channels is. */
  get phase(): "opening" | "waiting-for-job" | "mining" {
    for (const { channel } of this.#channels.values())
      if (channel.work !== undefined) return "mining";
    return this.#channels.size > 0 ? "waiting-for-job" : "opening";
  }

  /** A connection is ready; `versionMask` is 0 where its server demands a fixed version. */
  begin(versionMask: number): void {
    this.#requests.clear();
    this.#versionMask = versionMask;
  }

  open(nominalHps: number): number {
    const requestId = this.#nextRequestId++;
    this.#requests.set(requestId, this.#clock.nowMs() + ANSWER_WITHIN_MS);
    this.#link.send(
      encodeMessage(OpenStandardMiningChannel, {
        requestId,
        userIdentity: this.#terms.userIdentity,
        nominalHashRate: nominalHps,
        maxTarget: this.#terms.maxTarget,
      }),
    );
    return requestId;
  }

  update(channel: Channel, nominalHps: number): void {
    const open = this.#channels.get(channel.channelId);
    if (open?.channel !== channel) return;
    open.pendingUpdateHps = nominalHps;
    this.#sendDueUpdate(open);
  }

  close(channel: Channel, reasonCode: string): void {
    const { channelId } = channel;
    if (this.#channels.get(channelId)?.channel !== channel) return;
    this.#drop(channel);
    this.#link.send(encodeMessage(CloseChannel, { channelId, reasonCode }));
  }

  /** Says goodbye on every channel; their ends come with that of the connection. */
  announceEnd(reasonCode: string): void {
    for (const channelId of this.#channels.keys()) {
      this.#link.send(encodeMessage(CloseChannel, { channelId, reasonCode }));
    }
  }

  /** The connection is gone, and with it every channel. */
  lost(): void {
    this.#requests.clear();
    for (const { channel } of [...this.#channels.values()]) this.#drop(channel);
    this.#lastPrevHash = undefined;
  }

  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    const open = this.#channels.get(work.channelId);
    if (open === undefined) return;
    this.#link.send(
      encodeMessage(SubmitSharesStandard, {
        channelId: work.channelId,
        sequenceNumber: open.channel.shares.sent(chainIndex),
        jobId: work.poolJobId,
        nonce,
        ntime,
        version,
      }),
    );
  }

  /** Sends updates that are due; returns why the connection is of no use, `undefined` when it is. */
  check(nowMs: number): string | undefined {
    for (const deadlineMs of this.#requests.values()) {
      if (nowMs > deadlineMs) {
        return `no answer to OpenStandardMiningChannel within ${ANSWER_WITHIN_MS / 1_000} s`;
      }
    }
    for (const open of this.#channels.values()) {
      this.#sendDueUpdate(open);
      if (nowMs - open.joblessSinceMs > JOB_WITHIN_MS)
        return `no job for ${JOB_WITHIN_MS / 1_000} s`;
    }
    return undefined;
  }

  /** Acts on a message that concerns channels; false: it does not. */
  receive(message: MiningProtocolMessage, arrivedMs: number): boolean {
    switch (message.name) {
      case "SetNewPrevHash":
        this.#newPrevHash(message, arrivedMs);
        return true;
      case "NewMiningJob":
        this.#newJob(message, arrivedMs);
        return true;
      case "SetTarget":
        for (const { channel } of this.#addressed(message.channelId)) {
          channel.setTarget(message.maximumTarget);
        }
        return true;
      case "SubmitShares.Success":
        this.#sharesAcknowledged(message);
        return true;
      case "SubmitShares.Error":
        this.#shareRefused(message);
        return true;
      case "OpenStandardMiningChannel.Success":
        this.#opened(message);
        return true;
      case "OpenMiningChannel.Error":
        if (this.#requests.delete(message.requestId)) {
          this.#handlers.onChannelRefused(message.requestId, printable(message.errorCode));
        }
        return true;
      case "CloseChannel":
        for (const { channel } of this.#addressed(message.channelId)) {
          this.#drop(channel);
          this.#handlers.onChannelClosed(channel, printable(message.reasonCode));
        }
        return true;
      case "SetExtranoncePrefix": {
        const open = this.#channels.get(message.channelId);
        if (open !== undefined) open.channel.extranoncePrefix = message.extranoncePrefix;
        return true;
      }
      case "UpdateChannel.Error":
        this.#link.noteStrange("the pool refused UpdateChannel", {
          code: printable(message.errorCode),
        });
        return true;
      default:
        return false;
    }
  }

  #newPrevHash(message: Message<"SetNewPrevHash">, arrivedMs: number): void {
    const addressed = this.#addressed(message.channelId);
    if (addressed.length === 0) return;
    let isNewBlock = false;
    for (const open of addressed) {
      const hadTip = open.channel.hasTip;
      if (open.channel.setNewPrevHash(message, arrivedMs) === "unknown-job") {
        const fields = { job: message.jobId };
        this.#link.noteStrange("SetNewPrevHash names a job that was never sent", fields);
      }
      this.#workChanged(open, arrivedMs, hadTip ? arrivedMs : undefined);
      if (hadTip) isNewBlock = true;
    }
    if (isNewBlock) this.newBlocks++;
    const last = this.#lastPrevHash;
    if (last !== undefined && !equalBytes(last, message.prevHash)) this.blocksSeen++;
    this.#lastPrevHash = message.prevHash;
  }

  #newJob(message: Message<"NewMiningJob">, arrivedMs: number): void {
    const open = this.#channels.get(message.channelId);
    if (open === undefined) {
      const fields = { channel: message.channelId };
      this.#link.noteStrange("job for a channel that is not ours", fields);
      return;
    }
    const change = open.channel.newMiningJob(message, arrivedMs);
    if (change === "active") this.#workChanged(open, arrivedMs);
    if (change === "no-tip") {
      const fields = { job: message.jobId };
      this.#link.noteStrange("active job before any SetNewPrevHash", fields);
    }
  }

  #workChanged(open: OpenChannel, nowMs: number, newBlockAtMs?: number): void {
    this.#handlers.onWork(open.channel, newBlockAtMs);
    open.joblessSinceMs = open.channel.work === undefined ? nowMs : Number.POSITIVE_INFINITY;
  }

  /** Our channel of that id, and all members of the group of that id (SV2 §5.2.3). */
  #addressed(id: number): readonly OpenChannel[] {
    const members: OpenChannel[] = [];
    for (const open of this.#channels.values()) {
      const { channelId, groupChannelId } = open.channel;
      if (channelId === id || groupChannelId === id) members.push(open);
    }
    if (members.length === 0) {
      this.#link.noteStrange("message for a channel that is not ours", { id });
    }
    return members;
  }

  #opened(message: Message<"OpenStandardMiningChannel.Success">): void {
    if (!this.#requests.delete(message.requestId)) {
      const fields = { request: message.requestId };
      this.#link.noteStrange("channel that was not asked for", fields);
      return;
    }
    // Two channels of one id could not be told apart, and the older one would go on with a dead tip (SV2 §5.2).
    if (this.#channels.has(message.channelId)) {
      this.#link.fail(`the pool gave channel id ${message.channelId} twice`);
      return;
    }
    const channel = new Channel({ ...message, versionMask: this.#versionMask });
    this.#channels.set(channel.channelId, {
      channel,
      joblessSinceMs: this.#clock.nowMs(),
      updateDueMs: 0,
      pendingUpdateHps: undefined,
    });
    this.#handlers.onChannelOpened(message.requestId, channel);
  }

  #drop(channel: Channel): void {
    this.#channels.delete(channel.channelId);
    this.lostUnacknowledged += channel.shares.unacknowledged + channel.shares.forgotten;
    channel.close();
  }

  #sharesAcknowledged(message: Message<"SubmitShares.Success">): void {
    const shares = this.#channels.get(message.channelId)?.channel.shares;
    if (shares === undefined) return;
    const before = shares.overAcknowledged;
    shares.acknowledged(
      message.lastSequenceNumber,
      message.newSubmitsAcceptedCount,
      message.newSharesSum,
      (chainIndex) => {
        this.accepted++;
        this.#handlers.onShareAccepted(chainIndex);
      },
    );
    if (before === 0 && shares.overAcknowledged > 0) {
      const fields = { channel: message.channelId, surplus: shares.overAcknowledged };
      this.#link.noteStrange("the pool acknowledged more shares than were sent", fields);
    }
  }

  #shareRefused(message: Message<"SubmitShares.Error">): void {
    const code = printable(message.errorCode, 64);
    const shares = this.#channels.get(message.channelId)?.channel.shares;
    const chainIndex = shares?.refused(message.sequenceNumber);
    if (chainIndex === undefined) return;
    this.rejected++;
    // A pool may invent codes without end.
    const counts = this.#rejectedByReason;
    const reason = counts.has(code) || counts.size < MAX_REASONS ? code : "other";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    this.#log.warn({ code, chain: chainIndex, channel: message.channelId }, "share rejected");
    this.#handlers.onShareRejected(chainIndex, code);
  }

  #sendDueUpdate(open: OpenChannel): void {
    const nominalHashRate = open.pendingUpdateHps;
    const nowMs = this.#clock.nowMs();
    if (nominalHashRate === undefined || nowMs < open.updateDueMs) return;
    open.pendingUpdateHps = undefined;
    open.updateDueMs = nowMs + UPDATE_PERIOD_MS;
    this.#link.send(
      encodeMessage(UpdateChannel, {
        channelId: open.channel.channelId,
        nominalHashRate,
        maximumTarget: this.#terms.maxTarget,
      }),
    );
  }
}
