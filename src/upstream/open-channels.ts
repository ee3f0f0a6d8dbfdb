/** The channels of one connection: messages led to the channel they are addressed to, shares on their way, deadlines kept. */
import { equalBytes, printable } from "../lib/bytes.ts";
import { CloseChannel, UpdateChannel } from "../sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import type { Work } from "../work/work.ts";
import type { WorkChannel } from "./pool-link.ts";
import { hashesPerShare } from "./share-answers.ts";
import type { PendingShare } from "./share-ledger.ts";
import type { ChannelContext, Sv2Channel } from "./sv2-channel.ts";

/** UpdateChannel at most once a second and channel; proxies do the same. */
const UPDATE_PERIOD_MS = 1_000;

export interface OpenChannel<C> {
  readonly channel: C;
  /** Infinity while it has work. */
  joblessSinceMs: number;
  updateDueMs: number;
  pendingUpdateHps: number | undefined;
}

export type Message<Name extends MiningProtocolMessage["name"]> = Extract<
  MiningProtocolMessage,
  { readonly name: Name }
>;

/** The part that standard and extended channels have in common. */
export abstract class OpenChannels<C extends Sv2Channel = Sv2Channel> {
  protected readonly context: ChannelContext;
  readonly #channels = new Map<number, OpenChannel<C>>();
  #lastPrevHash: Uint8Array | undefined;
  /** Different previous hashes seen after the first. */
  blocksSeen = 0;
  /** New previous hashes on channels that had one before; a block counts once per message. */
  newBlocks = 0;
  /** Requests that the pool granted, and that it refused. */
  granted = 0;
  refusals = 0;
  /** Whether a refusal was about this kind of channel rather than about us. */
  refusesKind = false;

  constructor(context: ChannelContext) {
    this.context = context;
  }

  /** Asks for one more source of work; never answered before it returns. */
  abstract open(nominalHps: number): number;
  abstract update(source: WorkChannel, nominalHps: number): void;
  abstract close(source: WorkChannel, reasonCode: string): void;
  /** The channel that a source of work belongs to, and the counts of its lane. */
  protected abstract ownerOf(
    sourceId: number,
  ): { readonly channel: C; readonly lane?: PendingShare["lane"] } | undefined;
  /** Why the connection is of no use, if requests of its own kind say so. */
  protected abstract overdue(nowMs: number): string | undefined;
  protected abstract receiveOwn(message: MiningProtocolMessage, arrivedMs: number): boolean;

  get sources(): readonly WorkChannel[] {
    return [...this.#channels.values()].flatMap(({ channel }) => channel.sources);
  }

  /** How far the best of the channels is. */
  get phase(): "opening" | "waiting-for-job" | "mining" {
    for (const { channel } of this.#channels.values()) if (channel.hasWork) return "mining";
    return this.#channels.size > 0 ? "waiting-for-job" : "opening";
  }

  /** Says goodbye on every channel; their ends come with that of the connection. */
  announceEnd(reasonCode: string): void {
    for (const channelId of this.#channels.keys()) {
      this.context.link.send(encodeMessage(CloseChannel, { channelId, reasonCode }));
    }
  }

  /** The connection is gone, and with it every channel. */
  lost(): void {
    for (const { channel } of [...this.#channels.values()]) this.drop(channel);
  }

  submit(work: Work, chainIndex: number, nonce: number, ntime: number, version: number): void {
    const owner = this.ownerOf(work.channelId);
    if (owner === undefined) {
      // Who counted it as sent must not wait for its answer.
      this.context.answers.lost(1);
      return;
    }
    const { channel, lane } = owner;
    const { shares } = channel;
    const forgottenBefore = shares.forgotten;
    const sequenceNumber = shares.sent({
      chainIndex,
      hashes: hashesPerShare(work.target),
      sentMs: this.context.clock.nowMs(),
      ...(lane === undefined ? {} : { lane }),
    });
    this.context.link.send(channel.shareFrame(work, { sequenceNumber, nonce, ntime, version }));
    this.context.answers.lost(shares.forgotten - forgottenBefore);
  }

  /** Sends updates that are due; returns why the connection is of no use, `undefined` when it is. */
  check(nowMs: number): string | undefined {
    const overdue = this.overdue(nowMs);
    if (overdue !== undefined) return overdue;
    const { jobMs } = this.context.deadlines;
    for (const open of this.#channels.values()) {
      this.#sendDueUpdate(open);
      if (nowMs - open.joblessSinceMs > jobMs) return `no job for ${jobMs / 1_000} s`;
    }
    return undefined;
  }

  /** Acts on a message that concerns channels; false: it does not. */
  receive(message: MiningProtocolMessage, arrivedMs: number): boolean {
    switch (message.name) {
      case "SetNewPrevHash":
        this.#newPrevHash(message, arrivedMs);
        return true;
      case "SetTarget":
        for (const { channel } of this.addressed(message.channelId)) {
          channel.setTarget(message.maximumTarget);
        }
        return true;
      case "SubmitShares.Success":
        this.#sharesAcknowledged(message);
        return true;
      case "SubmitShares.Error": {
        const channel = this.#channels.get(message.channelId)?.channel;
        const share = channel?.shares.refused(message.sequenceNumber);
        if (share !== undefined)
          this.context.answers.rejected(share, message.errorCode, message.channelId);
        return true;
      }
      case "CloseChannel":
        for (const { channel } of this.addressed(message.channelId)) {
          const { sources } = channel;
          this.drop(channel);
          for (const source of sources) {
            this.context.handlers.onChannelClosed(source, printable(message.reasonCode));
          }
        }
        return true;
      case "SetExtranoncePrefix": {
        const open = this.#channels.get(message.channelId);
        if (open !== undefined) open.channel.extranoncePrefix = message.extranoncePrefix;
        return true;
      }
      case "UpdateChannel.Error":
        this.context.link.noteStrange("the pool refused UpdateChannel", {
          code: printable(message.errorCode),
        });
        return true;
      default:
        return this.receiveOwn(message, arrivedMs);
    }
  }

  protected get channels(): readonly OpenChannel<C>[] {
    return [...this.#channels.values()];
  }

  protected find(channelId: number): OpenChannel<C> | undefined {
    return this.#channels.get(channelId);
  }

  /** False: the id is taken, and the connection is given up. */
  protected add(channel: C): boolean {
    // Two channels of one id could not be told apart, and the older one would go on with a dead tip (SV2 §5.2).
    if (this.#channels.has(channel.channelId)) {
      this.context.link.fail(`the pool gave channel id ${channel.channelId} twice`);
      return false;
    }
    this.granted++;
    this.#channels.set(channel.channelId, {
      channel,
      joblessSinceMs: this.context.clock.nowMs(),
      updateDueMs: 0,
      pendingUpdateHps: undefined,
    });
    return true;
  }

  protected drop(channel: C): void {
    this.#channels.delete(channel.channelId);
    channel.close();
    this.context.answers.lost(channel.shares.unacknowledged);
  }

  /** Closes it from our side. */
  protected closeChannel(channel: C, reasonCode: string): void {
    const { channelId } = channel;
    this.drop(channel);
    this.context.link.send(encodeMessage(CloseChannel, { channelId, reasonCode }));
  }

  /** Tells the pool a new rate, now or when a second has passed since the last time. */
  protected updateRate(open: OpenChannel<C>, nominalHps: number): void {
    open.pendingUpdateHps = nominalHps;
    this.#sendDueUpdate(open);
  }

  protected jobPlaced(
    open: OpenChannel<C>,
    placed: "future" | "active" | "no-tip",
    jobId: number,
    nowMs: number,
  ): void {
    if (placed === "active") this.#workChanged(open, nowMs);
    if (placed === "no-tip") {
      this.context.link.noteStrange("active job before any SetNewPrevHash", { job: jobId });
    }
  }

  /** Our channel of that id, and all members of the group of that id (SV2 §5.2.3). */
  protected addressed(id: number): readonly OpenChannel<C>[] {
    const members: OpenChannel<C>[] = [];
    for (const open of this.#channels.values()) {
      const { channelId, groupChannelId } = open.channel;
      if (channelId === id || groupChannelId === id) members.push(open);
    }
    if (members.length === 0) {
      this.context.link.noteStrange("message for a channel that is not ours", { id });
    }
    return members;
  }

  #newPrevHash(message: Message<"SetNewPrevHash">, arrivedMs: number): void {
    const addressed = this.addressed(message.channelId);
    if (addressed.length === 0) return;
    let isNewBlock = false;
    for (const open of addressed) {
      const hadTip = open.channel.hasTip;
      if (open.channel.setNewPrevHash(message, arrivedMs) === "unknown-job") {
        const fields = { job: message.jobId };
        this.context.link.noteStrange("SetNewPrevHash names a job that was never sent", fields);
      }
      this.#workChanged(open, arrivedMs, hadTip ? arrivedMs : undefined);
      if (hadTip) isNewBlock = true;
    }
    if (isNewBlock) this.newBlocks++;
    const last = this.#lastPrevHash;
    if (last !== undefined && !equalBytes(last, message.prevHash)) this.blocksSeen++;
    this.#lastPrevHash = message.prevHash;
  }

  #workChanged(open: OpenChannel<C>, nowMs: number, newBlockAtMs?: number): void {
    for (const source of open.channel.sources) this.context.handlers.onWork(source, newBlockAtMs);
    open.joblessSinceMs = open.channel.hasWork ? Number.POSITIVE_INFINITY : nowMs;
  }

  #sharesAcknowledged(message: Message<"SubmitShares.Success">): void {
    const shares = this.#channels.get(message.channelId)?.channel.shares;
    if (shares === undefined) return;
    const before = shares.overAcknowledged;
    shares.acknowledged(
      message.lastSequenceNumber,
      message.newSubmitsAcceptedCount,
      message.newSharesSum,
      (share) => this.context.answers.accepted(share),
    );
    if (before === 0 && shares.overAcknowledged > 0) {
      const fields = { channel: message.channelId, surplus: shares.overAcknowledged };
      this.context.link.noteStrange("the pool acknowledged more shares than were sent", fields);
    }
  }

  #sendDueUpdate(open: OpenChannel<C>): void {
    const nominalHashRate = open.pendingUpdateHps;
    const nowMs = this.context.clock.nowMs();
    if (nominalHashRate === undefined || nowMs < open.updateDueMs) return;
    open.pendingUpdateHps = undefined;
    open.updateDueMs = nowMs + UPDATE_PERIOD_MS;
    this.context.link.send(
      encodeMessage(UpdateChannel, {
        channelId: open.channel.channelId,
        nominalHashRate,
        maximumTarget: this.context.terms.maxTarget,
      }),
    );
  }
}
