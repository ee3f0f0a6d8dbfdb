/** The pool's end of one connection, down to the byte: what a conformance case does to a device, and what came of it. */
import { nodeAead } from "../../firmware/node-aead.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { generateKeyPair, type KeyPair } from "../../src/noise/ellswift.ts";
import { ACT1_BYTES, type NoiseKeys, NxResponder } from "../../src/noise/nx-handshake.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Frame, FrameCodec } from "../../src/sv2/codec.ts";
import { SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";
import {
  OpenExtendedMiningChannelSuccess,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
} from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { block, EASIEST, FIRST_CHANNEL, GROUP } from "./frames.ts";

export type Received = MiningProtocolMessage;
export type Named<Name extends Received["name"]> = Extract<Received, { readonly name: Name }>;

export interface CertificateTerms {
  readonly authoritySecret?: Uint8Array;
  readonly validFrom?: number;
  readonly notValidAfter?: number;
  readonly version?: number;
}

/** How a pool behaves before anybody gives it orders. Without any of it: honest, and quick to answer. */
export interface PoolScript {
  readonly plaintext?: boolean;
  readonly unixSeconds?: number;
  readonly staticKey?: KeyPair;
  /** Terms of an honest certificate, or the 74 bytes themselves. */
  readonly certificate?: CertificateTerms | ((staticKey: KeyPair) => Uint8Array);
  /** The bytes to send instead of act 2; `undefined`: none. */
  readonly act2?: (act2: Uint8Array, pool: PoolEnd) => Uint8Array | undefined;
  /** Uses each key for the other direction. */
  readonly swapKeys?: boolean;
  /** Of SetupConnection.Success. */
  readonly flags?: number;
  readonly usedVersion?: number;
  readonly target?: Uint8Array;
  readonly extranoncePrefix?: Uint8Array;
  /** Gives each new standard channel a job, so that it mines without further orders. */
  readonly hasJobs?: boolean;
  /** Answers instead of the honest one where it returns true. */
  readonly onMessage?: (message: Received, pool: PoolEnd) => boolean;
}

/** A pool that gives so many channels in all, and refuses further ones. */
export function onlyChannels(count: number): PoolScript {
  let given = 0;
  return {
    onMessage: (message, pool) => {
      if (message.name !== "OpenStandardMiningChannel" || given++ < count) return false;
      const { requestId } = message;
      pool.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode: "no-capacity" }));
      return true;
    },
  };
}

export class PoolEnd {
  readonly stream: ByteStream;
  readonly received: Received[] = [];
  readonly frames: Frame[] = [];
  act1: Uint8Array = new Uint8Array(0);
  bytesReceived = 0;
  /** What came after act 1, as it lay on the wire. */
  wire: Uint8Array = new Uint8Array(0);
  ended = false;
  /** Of this connection, once the handshake is done. */
  keys: NoiseKeys | undefined;
  readonly #script: PoolScript;
  #codec: FrameCodec | undefined;
  #nextChannelId = FIRST_CHANNEL;

  constructor(stream: ByteStream, script: PoolScript = {}) {
    this.stream = stream;
    this.#script = script;
    if (script.plaintext === true) this.#codec = new PlainFrames();
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => this.#receive(chunk.slice()));
  }

  /** In one chunk, as long as the network leaves it whole. */
  send(...frames: readonly Frame[]): void {
    this.sendBytes(this.seal(...frames));
  }

  /** The bytes of frames, for whoever wants to change, cut or repeat them: their nonces are used up. */
  seal(...frames: readonly Frame[]): Uint8Array {
    const codec = this.#codec;
    if (codec === undefined) throw new Error("no handshake yet");
    return concatBytes(...frames.map((frame) => codec.encode(frame)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  all<Name extends Received["name"]>(name: Name): Named<Name>[] {
    return this.received.filter((one): one is Named<Name> => one.name === name);
  }

  get names(): string[] {
    return this.received.map(({ name }) => name);
  }

  get shares(): Named<"SubmitSharesStandard">[] {
    return this.all("SubmitSharesStandard");
  }

  /** What an honest pool answers. */
  answer(message: Received): void {
    const { flags, usedVersion, target, extranoncePrefix } = this.#script;
    if (message.name === "SetupConnection") {
      this.send(
        encodeMessage(SetupConnectionSuccess, { usedVersion: usedVersion ?? 2, flags: flags ?? 0 }),
      );
    } else if (message.name === "OpenStandardMiningChannel") {
      const channelId = this.#nextChannelId++;
      this.send(
        encodeMessage(OpenStandardMiningChannelSuccess, {
          requestId: message.requestId,
          channelId,
          target: target ?? EASIEST,
          extranoncePrefix: extranoncePrefix ?? new Uint8Array(8),
          groupChannelId: GROUP,
        }),
      );
      if (this.#script.hasJobs === true) this.send(...block(1, 0xaa, { channelId }));
    } else if (message.name === "OpenExtendedMiningChannel") {
      this.send(
        encodeMessage(OpenExtendedMiningChannelSuccess, {
          requestId: message.requestId,
          channelId: this.#nextChannelId++,
          target: target ?? EASIEST,
          extranonceSize: 8,
          extranoncePrefix: extranoncePrefix ?? new Uint8Array(4),
          groupChannelId: GROUP,
        }),
      );
    }
  }

  #receive(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length;
    if (this.#codec === undefined) {
      this.act1 = concatBytes(this.act1, chunk);
      if (this.act1.length >= ACT1_BYTES) this.#handshake();
      return;
    }
    this.wire = concatBytes(this.wire, chunk);
    // With the keys confused there is nothing to be understood.
    if (this.#script.swapKeys === true) return;
    try {
      this.#codec.receive(chunk, (frame) => this.#take(frame));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.stream.destroy();
    }
  }

  #take(frame: Frame): void {
    this.frames.push({ ...frame, payload: frame.payload.slice() });
    const message = decodeMessage("mining", frame);
    if (message === undefined) return;
    this.received.push(message);
    if (this.#script.onMessage?.(message, this) !== true) this.answer(message);
  }

  #handshake(): void {
    const entropy = fixedEntropy(7);
    const staticKey = this.#script.staticKey ?? generateKeyPair(entropy);
    const certificate = this.#certificate(staticKey);
    const responder = new NxResponder({ entropy, aead: nodeAead, staticKey, certificate });
    const { act2, keys } = responder.respond(this.act1.subarray(0, ACT1_BYTES));
    this.keys = this.#script.swapKeys ? { send: keys.receive, receive: keys.send } : keys;
    this.#codec = new SecureFrames(this.keys, nodeAead);
    const bytes = this.#script.act2 === undefined ? act2 : this.#script.act2(act2, this);
    if (bytes !== undefined) this.stream.write(bytes);
  }

  #certificate(staticKey: KeyPair): Uint8Array {
    const { certificate, unixSeconds = 1_750_000_000 } = this.#script;
    if (typeof certificate === "function") return certificate(staticKey);
    const { authoritySecret, validFrom, notValidAfter, version } = certificate ?? {};
    return issueCertificate({
      authoritySecret: authoritySecret ?? AUTHORITY.secret,
      staticKey,
      validFrom: validFrom ?? unixSeconds,
      notValidAfter: notValidAfter ?? unixSeconds + 3_600,
      ...(version === undefined ? {} : { version }),
    });
  }
}
