/** One connection's life: dial, Noise handshake, SetupConnection, then messages by callback. It ends exactly once. */

import { WireError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Aead } from "../noise/aead.ts";
import { type Handshaker, localHandshaker } from "../noise/handshaker.ts";
import { SecureFrames } from "../noise/secure-frames.ts";
import type { ByteStream, Dialer } from "../ports/byte-stream.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { Frame, FrameCodec } from "../sv2/codec.ts";
import { PlainFrames } from "../sv2/frame.ts";
import { decodeMessage, type MiningProtocolMessage } from "../sv2/protocols.ts";
import { ClientHandshake } from "./client-handshake.ts";
import type { Deadlines } from "./deadlines.ts";
import { answerWithinMs, ExtensionRequest, type NegotiationStep } from "./extension-request.ts";
import type { LinkEnd } from "./pool-link.ts";
import { judgeSetupAnswer, type SetupRequest, setupFrame } from "./setup.ts";

/** A few strange frames are worth a line each, a flood is not. */
const LOGGED_STRANGE_FRAMES = 5;

export interface ConnectionEnd extends LinkEnd {
  /** What the next connection to this server should do differently. */
  readonly remedy?: "extended-channel" | "fewer-extensions";
}

/** What both sides agreed to. */
export interface SetupTerms {
  /** The server accepts no version but the job's own. */
  readonly fixedVersion: boolean;
  readonly extensions: readonly number[];
}

export interface ConnectionOptions extends SetupRequest {
  /** Servers before 2026-02 echo our flags as if they were theirs: take "fixed version" for an echo. */
  readonly tolerateFlagEcho: boolean;
  readonly deadlines: Deadlines;
  /** Extensions to ask for, and how often this server has been silent about them. */
  readonly extensions: { readonly ids: readonly number[]; readonly silences: number };
}

export interface ConnectionHandlers {
  onPhase(phase: "connecting" | "handshake" | "setting-up"): void;
  onReady(terms: SetupTerms): void;
  /** The server wants these as well; it may end the connection over it, whatever it is answered. */
  onRequiredExtensions(ids: readonly number[]): void;
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
  /** Absent: the arithmetic of handshakes is done on this thread. */
  readonly handshaker?: Handshaker;
}

export class Connection {
  readonly #ports: ConnectionPorts;
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  #stream: ByteStream | undefined;
  #codec: FrameCodec | undefined;
  #handshake: ClientHandshake | undefined;
  #state: "connecting" | "setting-up" | "negotiating" | "ready" | "ended" = "connecting";
  #fixedVersion = false;
  #request: ExtensionRequest | undefined;
  #connectMs = 0;
  #deadline: Disposable | undefined;
  #arrivedMs = 0;
  #strangeFrames = 0;
  /** Monotonic time of the last whole frame from the server: bytes that never become one are no sign of life. */
  lastFrameMs: number;

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
    this.lastFrameMs = ports.clock.nowMs();
  }

  start(): void {
    const { host, port } = this.#options.endpoint;
    this.#handlers.onPhase("connecting");
    this.#expectWithin(this.#options.deadlines.dialMs, `no connection to ${host}:${port}`);
    const startedMs = this.#ports.clock.nowMs();
    this.#ports.dial(host, port, this.#abort.signal).then(
      (stream) => {
        this.#connectMs = this.#ports.clock.nowMs() - startedMs;
        this.#connected(stream);
      },
      (error: unknown) => this.#end({ kind: "network", reason: messageOf(error) }),
    );
  }

  /** One frame, one write. After the end it does nothing. */
  send(frame: Frame): void {
    if (this.#hasEnded || this.#codec === undefined) return;
    this.#stream?.write(this.#codec.encode(frame));
  }

  /** Ends it in order: what was sent before still goes out. */
  close(reason: string): void {
    this.#end({ kind: "asked", reason });
  }

  /** Gives the connection up, for a reason that the server is responsible for. */
  fail(kind: Exclude<LinkEnd["kind"], "asked">, reason: string): void {
    this.#end({ kind, reason });
  }

  #connected(stream: ByteStream): void {
    if (this.#hasEnded) {
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
      const { handshakeMs } = this.#options.deadlines;
      this.#expectWithin(handshakeMs, "the server did not answer the Noise handshake");
      this.#handshake = this.#handshakeOn(stream);
      this.#handshake.start(this.#ports.handshaker ?? localHandshaker(this.#ports));
    } else {
      this.#setUp(new PlainFrames());
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#arrivedMs = this.#ports.clock.nowMs();
    try {
      if (this.#codec === undefined) {
        this.#handshake?.receive(chunk);
        return;
      }
      this.#codec.receive(chunk, this.#receiveFrame);
      if (!this.#hasEnded) this.#handlers.onChunkDone(this.#arrivedMs);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Throws what is no fault of the server's. */
  #failed(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#end({ kind: KIND_OF_ERROR[error.code] ?? "protocol", reason: error.message });
  }

  /** Nothing is sent before the certificate is found good (SV2 §4.6). */
  #handshakeOn(stream: ByteStream): ClientHandshake {
    const { aead, clock } = this.#ports;
    const { authorityKey } = this.#options.endpoint;
    return new ClientHandshake({
      write: (act1) => {
        if (!this.#hasEnded) stream.write(act1);
      },
      check: () => ({ authorityKey, unixSeconds: clock.unixSeconds() }),
      onKeys: (keys, rest) => {
        if (this.#hasEnded) return;
        this.#handshake = undefined;
        this.#setUp(new SecureFrames(keys, aead));
        if (rest.length > 0) this.#receive(rest);
      },
      onFailed: (error) => {
        if (this.#hasEnded) return;
        if (error instanceof WireError) this.#failed(error);
        else this.#end({ kind: "network", reason: `handshake: ${messageOf(error)}` });
      },
    });
  }

  #setUp(codec: FrameCodec): void {
    this.#codec = codec;
    this.#state = "setting-up";
    this.#handlers.onPhase("setting-up");
    const { setupMs } = this.#options.deadlines;
    this.#expectWithin(setupMs, "the server did not answer SetupConnection");
    this.send(setupFrame(this.#options));
  }

  readonly #receiveFrame = (frame: Frame): void => {
    if (this.#hasEnded) return;
    this.lastFrameMs = this.#arrivedMs;
    const message = decodeMessage("mining", frame);
    if (message === undefined) {
      this.noteStrange("unknown message", {
        extension: frame.extensionType,
        type: frame.messageType,
      });
    } else if (this.#state === "ready") {
      this.#handlers.onMessage(message, this.#arrivedMs);
    } else if (this.#state === "negotiating") {
      this.#receiveExtensionAnswer(message);
    } else {
      this.#receiveSetupAnswer(message);
    }
  };

  /** Logs what a server should not have sent, within a budget. */
  noteStrange(what: string, fields: object): void {
    if (this.#strangeFrames++ < LOGGED_STRANGE_FRAMES) this.#log.warn(fields, what);
  }

  #receiveSetupAnswer(message: MiningProtocolMessage): void {
    const verdict = judgeSetupAnswer(message, this.#options);
    if (verdict === undefined) {
      this.noteStrange("message before the set-up answer ignored", { message: message.name });
    } else if (!verdict.good) {
      const { reason, wantsExtended } = verdict;
      this.#end({
        kind: "refused",
        reason,
        ...(wantsExtended ? { remedy: "extended-channel" } : {}),
      });
    } else {
      this.#fixedVersion = verdict.fixedVersion;
      if (verdict.contradicts) this.#noteContradiction();
      this.#askForExtensions();
    }
  }

  #noteContradiction(): void {
    const { tolerateFlagEcho } = this.#options;
    this.#log.warn(
      { tolerated: tolerateFlagEcho },
      "the server demands a fixed version although version rolling was required: a server bug, or our flags echoed",
    );
    if (tolerateFlagEcho) this.#fixedVersion = false;
  }

  /** Directly after the set-up, and nothing else until it is answered (ext 0x0001 §1.1). */
  #askForExtensions(): void {
    const { ids, silences } = this.#options.extensions;
    const withinMs = ids.length === 0 ? undefined : answerWithinMs(silences, this.#connectMs);
    if (withinMs === undefined) {
      this.#becomeReady([]);
      return;
    }
    this.#state = "negotiating";
    this.#request = new ExtensionRequest(ids);
    const reason = "the server did not answer RequestExtensions";
    this.#expectWithin(withinMs, reason, { kind: "asked", remedy: "fewer-extensions" });
    this.send(this.#request.frame);
  }

  #receiveExtensionAnswer(message: MiningProtocolMessage): void {
    const next: NegotiationStep | undefined = this.#request?.receive(message);
    if (next?.step === "send") {
      this.#handlers.onRequiredExtensions(next.required);
      this.send(next.frame);
    } else if (next?.step === "leave") this.fail("refused", next.reason);
    else if (next?.step === "agreed") this.#becomeReady(next.extensions);
    else if (message.name === "Reconnect") this.#handlers.onMessage(message, this.#arrivedMs);
    else this.noteStrange("message before the answer about extensions ignored", {});
  }

  #becomeReady(extensions: readonly number[]): void {
    this.#state = "ready";
    this.#deadline?.[Symbol.dispose]();
    this.#handlers.onReady({ fixedVersion: this.#fixedVersion, extensions });
  }

  #expectWithin(
    durationMs: number,
    reason: string,
    end: Omit<ConnectionEnd, "reason"> = { kind: "network" },
  ): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#ports.clock.after(durationMs, () =>
      this.#end({ ...end, reason: `${reason} within ${durationMs / 1_000} s` }),
    );
  }

  get #hasEnded(): boolean {
    return this.#state === "ended";
  }

  #end(end: ConnectionEnd): void {
    if (this.#hasEnded) return;
    this.#state = "ended";
    this.#deadline?.[Symbol.dispose]();
    this.#abort.abort();
    if (end.kind === "asked") this.#stream?.close();
    else this.#stream?.destroy();
    this.#handlers.onEnd(end);
  }
}

/** What a broken rule means for the next attempt; "protocol" where nothing stands here. */
const KIND_OF_ERROR: { readonly [code: string]: LinkEnd["kind"] } = {
  "bad-certificate": "refused",
  "bad-signature": "refused",
  "certificate-time": "time",
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
