/** The server's end of one SV2 connection: Noise handshake (or plaintext by choice), then frames both ways. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import type { Aead } from "../../src/noise/aead.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { generateKeyPair, type KeyPair } from "../../src/noise/ellswift.ts";
import { ACT1_BYTES, NxResponder } from "../../src/noise/nx-handshake.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { Frame, FrameCodec } from "../../src/sv2/codec.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";

/** No message that a client sends to a pool has more. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
const DEFAULT_VALID_FOR_S = 3_600;

/** What the server shows of itself; the defaults are honest, everything else is for testing clients. */
export interface CertificateScript {
  /** Signs with this key instead of the authority's own. */
  readonly signingSecret?: Uint8Array;
  /** Seconds from now, may be negative; 0 when absent. */
  readonly validFromS?: number;
  /** Seconds from now, may be negative; an hour when absent. */
  readonly notValidAfterS?: number;
  /** 0 when absent. */
  readonly version?: number;
  /** The certificate vouches for another static key than the one in use. */
  readonly forAnotherKey?: boolean;
  /** The static key's y coordinate is odd, which must not matter. */
  readonly oddY?: boolean;
}

export type HandshakeBehaviour = "answer" | "silence" | "garbage" | "close";

export interface LinkSettings {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly aead: Aead;
  /** `undefined`: plaintext. */
  readonly authoritySecret: Uint8Array | undefined;
  readonly certificate?: CertificateScript;
  /** Shown to every connection that has these settings; absent: a fresh one each time. */
  readonly staticKey?: KeyPair | undefined;
  readonly handshake?: HandshakeBehaviour;
}

export interface LinkHandlers {
  /** The frame's payload is borrowed. May throw WireError, which ends the connection. */
  onFrame(frame: Frame): void;
  /** Exactly once. `reason` is for people. */
  onEnd(reason: string): void;
}

export class FrameLink {
  readonly #stream: ByteStream;
  readonly #settings: LinkSettings;
  readonly #handlers: LinkHandlers;
  #codec: FrameCodec | undefined;
  #act1: Uint8Array = new Uint8Array(0);
  #endReason: string | undefined;
  #isEnded = false;
  /** While true nothing is sent and what arrives is ignored; ciphers stay in step. */
  isSilent = false;

  constructor(stream: ByteStream, settings: LinkSettings, handlers: LinkHandlers) {
    this.#stream = stream;
    this.#settings = settings;
    this.#handlers = handlers;
    if (settings.authoritySecret === undefined)
      this.#codec = new PlainFrames({ maxPayloadBytes: MAX_PAYLOAD_BYTES });
    stream.onEnd((error) => {
      this.#isEnded = true;
      handlers.onEnd(this.#endReason ?? error?.message ?? "closed by the client");
    });
    stream.onData((chunk) => this.#receive(chunk));
  }

  get remote(): string {
    return this.#stream.remote;
  }

  /** All frames leave in one write, in order. Nothing happens before the handshake and after the end. */
  send(...frames: readonly Frame[]): void {
    const codec = this.#codec;
    if (codec === undefined || this.#isEnded || this.isSilent || frames.length === 0) return;
    this.#stream.write(concatBytes(...frames.map((frame) => codec.encode(frame))));
  }

  /** Bytes as they are, past the encryption: to see what a client does with nonsense. */
  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Sends what is queued, then closes. */
  close(reason: string): void {
    this.#endReason ??= reason;
    this.#stream.close();
  }

  /** Cuts the connection at once. */
  destroy(reason: string): void {
    this.#endReason ??= reason;
    this.#stream.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isEnded || this.#endReason !== undefined) return;
    try {
      const rest = this.#codec === undefined ? this.#handshake(chunk) : chunk;
      if (rest.length > 0) this.#codec?.receive(rest, this.#onFrame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.destroy(`protocol error: ${error.message}`);
    }
  }

  readonly #onFrame = (frame: Frame): void => {
    if (this.isSilent || this.#endReason !== undefined) return;
    this.#handlers.onFrame(frame);
  };

  /** Returns what came behind act 1. */
  #handshake(chunk: Uint8Array): Uint8Array {
    const { handshake = "answer", entropy, aead } = this.#settings;
    const missing = ACT1_BYTES - this.#act1.length;
    this.#act1 = concatBytes(this.#act1, chunk.subarray(0, missing));
    if (this.#act1.length < ACT1_BYTES || handshake === "silence") return new Uint8Array(0);
    if (handshake === "close") {
      this.close("closed in the handshake, as scripted");
      return new Uint8Array(0);
    }
    const responder = new NxResponder({ entropy, aead, ...mintIdentity(this.#settings) });
    const { act2, keys } = responder.respond(this.#act1);
    this.#codec = new SecureFrames(keys, aead, { maxPayloadBytes: MAX_PAYLOAD_BYTES });
    this.#stream.write(handshake === "garbage" ? entropy.randomBytes(act2.length) : act2);
    return chunk.subarray(missing);
  }
}

/** A static key and its certificate, fresh for each connection unless one is given, as the reference pool does it. */
function mintIdentity(settings: LinkSettings): { staticKey: KeyPair; certificate: Uint8Array } {
  const { clock, entropy, certificate: script = {} } = settings;
  const authoritySecret = script.signingSecret ?? settings.authoritySecret;
  if (authoritySecret === undefined) throw new Error("a secure link needs an authority key");
  const staticKey =
    settings.staticKey ?? (script.oddY === true ? oddKeyPair(entropy) : generateKeyPair(entropy));
  const now = clock.unixSeconds();
  return {
    staticKey,
    certificate: issueCertificate({
      authoritySecret,
      staticKey: script.forAnotherKey === true ? generateKeyPair(entropy) : staticKey,
      validFrom: now + (script.validFromS ?? 0),
      notValidAfter: now + (script.notValidAfterS ?? DEFAULT_VALID_FOR_S),
      version: script.version ?? 0,
    }),
  };
}

function oddKeyPair(entropy: Entropy): KeyPair {
  for (;;) {
    const keys = generateKeyPair(entropy);
    // The first byte of a compressed key says whether y is odd.
    if (secp256k1.getPublicKey(keys.secret, true)[0] === 3) return keys;
  }
}
