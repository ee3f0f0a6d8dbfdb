/** One connection's life: dial, Noise handshake, SetupConnection, then messages by callback. It ends exactly once. */

import { printable } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Aead } from "../noise/aead.ts";
import { ACT2_BYTES, NxInitiator } from "../noise/nx-handshake.ts";
import { SecureFrames } from "../noise/secure-frames.ts";
import type { ByteStream, Dialer } from "../ports/byte-stream.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { Frame, FrameCodec } from "../sv2/codec.ts";
import { SetupConnection } from "../sv2/common-messages.ts";
import { PlainFrames } from "../sv2/frame.ts";
import { decodeMessage, encodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import type { DeviceIdentity, PoolEndpoint } from "./endpoint.ts";

/** SV2 §3: the mining protocol, version 2. */
const MINING_PROTOCOL = 0;
const PROTOCOL_VERSION = 2;

/** SetupConnection flags of the mining protocol (SV2 §5.3.1). */
const REQUIRES_STANDARD_JOBS = 1 << 0;
const REQUIRES_VERSION_ROLLING = 1 << 2;
/** SetupConnection.Success flags: other meanings, same bits. */
const REQUIRES_FIXED_VERSION = 1 << 0;
const REQUIRES_EXTENDED_CHANNELS = 1 << 1;

/** A name may have several addresses, each of which is given a few seconds; the reference implementations use 5 s for one. */
const DIAL_WITHIN_MS = 10_000;
/** As the reference implementations have it. */
const HANDSHAKE_WITHIN_MS = 10_000;
const SETUP_WITHIN_MS = 10_000;
/** A few strange frames are worth a line each, a flood is not. */
const LOGGED_STRANGE_FRAMES = 5;

export interface ConnectionEnd {
  /** "network" passes by itself; "refused" needs a person; "asked" was our own wish. */
  readonly kind: "network" | "protocol" | "refused" | "asked";
  readonly reason: string;
}

export interface ConnectionOptions {
  readonly endpoint: PoolEndpoint;
  readonly identity: DeviceIdentity;
  /** Whether the chips rely on version rolling (flag bit 2). */
  readonly versionRolling: boolean;
  /** Servers before 2026-02 echo our flags as if they were theirs: take "fixed version" for an echo. */
  readonly tolerateFlagEcho: boolean;
}

export interface ConnectionHandlers {
  onPhase(phase: "connecting" | "handshake" | "setting-up"): void;
  /** The server agreed; `fixedVersion`: it accepts no version but the job's own. */
  onReady(terms: { fixedVersion: boolean }): void;
  /** In the tick in which the bytes arrived, in order. */
  onMessage(message: MiningProtocolMessage, arrivedMs: number): void;
  /** After the last message of one received chunk. */
  onChunkDone(arrivedMs: number): void;
  onEnd(end: ConnectionEnd): void;
}

export interface ConnectionPorts extends Dialer {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly aead: Aead;
}

export class Connection {
  readonly #ports: ConnectionPorts;
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  #stream: ByteStream | undefined;
  #codec: FrameCodec | undefined;
  #initiator: NxInitiator | undefined;
  #act2 = new Uint8Array(ACT2_BYTES);
  #act2Length = 0;
  #ready = false;
  #ended = false;
  #deadline: Disposable | undefined;
  #arrivedMs = 0;
  #strangeFrames = 0;
  /** Monotonic time of the last byte from the server. */
  lastReceivedMs: number;

  constructor(
    ports: ConnectionPorts,
    options: ConnectionOptions,
    handlers: ConnectionHandlers,
    log: Logger,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#handlers = handlers;
    this.#log = log;
    this.lastReceivedMs = ports.clock.nowMs();
  }

  start(): void {
    const { host, port } = this.#options.endpoint;
    this.#handlers.onPhase("connecting");
    this.#expectWithin(DIAL_WITHIN_MS, `no connection to ${host}:${port}`);
    this.#ports.dial(host, port, this.#abort.signal).then(
      (stream) => this.#connected(stream),
      (error: unknown) => this.#end({ kind: "network", reason: messageOf(error) }),
    );
  }

  /** One frame, one write. After the end it does nothing. */
  send(frame: Frame): void {
    if (this.#ended || this.#codec === undefined) return;
    this.#stream?.write(this.#codec.encode(frame));
  }

  /** Ends it in order: what was sent before still goes out. */
  close(reason: string): void {
    this.#end({ kind: "asked", reason });
  }

  /** Gives the connection up, for a reason that the server is responsible for. */
  fail(kind: "network" | "protocol" | "refused", reason: string): void {
    this.#end({ kind, reason });
  }

  #connected(stream: ByteStream): void {
    if (this.#ended) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    stream.onEnd((error) =>
      this.#end({
        kind: "network",
        reason:
          error === undefined
            ? "the server closed the connection"
            : `connection lost: ${error.message}`,
      }),
    );
    stream.onData((chunk) => this.#receive(chunk));
    if (this.#options.endpoint.secure) {
      this.#handlers.onPhase("handshake");
      this.#expectWithin(HANDSHAKE_WITHIN_MS, "the server did not answer the Noise handshake");
      const { entropy, aead } = this.#ports;
      this.#initiator = new NxInitiator({ entropy, aead });
      stream.write(this.#initiator.act1);
    } else {
      this.#setUp(new PlainFrames());
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#arrivedMs = this.#ports.clock.nowMs();
    this.lastReceivedMs = this.#arrivedMs;
    try {
      const frames = this.#codec === undefined ? this.#receiveAct2(chunk) : chunk;
      if (this.#codec === undefined || frames.length === 0) return;
      this.#codec.receive(frames, this.#receiveFrame);
      if (!this.#ended) this.#handlers.onChunkDone(this.#arrivedMs);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const refused = error.code === "bad-certificate" || error.code === "bad-signature";
      this.#end({ kind: refused ? "refused" : "protocol", reason: error.message });
    }
  }

  /** Returns what followed act 2 in the chunk. Nothing is sent before the certificate is found good (SV2 §4.6). */
  #receiveAct2(chunk: Uint8Array): Uint8Array {
    const taken = Math.min(chunk.length, ACT2_BYTES - this.#act2Length);
    this.#act2.set(chunk.subarray(0, taken), this.#act2Length);
    this.#act2Length += taken;
    if (this.#act2Length === ACT2_BYTES && this.#initiator !== undefined) {
      const keys = this.#initiator.finish(this.#act2, {
        authorityKey: this.#options.endpoint.authorityKey,
        unixSeconds: this.#ports.clock.unixSeconds(),
      });
      this.#initiator = undefined;
      this.#setUp(new SecureFrames(keys, this.#ports.aead));
    }
    return chunk.subarray(taken);
  }

  #setUp(codec: FrameCodec): void {
    this.#codec = codec;
    this.#handlers.onPhase("setting-up");
    this.#expectWithin(SETUP_WITHIN_MS, "the server did not answer SetupConnection");
    const { endpoint, identity, versionRolling } = this.#options;
    this.send(
      encodeMessage(SetupConnection, {
        protocol: MINING_PROTOCOL,
        minVersion: PROTOCOL_VERSION,
        maxVersion: PROTOCOL_VERSION,
        flags: REQUIRES_STANDARD_JOBS | (versionRolling ? REQUIRES_VERSION_ROLLING : 0),
        endpointHost: endpoint.host,
        endpointPort: endpoint.port,
        ...identity,
      }),
    );
  }

  readonly #receiveFrame = (frame: Frame): void => {
    if (this.#ended) return;
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      this.noteStrange("unknown message", {
        extension: frame.extensionType,
        type: frame.messageType,
      });
    } else if (this.#ready) {
      this.#handlers.onMessage(message, this.#arrivedMs);
    } else {
      this.#receiveSetupAnswer(message);
    }
  };

  /** Logs what a server should not have sent, within a budget. */
  noteStrange(what: string, fields: object): void {
    if (this.#strangeFrames++ < LOGGED_STRANGE_FRAMES) this.#log.warn(fields, what);
  }

  #receiveSetupAnswer(message: MiningProtocolMessage): void {
    switch (message.name) {
      case "SetupConnection.Success": {
        if (message.usedVersion !== PROTOCOL_VERSION) {
          this.fail(
            "refused",
            `the server chose protocol version ${message.usedVersion}, offered was 2`,
          );
          return;
        }
        if (message.flags & REQUIRES_EXTENDED_CHANNELS) {
          this.fail("refused", "the server refuses standard channels (REQUIRES_EXTENDED_CHANNELS)");
          return;
        }
        this.#ready = true;
        this.#deadline?.[Symbol.dispose]();
        this.#handlers.onReady({ fixedVersion: this.#demandsFixedVersion(message.flags) });
        return;
      }
      case "SetupConnection.Error":
        this.fail("refused", `the server refused the set-up: ${printable(message.errorCode)}`);
        return;
      default:
        this.noteStrange("message before the set-up answer ignored", { message: message.name });
    }
  }

  #demandsFixedVersion(flags: number): boolean {
    if ((flags & REQUIRES_FIXED_VERSION) === 0) return false;
    if (!this.#options.versionRolling) return true;
    this.#log.warn(
      { tolerated: this.#options.tolerateFlagEcho },
      "the server demands a fixed version although version rolling was required: a server bug, or our flags echoed",
    );
    return !this.#options.tolerateFlagEcho;
  }

  #expectWithin(durationMs: number, reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#ports.clock.after(durationMs, () =>
      this.#end({ kind: "network", reason: `${reason} within ${durationMs / 1_000} s` }),
    );
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline?.[Symbol.dispose]();
    this.#abort.abort();
    if (end.kind === "asked") this.#stream?.close();
    else this.#stream?.destroy();
    this.#handlers.onEnd(end);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
