/** One device's connection to the simulated pool: set-up, then channels and what concerns them. */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import { printable } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  Reconnect,
  SetupConnectionError,
  SetupConnectionSuccess,
} from "../../src/sv2/common-messages.ts";
import { RequestExtensionsError } from "../../src/sv2/extension-messages.ts";
import {
  CloseChannel,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
  SetCustomMiningJobError,
  SetTarget,
  UpdateChannelError,
} from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";
import { PoolChannel } from "./channel.ts";
import { FrameLink, type LinkSettings } from "./frame-link.ts";
import type { PoolHost } from "./host.ts";
import { firstJobFrames, newBlockFrames, newTemplateFrames } from "./job-frames.ts";
import { checkClaim, checkSetup, successFlags } from "./set-up.ts";
import { ShareDesk, type SubmittedShare } from "./share-desk.ts";

/** The reference pool's numbering: the group first, then the channels. */
const FIRST_CHANNEL_ID = 2;
/** Handshake and set-up together; and afterwards until the first channel (SV2 §5.3.2). */
const SETUP_WITHIN_MS = 10_000;
const CHANNEL_WITHIN_MS = 60_000;

type Message<Name> = Extract<MiningProtocolMessage, { name: Name }>;

export class PoolConnection {
  readonly id: number;
  readonly channels = new Map<number, PoolChannel>();
  readonly link: FrameLink;
  readonly groupChannelId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #shares: ShareDesk;
  #isSetUp = false;
  #nextChannelId = FIRST_CHANNEL_ID;
  #deadline: Disposable | undefined;

  constructor(id: number, stream: ByteStream, settings: LinkSettings, host: PoolHost) {
    this.id = id;
    this.#host = host;
    this.#clock = settings.clock;
    this.groupChannelId = host.options.quirks.has("group-zero") ? 0 : FIRST_CHANNEL_ID - 1;
    host.emit({ event: "connected", connection: id, remote: stream.remote });
    this.#expectWithin(SETUP_WITHIN_MS, "no SetupConnection");
    this.#shares = new ShareDesk(id, host, settings.clock, (frame) => this.link.send(frame));
    this.link = new FrameLink(stream, settings, {
      onFrame: (frame) => this.#receive(frame),
      onEnd: (reason) => this.#ended(reason),
    });
  }

  /** The pool's template is for a new block; everything goes out in one write. */
  announceBlock(): void {
    const channels = [...this.channels.values()];
    this.link.send(...newBlockFrames(channels, this.groupChannelId, this.#host, this.#clock));
  }

  /** The pool's template is a better one for the same block. */
  announceTemplate(): void {
    const channels = [...this.channels.values()];
    this.link.send(...newTemplateFrames(channels, this.#host, this.#clock));
  }

  /** Looks at every channel's rate, and corrects targets with SetTarget alone. */
  adjustTargets(): void {
    for (const channel of this.channels.values())
      if (channel.adjust(this.#clock.nowMs())) this.#announceTarget(channel, "vardiff");
  }

  setTarget(channelId: number, target: Uint8Array): void {
    const channel = this.#channel(channelId);
    channel.target = target;
    this.#announceTarget(channel, "control");
  }

  closeChannel(channelId: number, reasonCode: string): void {
    this.#channel(channelId);
    this.link.send(encodeMessage(CloseChannel, { channelId, reasonCode }));
    this.#forgetChannel(channelId, reasonCode);
  }

  /** Asks the device to go elsewhere; an empty host or port 0 keeps the present one (SV2 §3.6.5). */
  reconnect(newHost: string, newPort: number): void {
    this.link.send(encodeMessage(Reconnect, { newHost, newPort }));
  }

  #receive(frame: Frame): void {
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      this.#ignore(`message type ${frame.messageType} of extension ${frame.extensionType}`);
    } else if (!this.#isSetUp && message.name === "SetupConnection") {
      this.#setUp(message);
    } else if (this.#isSetUp && message.name !== "SetupConnection") {
      this.#dispatch(message);
    } else {
      throw new WireError(
        "unexpected-message",
        `${message.name} ${this.#isSetUp ? "a second time" : "before SetupConnection"}`,
        { section: "SV2 §3.6.1" },
      );
    }
  }

  #dispatch(message: MiningProtocolMessage): void {
    switch (message.name) {
      case "OpenStandardMiningChannel":
        this.#open(message);
        break;
      case "OpenExtendedMiningChannel":
        this.#refuseChannel(message.requestId, "extended-channels-not-supported-for-standard-jobs");
        break;
      case "UpdateChannel":
        this.#update(message);
        break;
      case "CloseChannel":
        this.#closed(message);
        break;
      case "SubmitSharesStandard":
      case "SubmitSharesExtended":
        this.#submit(message);
        break;
      case "SetCustomMiningJob": {
        const { channelId, requestId } = message;
        const errorCode = "jd-not-supported";
        this.link.send(encodeMessage(SetCustomMiningJobError, { channelId, requestId, errorCode }));
        break;
      }
      case "RequestExtensions": {
        const { requestId, requestedExtensions: unsupportedExtensions } = message;
        const answer = { requestId, unsupportedExtensions, requiredExtensions: [] };
        this.link.send(encodeMessage(RequestExtensionsError, answer));
        break;
      }
      default:
        this.#ignore(message.name);
    }
  }

  #setUp(message: Message<"SetupConnection">): void {
    const { options } = this.#host;
    const refusal = checkSetup(message, options);
    if (refusal !== undefined) {
      const { errorCode } = refusal;
      this.#host.emit({ event: "set-up-refused", connection: this.id, code: errorCode });
      this.link.send(encodeMessage(SetupConnectionError, refusal));
      this.link.close(`set-up refused: ${errorCode}`);
      return;
    }
    this.#isSetUp = true;
    if (message.vendor === "") this.#host.forgave(["empty-vendor"]);
    this.#expectWithin(CHANNEL_WITHIN_MS, "no channel opened");
    this.#host.emit({
      event: "set-up",
      connection: this.id,
      vendor: printable(message.vendor),
      hardwareVersion: printable(message.hardwareVersion),
      firmware: printable(message.firmware),
      flags: message.flags,
    });
    const flags = successFlags(message.flags, options.quirks);
    this.link.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags }));
  }

  #open(message: Message<"OpenStandardMiningChannel">): void {
    const { requestId, nominalHashRate, maxTarget } = message;
    const problem = this.#capacityProblem() ?? checkClaim(nominalHashRate, maxTarget);
    if (problem !== undefined) {
      this.#refuseChannel(requestId, problem);
      return;
    }
    const terms = {
      channelId: this.#nextChannelId++,
      userIdentity: printable(message.userIdentity),
      extranonce: this.#host.nextExtranonce(),
      sharesPerMinute: this.#host.options.sharesPerMinute,
      nominalHps: nominalHashRate,
      maxTarget,
    };
    const channel = new PoolChannel(terms, this.#clock.nowMs());
    const { channelId, target } = channel;
    this.channels.set(channelId, channel);
    this.#deadline?.[Symbol.dispose]();
    this.#host.emit({
      event: "channel-opened",
      connection: this.id,
      channel: channelId,
      userIdentity: terms.userIdentity,
      nominalHps: nominalHashRate,
      difficulty: difficultyOfTarget(target),
    });
    this.link.send(
      encodeMessage(OpenStandardMiningChannelSuccess, {
        requestId,
        channelId,
        target,
        extranoncePrefix: terms.extranonce,
        groupChannelId: this.groupChannelId,
      }),
      ...firstJobFrames(channel, this.#host, this.#clock),
    );
  }

  #capacityProblem(): string | undefined {
    const { quirks } = this.#host.options;
    if (quirks.has("require-extended")) return "standard-channels-not-supported";
    const allowed = quirks.get("max-channels") ?? Number.POSITIVE_INFINITY;
    return this.channels.size >= allowed ? "channel-capacity-exhausted" : undefined;
  }

  #refuseChannel(requestId: number, errorCode: string): void {
    this.#host.emit({ event: "channel-refused", connection: this.id, code: errorCode });
    this.link.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode }));
  }

  #update({ channelId, nominalHashRate, maximumTarget }: Message<"UpdateChannel">): void {
    const channel = this.channels.get(channelId);
    const problem = checkClaim(nominalHashRate, maximumTarget);
    if (channel !== undefined && problem === undefined) {
      channel.update(nominalHashRate, maximumTarget, this.#clock.nowMs());
      this.#announceTarget(channel, "update");
      return;
    }
    const errorCode = channel === undefined ? "invalid-channel-id" : (problem ?? "");
    this.link.send(encodeMessage(UpdateChannelError, { channelId, errorCode }));
  }

  #closed({ channelId, reasonCode }: Message<"CloseChannel">): void {
    const closed = channelId === this.groupChannelId ? [...this.channels.keys()] : [channelId];
    for (const id of closed) this.#forgetChannel(id, printable(reasonCode));
  }

  #submit(share: SubmittedShare & { name: string }): void {
    const channel = this.channels.get(share.channelId);
    if (channel !== undefined && share.name === "SubmitSharesStandard")
      this.#shares.submit(share, channel);
    else this.#shares.refuse(share, "unknown-channel", `${share.name} on ${share.channelId}`);
  }

  #announceTarget(channel: PoolChannel, by: "vardiff" | "update" | "control"): void {
    const { channelId, target } = channel;
    if (this.#host.options.quirks.has("immediate-target")) channel.applyTargetToRunningJobs();
    this.#host.emit({
      event: "target",
      connection: this.id,
      channel: channelId,
      difficulty: difficultyOfTarget(target),
      by,
    });
    this.link.send(encodeMessage(SetTarget, { channelId, maximumTarget: target }));
  }

  #channel(channelId: number): PoolChannel {
    const channel = this.channels.get(channelId);
    if (channel !== undefined) return channel;
    const open = [...this.channels.keys()].join(", ") || "none";
    throw new RangeError(`channel ${channelId}; open are: ${open}`);
  }

  #forgetChannel(channelId: number, reason: string): void {
    this.#shares.forget(channelId);
    if (this.channels.delete(channelId))
      this.#host.emit({ event: "channel-closed", connection: this.id, channel: channelId, reason });
    else this.#ignore(`CloseChannel of ${channelId}`);
  }

  #ignore(what: string): void {
    this.#host.emit({ event: "ignored", connection: this.id, what });
  }

  #expectWithin(durationMs: number, reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#clock.after(durationMs, () =>
      this.link.close(`${reason} within ${durationMs / 1_000} s`),
    );
  }

  #ended(reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#shares[Symbol.dispose]();
    this.channels.clear();
    this.#host.emit({ event: "disconnected", connection: this.id, reason: printable(reason) });
    this.#host.connectionEnded(this.id);
  }
}
