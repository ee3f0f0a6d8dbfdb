/** One extended channel for the whole device; each source of work is a lane of it (SV2 §5.2.2). */
import { printable } from "../lib/bytes.ts";
import { OpenExtendedMiningChannel } from "../sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import type { Tlv } from "../sv2/tlv.ts";
import { ExtendedChannel } from "./extended-channel.ts";
import { Lane, type LaneShares } from "./lanes.ts";
import { type Message, OpenChannels } from "./open-channels.ts";
import type { WorkChannel } from "./pool-link.ts";
import type { ChannelContext } from "./sv2-channel.ts";

/**
 * Bytes of extranonce asked for, the next where a pool refuses: one numbers the lane, each further one gives 256 rolls
 * of a merkle root. Four bytes last a lane for a year of rolling twice a second.
 */
const EXTRANONCE_SIZES = [4, 2, 1, 0] as const;
/** "min-extranonce-size-too-large" and "unsupported-min-extranonce-size" are known. */
const REFUSES_SIZE = /extranonce.?size/i;
const MAX_EXTRANONCE_BYTES = 32;

export class ExtendedChannels extends OpenChannels<ExtendedChannel> {
  readonly #shareTlv: Tlv | undefined;
  /** Sources asked for and not handed out yet: request → H/s. */
  readonly #waiting = new Map<number, number>();
  readonly #rates = new Map<Lane, number>();
  readonly #byId = new Map<number, { channel: ExtendedChannel; lane: LaneShares }>();
  #asked: { readonly requestId: number; readonly deadlineMs: number } | undefined;
  #sizeStep = 0;
  /** The rate that the pool was told last. */
  #toldHps = 0;
  #turn: Disposable | undefined;

  /** `shareTlv` goes with every share. */
  constructor(context: ChannelContext, shareTlv: Tlv | undefined) {
    super(context);
    this.#shareTlv = shareTlv;
  }

  open(nominalHps: number): number {
    const requestId = this.context.nextId();
    this.#waiting.set(requestId, nominalHps);
    // All chains ask in one tick: one channel, with the rate of all.
    this.#turn ??= this.context.clock.after(0, () => {
      this.#turn = undefined;
      this.#serve();
    });
    return requestId;
  }

  update(source: WorkChannel, nominalHps: number): void {
    if (!(source instanceof Lane && this.#rates.has(source))) return;
    this.#rates.set(source, nominalHps);
    this.#updateSum();
  }

  close(source: WorkChannel, reasonCode: string): void {
    if (!(source instanceof Lane && this.#rates.has(source))) return;
    const channel = this.#byId.get(source.channelId)?.channel;
    this.#rates.delete(source);
    this.#byId.delete(source.channelId);
    channel?.lanes.close(source);
    if (channel !== undefined && channel.lanes.size === 0 && this.#waiting.size === 0) {
      this.closeChannel(channel, reasonCode);
    } else {
      this.#updateSum();
    }
  }

  override lost(): void {
    this.#turn?.[Symbol.dispose]();
    this.#turn = undefined;
    this.#waiting.clear();
    super.lost();
  }

  protected override drop(channel: ExtendedChannel): void {
    for (const lane of channel.sources) {
      this.#rates.delete(lane);
      this.#byId.delete(lane.channelId);
    }
    super.drop(channel);
  }

  protected ownerOf(sourceId: number) {
    return this.#byId.get(sourceId);
  }

  protected overdue(nowMs: number): string | undefined {
    if (this.#asked === undefined || nowMs <= this.#asked.deadlineMs) return undefined;
    const withinS = this.context.deadlines.channelMs / 1_000;
    return `no answer to OpenExtendedMiningChannel within ${withinS} s`;
  }

  protected receiveOwn(message: MiningProtocolMessage, arrivedMs: number): boolean {
    switch (message.name) {
      case "NewExtendedMiningJob":
        for (const open of this.addressed(message.channelId)) {
          const placed = open.channel.newExtendedMiningJob(message, arrivedMs);
          this.jobPlaced(open, placed, message.jobId, arrivedMs);
        }
        return true;
      case "OpenExtendedMiningChannel.Success":
        this.#opened(message);
        return true;
      case "OpenMiningChannel.Error":
        this.#refused(message);
        return true;
      case "ChannelEndpointChanged":
        this.#forgetExtensions(message.channelId);
        return true;
      case "SetGroupChannel":
        for (const channelId of message.channelIds) {
          const open = this.find(channelId);
          if (open !== undefined) open.channel.groupChannelId = message.groupChannelId;
        }
        return true;
      default:
        return false;
    }
  }

  /** Whoever is at the channel's far end now has agreed to no extension (SV2 §3.6.4). */
  #forgetExtensions(channelId: number): void {
    for (const { channel } of this.addressed(channelId)) channel.shareTlv = undefined;
  }

  /** Hands lanes to those who wait, or asks for the channel that they are cut from. */
  #serve(): void {
    const [open] = this.channels;
    if (open === undefined) {
      if (this.#asked === undefined && this.#waiting.size > 0) this.#ask();
      return;
    }
    const { channel } = open;
    const { handlers, nextId } = this.context;
    for (const [requestId, nominalHps] of [...this.#waiting]) {
      this.#waiting.delete(requestId);
      const lane = channel.lanes.open(nextId());
      if (lane === undefined) {
        handlers.onChannelRefused(requestId, "the pool's extranonce has no room for another lane");
        continue;
      }
      this.#rates.set(lane, nominalHps);
      this.#byId.set(lane.channelId, { channel, lane: lane.shares });
      handlers.onChannelOpened(requestId, lane);
    }
    this.#updateSum();
  }

  #ask(): void {
    const { link, terms, clock, deadlines, nextId } = this.context;
    const requestId = nextId();
    this.#asked = { requestId, deadlineMs: clock.nowMs() + deadlines.channelMs };
    this.#toldHps = sum(this.#waiting.values());
    link.send(
      encodeMessage(OpenExtendedMiningChannel, {
        requestId,
        userIdentity: terms.userIdentity,
        nominalHashRate: this.#toldHps,
        maxTarget: terms.maxTarget,
        minExtranonceSize: EXTRANONCE_SIZES[this.#sizeStep] ?? 0,
      }),
    );
  }

  #updateSum(): void {
    const [open] = this.channels;
    if (open === undefined) return;
    const hps = sum(this.#rates.values()) + sum(this.#waiting.values());
    if (hps === this.#toldHps) return;
    this.#toldHps = hps;
    this.updateRate(open, hps);
  }

  #opened(message: Message<"OpenExtendedMiningChannel.Success">): void {
    const { link, versionMask } = this.context;
    if (this.#asked?.requestId !== message.requestId) {
      link.noteStrange("channel that was not asked for", { request: message.requestId });
      return;
    }
    this.#asked = undefined;
    const { extranonceSize } = message;
    if (extranonceSize > MAX_EXTRANONCE_BYTES) {
      link.fail(`the pool leaves ${extranonceSize} bytes of extranonce to us; a share holds 32`);
      return;
    }
    const channel = new ExtendedChannel({ ...message, versionMask, shareTlv: this.#shareTlv });
    if (this.add(channel)) this.#serve();
  }

  #refused(message: Message<"OpenMiningChannel.Error">): void {
    if (this.#asked?.requestId !== message.requestId) return;
    this.#asked = undefined;
    if (REFUSES_SIZE.test(message.errorCode) && this.#sizeStep + 1 < EXTRANONCE_SIZES.length) {
      this.#sizeStep++;
      this.#ask();
      return;
    }
    this.refusals++;
    const code = printable(message.errorCode);
    for (const requestId of [...this.#waiting.keys()]) {
      this.#waiting.delete(requestId);
      this.context.handlers.onChannelRefused(requestId, code);
    }
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
