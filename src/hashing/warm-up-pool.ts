/** The far end of the warm-up's connection: a pool of memory that says yes, and writes blocks when told to. */
import type { Aead } from "../noise/aead.ts";
import { CERTIFICATE_BYTES } from "../noise/certificate.ts";
import { generateKeyPair } from "../noise/ellswift.ts";
import { NxResponder } from "../noise/nx-handshake.ts";
import { SecureFrames } from "../noise/secure-frames.ts";
import type { ByteStream } from "../ports/byte-stream.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { Frame, FrameCodec } from "../sv2/codec.ts";
import { SetupConnectionSuccess } from "../sv2/common-messages.ts";
import { OpenStandardMiningChannelSuccess } from "../sv2/mining-messages.ts";
import { decodeMessage, encodeMessage } from "../sv2/protocols.ts";

const PROTOCOL_VERSION = 2;
export const GROUP_CHANNEL_ID = 1;

export interface UnansweredShares {
  readonly channelId: number;
  /** Of the last one. */
  readonly sequenceNumber: number;
  readonly count: number;
}

export class WarmUpPool {
  /** The device's end. */
  readonly stream: ByteStream;
  readonly channelIds: number[] = [];
  readonly #aead: Aead;
  readonly #responder: NxResponder;
  readonly #shares = new Map<number, UnansweredShares>();
  #codec: FrameCodec | undefined;
  #deliver: (chunk: Uint8Array) => void = () => {};
  readonly #fromDevice: Uint8Array[] = [];

  constructor(entropy: Entropy, aead: Aead) {
    this.#aead = aead;
    this.#responder = new NxResponder({
      entropy,
      aead,
      staticKey: generateKeyPair(entropy),
      // The warm-up's endpoint names no authority, so nobody looks inside.
      certificate: new Uint8Array(CERTIFICATE_BYTES),
    });
    this.stream = {
      remote: "memory",
      write: (bytes) => void this.#fromDevice.push(bytes),
      onData: (listener) => {
        this.#deliver = listener;
        return { [Symbol.dispose]() {} };
      },
      onEnd: () => ({ [Symbol.dispose]() {} }),
      close() {},
      destroy() {},
    };
  }

  /** Reads and answers all that the device wrote so far; what it writes meanwhile is read too. */
  answer(): void {
    for (let bytes = this.#fromDevice.shift(); bytes; bytes = this.#fromDevice.shift()) {
      if (this.#codec !== undefined) {
        this.#codec.receive(bytes, this.#receive);
        continue;
      }
      const { act2, keys } = this.#responder.respond(bytes);
      this.#codec = new SecureFrames(keys, this.#aead);
      this.#deliver(act2);
    }
  }

  /** Sends the frames in one chunk. */
  send(...frames: readonly Frame[]): void {
    const codec = this.#codec;
    if (codec === undefined) return;
    const sealed = frames.map((frame) => codec.encode(frame));
    const chunk = new Uint8Array(sealed.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const bytes of sealed) {
      chunk.set(bytes, at);
      at += bytes.length;
    }
    this.#deliver(chunk);
  }

  /** The shares since the last call, channel by channel. */
  takeShares(): readonly UnansweredShares[] {
    const taken = [...this.#shares.values()];
    this.#shares.clear();
    return taken;
  }

  readonly #receive = (frame: Frame): void => {
    const message = decodeMessage("mining", frame);
    switch (message?.name) {
      case "SetupConnection":
        this.send(
          encodeMessage(SetupConnectionSuccess, { usedVersion: PROTOCOL_VERSION, flags: 0 }),
        );
        return;
      case "OpenStandardMiningChannel": {
        const channelId = GROUP_CHANNEL_ID + 1 + this.channelIds.length;
        this.channelIds.push(channelId);
        this.send(
          encodeMessage(OpenStandardMiningChannelSuccess, {
            requestId: message.requestId,
            channelId,
            target: new Uint8Array(32).fill(0xff),
            extranoncePrefix: new Uint8Array(8),
            groupChannelId: GROUP_CHANNEL_ID,
          }),
        );
        return;
      }
      case "SubmitSharesStandard":
        this.#shares.set(message.channelId, {
          channelId: message.channelId,
          sequenceNumber: message.sequenceNumber,
          count: 1 + (this.#shares.get(message.channelId)?.count ?? 0),
        });
        return;
      default:
    }
  };
}
