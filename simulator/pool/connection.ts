/** One device's SV2 connection to the simulated pool: set-up, then each message to the desk that it concerns. */
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
import { SetCustomMiningJobError } from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";
import type { PoolChannel } from "./channel.ts";
import { ChannelDesk } from "./channel-desk.ts";
import { codeUnder } from "./error-codes.ts";
import { ExtensionDesk } from "./extension-desk.ts";
import { FrameLink, type LinkSettings } from "./frame-link.ts";
import type { DeviceConnection, DeviceIdentity, PoolHost } from "./host.ts";
import {
  checkSetup,
  PROTOCOL_VERSION,
  REQUIRES_STANDARD_JOBS,
  type SetupRefusal,
  successFlags,
} from "./set-up.ts";
import { ShareDesk } from "./share-desk.ts";

/** Handshake and set-up together; and afterwards until the first channel (SV2 §5.3.2). */
const SETUP_WITHIN_MS = 10_000;
const CHANNEL_WITHIN_MS = 60_000;
/** The quirk "late-close": as the reference pool of 2026. */
const LATE_CLOSE_MS = 1_000;
/** Of SubmitSharesExtended, up to the length of the extranonce. */
const EXTENDED_SHARE_BYTES = 25;

type Message<Name> = Extract<MiningProtocolMessage, { name: Name }>;

export class PoolConnection implements DeviceConnection {
  readonly id: number;
  readonly link: FrameLink;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #desk: ChannelDesk;
  readonly #shares: ShareDesk;
  readonly #extensions: ExtensionDesk;
  identity: DeviceIdentity;
  #phase: "new" | "set-up" | "refused" = "new";
  #deadline: Disposable | undefined;

  constructor(id: number, stream: ByteStream, settings: LinkSettings, host: PoolHost) {
    this.id = id;
    this.#host = host;
    this.#clock = settings.clock;
    this.identity = {
      protocol: "sv2",
      remote: stream.remote,
      connectedAtMs: settings.clock.nowMs(),
      vendor: "",
      hardwareVersion: "",
      firmware: "",
    };
    host.emit({ event: "connected", connection: id, remote: stream.remote });
    this.#expectWithin(SETUP_WITHIN_MS, "no SetupConnection");
    const send = (...frames: readonly Frame[]) => this.link.send(...frames);
    this.#desk = new ChannelDesk(id, host, settings.clock, send);
    this.#shares = new ShareDesk(id, host, settings.clock, send);
    this.#extensions = new ExtensionDesk(() => host.options.extension);
    this.link = new FrameLink(stream, settings, {
      onFrame: (frame) => this.#receive(frame),
      onEnd: (reason) => this.#ended(reason),
    });
  }

  get channels(): ReadonlyMap<number, PoolChannel> {
    return this.#desk.channels;
  }

  get groupChannelId(): number {
    return this.#desk.groupChannelId;
  }

  catchUp(): void {
    this.#desk.catchUp();
  }

  adjustTargets(): void {
    this.#desk.adjustTargets();
  }

  setTarget(channelId: number, target: Uint8Array): void {
    this.#desk.setTarget(channelId, target);
  }

  setExtranoncePrefix(channelId: number, prefix: Uint8Array): void {
    this.#desk.setExtranoncePrefix(channelId, prefix);
  }

  closeChannel(channelId: number, reasonCode: string): void {
    this.#desk.close(channelId, reasonCode, (id) => this.#shares.forget(id));
  }

  /** The message has no room for a waiting time (SV2 §3.6.5). */
  reconnect(newHost: string, newPort: number): void {
    this.link.send(encodeMessage(Reconnect, { newHost, newPort }));
  }

  #receive(frame: Frame): void {
    if (this.#phase === "refused") return;
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      this.#ignore(`message type ${frame.messageType} of extension ${frame.extensionType}`);
    } else if (this.#phase === "new" && message.name === "SetupConnection") {
      this.#setUp(message);
    } else if (this.#phase === "set-up" && message.name !== "SetupConnection") {
      this.#dispatch(message, frame.payload);
    } else {
      throw new WireError(
        "unexpected-message",
        `${message.name} ${this.#phase === "set-up" ? "a second time" : "before SetupConnection"}`,
        { section: "SV2 §3.6.1" },
      );
    }
  }

  #dispatch(message: MiningProtocolMessage, payload: Uint8Array): void {
    switch (message.name) {
      case "OpenStandardMiningChannel":
      case "OpenExtendedMiningChannel":
        if (this.#desk.open(message)) this.#deadline?.[Symbol.dispose]();
        break;
      case "UpdateChannel":
        this.#desk.update(message);
        break;
      case "CloseChannel":
        this.#desk.closed(message, (id) => this.#shares.forget(id));
        break;
      case "SubmitSharesStandard":
      case "SubmitSharesExtended":
        this.#submit(message, payload);
        break;
      case "SetCustomMiningJob":
        this.#refuseCustomJob(message);
        break;
      case "RequestExtensions": {
        const answer = this.#extensions.answer(message.requestId, message.requestedExtensions);
        if (answer === undefined) this.#ignore(message.name);
        else this.link.send(answer);
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
      this.#refuse(refusal);
      return;
    }
    this.#phase = "set-up";
    this.#desk.requiresStandardJobs = (message.flags & REQUIRES_STANDARD_JOBS) !== 0;
    if (message.vendor === "") this.#host.forgave(["empty-vendor"]);
    this.#expectWithin(CHANNEL_WITHIN_MS, "no channel opened");
    const device = {
      vendor: printable(message.vendor),
      hardwareVersion: printable(message.hardwareVersion),
      firmware: printable(message.firmware),
    };
    this.identity = { ...this.identity, ...device };
    const { flags } = message;
    this.#host.emit({ event: "set-up", connection: this.id, ...device, flags });
    this.link.send(
      encodeMessage(SetupConnectionSuccess, {
        usedVersion: PROTOCOL_VERSION,
        flags: successFlags(flags, options),
      }),
    );
  }

  #refuse({ flags, errorCode: code }: SetupRefusal): void {
    this.#phase = "refused";
    const errorCode = codeUnder(this.#host.options.quirks, code);
    this.#host.emit({ event: "set-up-refused", connection: this.id, code: errorCode });
    this.link.send(encodeMessage(SetupConnectionError, { flags, errorCode }));
    const close = () => this.link.close(`set-up refused: ${errorCode}`);
    if (!this.#host.has("late-close")) close();
    else this.#schedule(LATE_CLOSE_MS, close);
  }

  #submit(
    share: Message<"SubmitSharesStandard"> | Message<"SubmitSharesExtended">,
    payload: Uint8Array,
  ): void {
    const isExtended = share.name === "SubmitSharesExtended";
    const channel = this.channels.get(share.channelId);
    if (channel === undefined || (channel.terms.kind === "extended") !== isExtended) {
      const detail = `${share.name} on ${share.channelId}`;
      this.#shares.refuse(share, "unknown-channel", detail, channel?.terms.userIdentity ?? "");
      return;
    }
    const tail = isExtended
      ? payload.subarray(EXTENDED_SHARE_BYTES + share.extranonce.length)
      : payload.subarray(payload.length);
    const worker = this.#extensions.workerOf(tail);
    this.#shares.submit(share, channel, worker ?? channel.terms.userIdentity);
  }

  #refuseCustomJob({ channelId, requestId }: Message<"SetCustomMiningJob">): void {
    const errorCode = codeUnder(this.#host.options.quirks, "jd-not-supported");
    this.link.send(encodeMessage(SetCustomMiningJobError, { channelId, requestId, errorCode }));
  }

  #ignore(what: string): void {
    this.#host.emit({ event: "ignored", connection: this.id, what });
  }

  #expectWithin(durationMs: number, reason: string): void {
    this.#schedule(durationMs, () => this.link.close(`${reason} within ${durationMs / 1_000} s`));
  }

  #schedule(delayMs: number, run: () => void): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#clock.after(delayMs, run);
  }

  #ended(reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#shares[Symbol.dispose]();
    this.#desk.channels.clear();
    this.#host.emit({ event: "disconnected", connection: this.id, reason: printable(reason) });
    this.#host.connectionEnded(this.id);
  }
}
