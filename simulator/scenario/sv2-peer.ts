/** A connection on which a scenario plays a Stratum V2 server. */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import type { Aead } from "../../src/noise/aead.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";
import { type CertificateScript, FrameLink, type HandshakeBehaviour } from "../pool/frame-link.ts";
import { type Deviation, noDeviation, Peer, type PeerHost, type Received } from "./peer.ts";
import type { Scope } from "./scope.ts";
import type { SourceNode } from "./source.ts";
import { Sv2Book } from "./sv2-book.ts";
import { Sv2Defaults } from "./sv2-defaults.ts";
import { fieldType, type Sv2Spec, sv2Spec } from "./sv2-messages.ts";
import { readValue } from "./values.ts";

type Share = Extract<
  MiningProtocolMessage,
  { readonly name: "SubmitSharesStandard" | "SubmitSharesExtended" }
>;

export interface Sv2Settings {
  readonly aead: Aead;
  /** `undefined`: plaintext. */
  readonly authoritySecret: Uint8Array | undefined;
  readonly certificate: CertificateScript;
  readonly sharesPerMinute: number;
}

/** A whole act 2 has 234 bytes; "truncate" sends fewer, then closes. */
export type Handshake = HandshakeBehaviour | { readonly truncate: number };

export class Sv2Peer extends Peer {
  readonly protocol = "sv2";
  readonly book: Sv2Book;
  readonly defaults: Sv2Defaults;
  readonly #settings: Sv2Settings;
  #link: FrameLink | undefined;
  readonly #pending = new Map<number, { count: number; sum: number }>();
  /** How further channels are answered, once a step has said that channels are. */
  onFurtherChannel: ((request: Received) => void) | undefined;

  constructor(stream: ByteStream, placeName: string, host: PeerHost, settings: Sv2Settings) {
    super(stream, placeName, host);
    this.#settings = settings;
    this.book = new Sv2Book(host.graceMs);
    this.defaults = new Sv2Defaults(this.book, host, settings.sharesPerMinute);
  }

  get names() {
    return this.defaults.names;
  }

  get isEncrypted(): boolean {
    return this.#settings.authoritySecret !== undefined;
  }

  get hasBegun(): boolean {
    return this.#link !== undefined;
  }

  begin(): void {
    this.handshake("answer");
  }

  taken({ name, fields }: Received): void {
    this.defaults.received({ name, ...fields } as MiningProtocolMessage);
  }

  /** Answers act 1 as soon as it is there. */
  handshake(how: Handshake, certificate = this.#settings.certificate): void {
    if (this.#link !== undefined) return;
    const { aead, authoritySecret } = this.#settings;
    const { clock, entropy } = this.host;
    if (typeof how === "object") this.tap.plan("close", how.truncate);
    const handshake = typeof how === "object" ? "answer" : how;
    this.#link = new FrameLink(
      this.tap,
      { clock, entropy, aead, authoritySecret, certificate, handshake },
      {
        onFrame: (frame) => this.#receive(frame),
        onEnd: (reason) => {
          this.endReason ??= reason;
          if (/^protocol error/.test(reason) && !this.isOurEnd)
            this.host.violation(`the device broke the protocol: ${reason}`);
        },
      },
    );
  }

  send(
    name: string,
    fields: SourceNode | undefined,
    scope: Scope,
    deviation: Deviation = noDeviation,
  ): void {
    const spec = sv2Spec(name);
    const given = fields?.kind === "map" ? fields.entries : new Map<string, SourceNode>();
    const values = this.defaults.of(spec);
    for (const [field, node] of given)
      values[field] = readValue(node, fieldType(spec, field), scope);
    this.sendValues(spec, values, deviation);
  }

  /** With every field given. */
  sendValues(
    spec: Sv2Spec,
    values: Record<string, unknown>,
    deviation: Deviation = noDeviation,
  ): void {
    const frame = encodeMessage(spec, values as never);
    const { payload } = frame;
    const { cut, append, channelBit = frame.channelMessage } = deviation;
    const whole = concatBytes(payload.subarray(0, Math.max(0, payload.length - cut)), append);
    this.sendFrame({ ...frame, payload: whole, channelMessage: channelBit });
    if (cut > 0) return;
    const nowMs = this.host.clock.nowMs();
    const message = { name: spec.name, ...values } as MiningProtocolMessage;
    this.book.sent(message, nowMs);
    this.defaults.sent(message);
    const isJob = message.name === "NewMiningJob" || message.name === "NewExtendedMiningJob";
    if (isJob) this.firstJobMs ??= nowMs;
  }

  sendFrame(frame: Frame): void {
    this.begin();
    this.#link?.send(frame);
  }

  literal(message: Received, field: string, node: SourceNode, scope: Scope): unknown {
    if (message.name === "unknown")
      return readValue(node, field === "payload" ? "B" : "U32", scope);
    return readValue(node, fieldType(sv2Spec(message.name), field), scope);
  }

  #receive(frame: Frame): void {
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      const { extensionType: extension, messageType: type } = frame;
      this.received({
        name: "unknown",
        fields: { extension, type, payload: frame.payload.slice() },
      });
      return;
    }
    const { name, ...fields } = message;
    const tail = tailOf(frame.payload, message);
    const received: Received = { name, fields: tail.length === 0 ? fields : { ...fields, tail } };
    this.defaults.received(message);
    if (name === "SubmitSharesStandard" || name === "SubmitSharesExtended")
      this.#share(message as Share);
    if (message.name === "CloseChannel")
      for (const { channelId } of this.book.addressed(message.channelId))
        this.book.closed(channelId, this.host.clock.nowMs());
    const isRequest = name === "OpenStandardMiningChannel" || name === "OpenExtendedMiningChannel";
    if (isRequest && this.onFurtherChannel !== undefined) {
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      this.onFurtherChannel(received);
    } else {
      this.received(received);
    }
  }

  #share(share: Share): void {
    const { channelId, sequenceNumber } = share;
    const judgement = this.book.judge(share, this.host.clock.nowMs());
    const isRight = this.judged(share.jobId, judgement);
    const how = this.acknowledging;
    if (how.how === "never") return;
    if (!isRight || how.how === "reject") {
      const errorCode =
        how.how === "reject" && isRight
          ? String(how.error)
          : judgement.verdict === "late"
            ? "stale-share"
            : "invalid-share";
      this.sendValues(sv2Spec("SubmitShares.Error"), { channelId, sequenceNumber, errorCode });
      return;
    }
    const channel = this.book.channels.get(channelId);
    const batch = this.#pending.get(channelId) ?? { count: 0, sum: 0 };
    batch.count++;
    batch.sum += channel === undefined ? 0 : difficultyOfTarget(channel.target);
    this.#pending.set(channelId, batch);
    if (how.how === "batch" && batch.count < how.size) return;
    this.#pending.delete(channelId);
    this.sendValues(sv2Spec("SubmitShares.Success"), {
      channelId,
      lastSequenceNumber: sequenceNumber,
      newSubmitsAcceptedCount: batch.count,
      newSharesSum: BigInt(Math.floor(Math.min(batch.sum, Number.MAX_SAFE_INTEGER))),
    });
  }
}

/** The bytes behind the last field: what is left when the message is written again. */
function tailOf(payload: Uint8Array, message: MiningProtocolMessage): Uint8Array {
  // A rate of NaN or below 0 can be read, but not written.
  if ("nominalHashRate" in message) return NO_BYTES;
  const { length } = sv2Spec(message.name).encode(message as never);
  return payload.slice(length);
}

const NO_BYTES = new Uint8Array(0);
