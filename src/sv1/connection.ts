/** One connection's life: dial, lines, then messages by callback; requests with deadlines. It ends exactly once. */
import { WireError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { ByteStream, Dialer } from "../ports/byte-stream.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { V1Endpoint } from "../upstream/pool-address.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";
import { dialFailure } from "./dial-failure.ts";
import { encodeCall, parseRpc, type RpcError, type RpcMessage } from "./json-rpc.ts";
import { GarbageBudget, LineAssembler } from "./line-codec.ts";
import { LogBudget } from "./log-budget.ts";

/** A name may have several addresses, each of which is given a few seconds; TLS needs two round trips more. */
const DIAL_WITHIN_MS = 10_000;
const DIAL_TLS_WITHIN_MS = 20_000;
/** Requests other than shares whose answer is still heard; the oldest is forgotten first. */
const MAX_PENDING = 16;

export interface V1Ports extends Dialer {
  readonly clock: Clock;
  readonly entropy: Entropy;
}

export type Answer =
  | { readonly result: unknown; readonly error: RpcError | undefined }
  /** No answer came in time. */
  | "late";

interface Pending {
  /** Called at most once with an answer; after "late" a real answer may still come. */
  readonly onAnswer: (answer: Answer) => void;
  readonly deadline: Disposable;
}

export interface V1ConnectionHandlers {
  onOpen(): void;
  /** In the tick in which the bytes arrived, in order. Returns whether the message meant anything to us. */
  onCall(message: Extract<RpcMessage, { kind: "call" }>, arrivedMs: number): boolean;
  /** An answer under an id that is none of `request`'s; false: it means nothing. */
  onShareAnswer(id: number, result: unknown, error: RpcError | undefined): boolean;
  /** After the last message of one received chunk. */
  onChunkDone(arrivedMs: number): void;
  onEnd(end: LinkEnd): void;
}

export class V1Connection {
  readonly #ports: V1Ports;
  readonly #handlers: V1ConnectionHandlers;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #lines = new LineAssembler();
  readonly #garbage = new GarbageBudget();
  readonly #strange: LogBudget;
  readonly #pending = new Map<number, Pending>();
  #stream: ByteStream | undefined;
  #deadline: Disposable | undefined;
  #nextId = 1;
  #arrivedMs = 0;
  #ended = false;
  readonly endpoint: V1Endpoint;
  /** Monotonic time of the last message that meant something. */
  lastReceivedMs: number;

  constructor(ports: V1Ports, endpoint: V1Endpoint, handlers: V1ConnectionHandlers, log: Logger) {
    this.#ports = ports;
    this.#handlers = handlers;
    this.#log = log;
    this.#strange = new LogBudget(ports.clock);
    this.endpoint = endpoint;
    this.lastReceivedMs = ports.clock.nowMs();
  }

  get nowMs(): number {
    return this.#ports.clock.nowMs();
  }

  get isOpen(): boolean {
    return this.#stream !== undefined && !this.#ended;
  }

  start(): void {
    const { host, port, tls } = this.endpoint;
    const withinMs = tls === undefined ? DIAL_WITHIN_MS : DIAL_TLS_WITHIN_MS;
    this.#deadline = this.#ports.clock.after(withinMs, () =>
      this.fail("network", `no connection to ${host}:${port} within ${withinMs / 1_000} s`),
    );
    this.#ports.dial(host, port, this.#abort.signal, tls).then(
      (stream) => this.#connected(stream),
      (error: unknown) => this.#end(dialFailure(error)),
    );
  }

  /** An id for a message that the caller sends with `write`; its answer comes as `onShareAnswer`. */
  takeId(): number {
    return this.#nextId++;
  }

  /** Bytes that expect no answer. After the end it does nothing. */
  write(bytes: Uint8Array): void {
    if (!this.#ended) this.#stream?.write(bytes);
  }

  /** One request; `onAnswer` hears "late" after `withinMs`, and the answer, should it come at all. */
  request(
    method: string,
    params: readonly unknown[],
    withinMs: number,
    onAnswer: (answer: Answer) => void,
  ): void {
    this.requestEncoded((id) => encodeCall(id, method, params), withinMs, onAnswer);
  }

  requestEncoded(
    encode: (id: number) => Uint8Array,
    withinMs: number,
    onAnswer: (answer: Answer) => void,
  ): void {
    if (this.#ended) return;
    const id = this.takeId();
    const deadline = this.#ports.clock.after(withinMs, () => onAnswer("late"));
    this.#pending.set(id, { onAnswer, deadline });
    if (this.#pending.size > MAX_PENDING) this.#forgetOldest();
    this.write(encode(id));
  }

  /** Ends it in order: what was sent before still goes out. */
  close(reason: string): void {
    this.#end({ kind: "asked", reason });
  }

  fail(kind: Exclude<LinkEnd["kind"], "asked">, reason: string): void {
    this.#end({ kind, reason });
  }

  /** Logs what a server should not have sent, within a budget. */
  noteStrange(what: string, fields: object): void {
    if (this.#strange.take()) this.#log.warn(fields, what);
  }

  #connected(stream: ByteStream): void {
    if (this.#ended) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    this.#deadline?.[Symbol.dispose]();
    stream.onEnd((error) =>
      this.fail(
        "network",
        error === undefined
          ? "the server closed the connection"
          : `connection lost: ${error.message}`,
      ),
    );
    stream.onData((chunk) => this.#receive(chunk));
    this.#handlers.onOpen();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#arrivedMs = this.#ports.clock.nowMs();
    try {
      this.#lines.receive(chunk, this.#receiveLine);
      if (!this.#ended) this.#handlers.onChunkDone(this.#arrivedMs);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.fail("protocol", error.message);
    }
  }

  readonly #receiveLine = (line: string, lengthBytes: number): void => {
    if (this.#ended) return;
    const message = this.#parse(line);
    if (message !== undefined && this.#handle(message)) this.lastReceivedMs = this.#arrivedMs;
    else this.#garbage.spend(lengthBytes, this.#arrivedMs);
  };

  #parse(line: string): RpcMessage | undefined {
    try {
      return parseRpc(line);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.noteStrange("line that is no Stratum message", { reason: error.message });
      return undefined;
    }
  }

  #handle(message: RpcMessage): boolean {
    if (message.kind === "call") return this.#handlers.onCall(message, this.#arrivedMs);
    // Some servers give numbers back as text [?].
    const id = typeof message.id === "string" ? Number(message.id) : message.id;
    const pending = id === null ? undefined : this.#pending.get(id);
    if (id === null || pending === undefined) {
      if (id !== null && this.#handlers.onShareAnswer(id, message.result, message.error))
        return true;
      this.noteStrange("answer to nothing that was asked", {});
      return false;
    }
    this.#pending.delete(id);
    pending.deadline[Symbol.dispose]();
    pending.onAnswer({ result: message.result, error: message.error });
    return true;
  }

  #forgetOldest(): void {
    for (const [id, { deadline }] of this.#pending) {
      this.#pending.delete(id);
      deadline[Symbol.dispose]();
      return;
    }
  }

  #end(end: LinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline?.[Symbol.dispose]();
    for (const { deadline } of this.#pending.values()) deadline[Symbol.dispose]();
    this.#pending.clear();
    this.#abort.abort();
    if (end.kind === "asked") this.#stream?.close();
    else this.#stream?.destroy();
    this.#handlers.onEnd(end);
  }
}
