/** TCP without a network: listeners and dialers in one process, with the ways in which a network disappoints. */

import { concatBytes } from "../../src/lib/bytes.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { ByteStream, Dialer } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";

/**
 * How written bytes are cut on their way: one chunk per write, one per byte, all that one tick wrote in one chunk, or
 * those as the function splits them (a test may split anywhere).
 */
export type Chunking =
  | "as-written"
  | "every-byte"
  | "coalesced"
  | ((bytes: Uint8Array) => Uint8Array[]);

export interface VirtualNetworkOptions {
  /**
   * With a clock everything takes `latencyMs` of its time one way. Without, `write` calls the far end's listener before
   * it returns (what is written meanwhile in the same direction waits its turn); only chunkings that gather several
   * writes deliver in a microtask.
   */
  readonly clock?: Clock;
  readonly latencyMs?: number;
  readonly chunking?: Chunking;
}

export class VirtualNetwork implements Dialer {
  readonly #clock: Clock | undefined;
  readonly #listeners = new Map<string, (stream: ByteStream) => void>();
  readonly #ends = new Set<VirtualEnd>();
  readonly #waiting: (() => void)[] = [];
  #nextPort = 49_152;
  #isSilent = false;
  /** May be changed at any time; applies to what arrives from then on. */
  chunking: Chunking;
  latencyMs: number;

  constructor(options: VirtualNetworkOptions = {}) {
    this.#clock = options.clock;
    this.latencyMs = options.latencyMs ?? 0;
    this.chunking = options.chunking ?? "as-written";
  }

  /** Accepts at exactly this host and port (port 0: any free one). Disposing stops accepting, open streams stay. */
  listen(
    host: string,
    port: number,
    onConnection: (stream: ByteStream) => void,
  ): Disposable & { readonly port: number } {
    const ownPort = port === 0 ? this.#nextPort++ : port;
    const address = `${host}:${ownPort}`;
    if (this.#listeners.has(address)) throw systemError("EADDRINUSE", "listen", address);
    this.#listeners.set(address, onConnection);
    return { port: ownPort, [Symbol.dispose]: () => void this.#listeners.delete(address) };
  }

  async dial(host: string, port: number, signal: AbortSignal): Promise<ByteStream> {
    const address = `${host}:${port}`;
    signal.throwIfAborted();
    await this.#clock?.sleep(2 * this.latencyMs, signal);
    signal.throwIfAborted();
    while (this.#isSilent) await this.#nextChange(signal);
    const onConnection = this.#listeners.get(address);
    if (onConnection === undefined) throw systemError("ECONNREFUSED", "connect", address);
    const near = new VirtualEnd(address, this);
    const far = new VirtualEnd(`virtual:${this.#nextPort++}`, this);
    near.peer = far;
    far.peer = near;
    this.#ends.add(near).add(far);
    onConnection(far);
    return near;
  }

  /** Both ends of every connection see a reset; what was under way is lost. */
  severAll(): void {
    for (const end of [...this.#ends]) end.finish(systemError("ECONNRESET", "read", end.remote));
  }

  /** While silent nothing arrives, no end is noticed and no connection opens; what was sent arrives afterwards. */
  silent(isSilent: boolean): void {
    this.#isSilent = isSilent;
    for (const wake of this.#waiting.splice(0)) wake();
    if (!isSilent) for (const end of [...this.#ends]) end.receive();
  }

  /** Ends of streams that have not heard of their end yet: two per connection. */
  get openEnds(): number {
    return this.#ends.size;
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** For the ends: runs `arrive` when what was just sent has arrived. */
  carry(arrive: () => void): void {
    if (this.#clock === undefined) arrive();
    else this.#clock.after(this.latencyMs, arrive);
  }

  /** For the ends: runs `receive` when all that was sent in the same tick has arrived too. */
  gather(receive: () => void): void {
    if (this.#clock === undefined) queueMicrotask(receive);
    else this.#clock.after(0, receive);
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  forget(end: VirtualEnd): void {
    this.#ends.delete(end);
  }
}

/** What lies between sender and receiver: bytes, then perhaps the orderly end. */
const END = Symbol("orderly end");

class VirtualEnd implements ByteStream {
  readonly remote: string;
  peer: VirtualEnd | undefined;
  readonly #network: VirtualNetwork;
  readonly #data = new Signal<Uint8Array>();
  readonly #end = new Signal<Error | undefined>();
  readonly #arrived: (Uint8Array | typeof END)[] = [];
  #hasReader = false;
  #isReceiving = false;
  #isGathering = false;
  #isClosed = false;
  #ended: { readonly reason: Error | undefined } | undefined;

  constructor(remote: string, network: VirtualNetwork) {
    this.remote = remote;
    this.#network = network;
  }

  write(bytes: Uint8Array): void {
    if (!this.#isClosed && bytes.length > 0) this.#send(bytes.slice());
  }

  onData(listener: (chunk: Uint8Array) => void): Disposable {
    const subscription = this.#data.on(listener);
    if (!this.#hasReader) {
      this.#hasReader = true;
      // As with a socket, nothing is delivered from inside the subscription.
      queueMicrotask(() => this.receive());
    }
    return subscription;
  }

  onEnd(listener: (reason: Error | undefined) => void): Disposable {
    const ended = this.#ended;
    if (ended === undefined) return this.#end.on(listener);
    let isWanted = true;
    queueMicrotask(() => isWanted && listener(ended.reason));
    return {
      [Symbol.dispose]: () => {
        isWanted = false;
      },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#send(END);
    this.#isClosed = true;
    queueMicrotask(() => this.finish(undefined));
  }

  destroy(): void {
    this.close();
  }

  /** Delivers what has arrived, if somebody reads and the network lets it. */
  receive(): void {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    try {
      while (this.#arrived.length > 0 && !this.#isClosed && this.#hasReader) {
        if (this.#network.isSilent) break;
        const next = this.#takeArrived();
        if (next === END) this.finish(undefined);
        else this.#deliver(next);
      }
    } finally {
      this.#isReceiving = false;
    }
  }

  /** The end, however it came; only the first counts. */
  finish(reason: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#isClosed = true;
    this.#arrived.length = 0;
    this.#network.forget(this);
    this.#end.emit(reason);
  }

  #send(item: Uint8Array | typeof END): void {
    const peer = this.peer;
    this.#network.carry(() => {
      if (peer === undefined || peer.#isClosed) return;
      peer.#arrived.push(item);
      const { chunking } = this.#network;
      if (chunking === "as-written" || chunking === "every-byte") peer.receive();
      else peer.#gather();
    });
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#network.gather(() => {
      this.#isGathering = false;
      this.receive();
    });
  }

  #takeArrived(): Uint8Array | typeof END {
    const first = this.#arrived.shift() as Uint8Array | typeof END;
    const { chunking } = this.#network;
    if (first === END || chunking === "as-written" || chunking === "every-byte") return first;
    const parts = [first];
    while (this.#arrived.length > 0 && this.#arrived[0] !== END)
      parts.push(this.#arrived.shift() as Uint8Array);
    return concatBytes(...parts);
  }

  #deliver(bytes: Uint8Array): void {
    for (const chunk of cut(bytes, this.#network.chunking)) {
      if (this.#isClosed) return;
      this.#data.emit(chunk);
      // The chunk was only borrowed: who kept it without a copy shall notice in a test.
      chunk.fill(0xee);
    }
  }
}

function cut(bytes: Uint8Array, chunking: Chunking): Uint8Array[] {
  if (chunking === "every-byte") return Array.from(bytes, (byte) => Uint8Array.of(byte));
  if (typeof chunking === "function") return chunking(bytes).filter((chunk) => chunk.length > 0);
  return [bytes];
}

function systemError(code: string, syscall: string, address: string): Error {
  return Object.assign(new Error(`${syscall} ${code} ${address}`), { code, syscall });
}
