/** Standard channels: each source of work is one channel of the protocol (SV2 §5.2.1). */
import { printable } from "../lib/bytes.ts";
import { OpenStandardMiningChannel } from "../sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import { Channel } from "./channel.ts";
import { type Message, OpenChannels } from "./open-channels.ts";
import type { WorkChannel } from "./pool-link.ts";

/** "standard-channels-not-supported-for-custom-work" is one that is known; codes are nowhere listed (SV2 §3.5). */
const REFUSES_STANDARD = /standard|extended/i;

export class StandardChannels extends OpenChannels<Channel> {
  /** Deadline of each request that is not answered yet. */
  readonly #requests = new Map<number, number>();

  open(nominalHps: number): number {
    const { link, terms, clock, deadlines, nextId } = this.context;
    const requestId = nextId();
    this.#requests.set(requestId, clock.nowMs() + deadlines.channelMs);
    link.send(
      encodeMessage(OpenStandardMiningChannel, {
        requestId,
        userIdentity: terms.userIdentity,
        nominalHashRate: nominalHps,
        maxTarget: terms.maxTarget,
      }),
    );
    return requestId;
  }

  update(source: WorkChannel, nominalHps: number): void {
    const open = this.find(source.channelId);
    if (open?.channel === source) this.updateRate(open, nominalHps);
  }

  close(source: WorkChannel, reasonCode: string): void {
    const open = this.find(source.channelId);
    if (open?.channel === source) this.closeChannel(open.channel, reasonCode);
  }

  protected ownerOf(sourceId: number): { readonly channel: Channel } | undefined {
    return this.find(sourceId);
  }

  protected overdue(nowMs: number): string | undefined {
    for (const deadlineMs of this.#requests.values()) {
      if (nowMs <= deadlineMs) continue;
      const withinS = this.context.deadlines.channelMs / 1_000;
      return `no answer to OpenStandardMiningChannel within ${withinS} s`;
    }
    return undefined;
  }

  protected receiveOwn(message: MiningProtocolMessage, arrivedMs: number): boolean {
    switch (message.name) {
      case "NewMiningJob":
        this.#newJob(message, arrivedMs);
        return true;
      case "ChannelEndpointChanged":
        // It would end negotiated extensions of the channel (SV2 §3.6.4); none of those we know concerns this kind.
        return true;
      case "OpenStandardMiningChannel.Success":
        this.#opened(message);
        return true;
      case "OpenMiningChannel.Error":
        if (this.#requests.delete(message.requestId)) {
          this.refusals++;
          if (REFUSES_STANDARD.test(message.errorCode)) this.refusesKind = true;
          const code = printable(message.errorCode);
          this.context.handlers.onChannelRefused(message.requestId, code);
        }
        return true;
      default:
        return false;
    }
  }

  #newJob(message: Message<"NewMiningJob">, arrivedMs: number): void {
    const open = this.find(message.channelId);
    if (open === undefined) {
      const fields = { channel: message.channelId };
      this.context.link.noteStrange("job for a channel that is not ours", fields);
      return;
    }
    const placed = open.channel.newMiningJob(message, arrivedMs);
    this.jobPlaced(open, placed, message.jobId, arrivedMs);
  }

  #opened(message: Message<"OpenStandardMiningChannel.Success">): void {
    if (!this.#requests.delete(message.requestId)) {
      const fields = { request: message.requestId };
      this.context.link.noteStrange("channel that was not asked for", fields);
      return;
    }
    const channel = new Channel({ ...message, versionMask: this.context.versionMask });
    if (this.add(channel)) this.context.handlers.onChannelOpened(message.requestId, channel);
  }
}
