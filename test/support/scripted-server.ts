/** The server side of SV2 connections, one frame at a time under a test's control. */

import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { generateKeyPair } from "../../src/noise/ellswift.ts";
import { ACT1_BYTES, NxResponder } from "../../src/noise/nx-handshake.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { Frame, FrameCodec } from "../../src/sv2/codec.ts";
import { SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";
import {
  NewExtendedMiningJob,
  NewMiningJob,
  OpenExtendedMiningChannelSuccess,
  OpenStandardMiningChannelSuccess,
  SetNewPrevHash,
} from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
} from "../../src/sv2/protocols.ts";

/** The sample authority of the reference implementation's configuration files. */
export const AUTHORITY = {
  secret: fromHex("65995eb19631f478a46ffa5cf1e545091efe950eaeac7482ffdc06eb6a89f697"),
  publicKey: fromHex("24ee3c3804a1aaa4c03b80ea19f7a5863c916e8994b7db94a3bad7ee092b6ce7"),
  text: "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
} as const;

/** Repeatable "random" bytes; jitter in the middle. */
export function fixedEntropy(seed = 1): Entropy {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => next() >>> 24),
    fraction: () => 0.5,
  };
}

export type Received = MiningProtocolMessage;

export interface ServerOptions {
  readonly secure?: boolean;
  readonly unixSeconds?: number;
  readonly certificate?: {
    validFrom?: number;
    notValidAfter?: number;
    version?: number;
    secret?: Uint8Array;
  };
  /** Called before the handshake is answered; `false`: do not answer. */
  readonly onAct1?: (act1: Uint8Array, connection: ServerConnection) => boolean;
}

export class ServerConnection {
  readonly stream: ByteStream;
  readonly received: Received[] = [];
  /** As they came, extensions' fields included; one for each of `received`. */
  readonly frames: Frame[] = [];
  /** Set while no test code wants to answer by itself. */
  onMessage: (message: Received, connection: ServerConnection) => void = () => {};
  ended = false;
  bytesReceived = 0;
  #codec: FrameCodec | undefined;
  readonly #options: ServerOptions;
  #act1 = new Uint8Array();

  constructor(stream: ByteStream, options: ServerOptions) {
    this.stream = stream;
    this.#options = options;
    if (options.secure === false) this.#codec = new PlainFrames();
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => this.#receive(chunk));
  }

  send(frame: Frame): void {
    const bytes = this.#codec?.encode(frame);
    if (bytes !== undefined) this.stream.write(bytes);
  }

  /** Several frames in one chunk. */
  sendTogether(frames: readonly Frame[]): void {
    const parts = frames.map((frame) => this.#codec?.encode(frame) ?? new Uint8Array());
    this.stream.write(concatBytes(...parts));
  }

  /**
   * Sets the device up and answers each channel request with its own channel id, 2, 3, …; group 1. An extended channel
   * leaves as many bytes of extranonce to the device as it asked for, or `extranonceSize`.
   */
  serve(options: { flags?: number; target?: Uint8Array; extranonceSize?: number } = {}): void {
    let nextChannelId = 2;
    this.onMessage = (message) => {
      if (message.name === "SetupConnection") {
        this.send(
          encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: options.flags ?? 0 }),
        );
      }
      if (message.name === "OpenStandardMiningChannel") {
        this.send(
          encodeMessage(OpenStandardMiningChannelSuccess, {
            requestId: message.requestId,
            channelId: nextChannelId++,
            target: options.target ?? new Uint8Array(32).fill(0xff),
            extranoncePrefix: new Uint8Array(8),
            groupChannelId: 1,
          }),
        );
      }
      if (message.name === "OpenExtendedMiningChannel") {
        this.send(
          encodeMessage(OpenExtendedMiningChannelSuccess, {
            requestId: message.requestId,
            channelId: nextChannelId++,
            target: options.target ?? new Uint8Array(32).fill(0xff),
            extranonceSize: options.extranonceSize ?? message.minExtranonceSize,
            extranoncePrefix: new Uint8Array(4).fill(0xee),
            groupChannelId: 1,
          }),
        );
      }
    };
  }

  newBlock(channelId: number, jobId: number, fill: number, minNtime = 1_000): void {
    this.sendTogether(blockFrames(channelId, jobId, fill, minNtime));
  }

  #receive(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length;
    if (this.#codec === undefined) {
      this.#act1 = Uint8Array.from([...this.#act1, ...chunk]);
      if (this.#act1.length < ACT1_BYTES) return;
      if (this.#options.onAct1?.(this.#act1, this) === false) return;
      this.#answerHandshake();
      return;
    }
    try {
      this.#codec.receive(chunk, (frame) => {
        const message = decodeMessage("mining", frame);
        if (message === undefined) return;
        this.received.push(message);
        this.frames.push({ ...frame, payload: frame.payload.slice() });
        this.onMessage(message, this);
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.stream.destroy();
    }
  }

  #answerHandshake(): void {
    const entropy = fixedEntropy(7);
    const now = this.#options.unixSeconds ?? 1_750_000_000;
    const staticKey = generateKeyPair(entropy);
    const { validFrom, notValidAfter, version, secret } = this.#options.certificate ?? {};
    const certificate = issueCertificate({
      authoritySecret: secret ?? AUTHORITY.secret,
      staticKey,
      validFrom: validFrom ?? now,
      notValidAfter: notValidAfter ?? now + 3_600,
      ...(version === undefined ? {} : { version }),
    });
    const responder = new NxResponder({ entropy, aead: nobleAead, staticKey, certificate });
    const { act2, keys } = responder.respond(this.#act1);
    this.#codec = new SecureFrames(keys, nobleAead);
    this.stream.write(act2);
  }
}

export function blockFrames(
  channelId: number,
  jobId: number,
  fill: number,
  minNtime = 1_000,
): Frame[] {
  return [
    encodeMessage(NewMiningJob, {
      channelId,
      jobId,
      minNtime: undefined,
      version: 0x20000000,
      merkleRoot: new Uint8Array(32).fill(jobId),
    }),
    prevHashFrame(channelId, jobId, fill, minNtime),
  ];
}

/** A future job of an extended channel (or of a group of them); `minNtime` makes it one for now. */
export function extendedJobFrame(
  channelId: number,
  jobId: number,
  options: { minNtime?: number; versionRollingAllowed?: boolean } = {},
): Frame {
  return encodeMessage(NewExtendedMiningJob, {
    channelId,
    jobId,
    minNtime: options.minNtime,
    version: 0x20000000,
    versionRollingAllowed: options.versionRollingAllowed ?? true,
    merklePath: [new Uint8Array(32).fill(0x77)],
    coinbaseTxPrefix: Uint8Array.of(1, 0, 0, 0, jobId),
    coinbaseTxSuffix: Uint8Array.of(0xff, 0xff),
  });
}

export function prevHashFrame(
  channelId: number,
  jobId: number,
  fill: number,
  minNtime = 1_000,
): Frame {
  return encodeMessage(SetNewPrevHash, {
    channelId,
    jobId,
    prevHash: new Uint8Array(32).fill(fill),
    minNtime,
    nbits: 0x1d00ffff,
  });
}
