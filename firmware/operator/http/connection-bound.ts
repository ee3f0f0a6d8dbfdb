/**
 * How many connections may be open, of one address and of all, and how much may wait to be sent on them. Where there is too
 * much, those go whose address has most, so that a thousand connections that say nothing, or ask and never read, keep
 * nobody else out.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isLoopback, sourceOf } from "../../../src/api/source-address.ts";

export interface ConnectionBounds {
  readonly ofAll: number;
  readonly ofOne: number;
  /** Of this machine itself, where a proxy may stand for many; absent: `ofOne`. */
  readonly ofLoopback?: number;
  /** Of all answers together; beyond, whoever has most of it is closed. */
  readonly unsentBytes?: number;
  /** An answer of which nothing was taken for so long is given up. */
  readonly stalledMs?: number;
  readonly sweepMs?: number;
}

const UNSENT_BYTES = 24 << 20;
const STALLED_MS = 20_000;
const SWEEP_MS = 1_000;
/** It is silent for long, and has a bound of its own (live-stream.ts). */
const LIVE_PATH = /^\/api\/v1\/live(?:$|\?)/;

interface Open {
  readonly source: string;
  readonly answers: Set<{ readonly response: ServerResponse; readonly isLive: boolean }>;
  /** What was left to take when it was looked at last, and how often it was the same. */
  left: string;
  sweepsStalled: number;
}

export class ConnectionBound {
  readonly #bounds: Required<ConnectionBounds>;
  /** The one that has been idle for longest first. */
  readonly #open = new Map<Socket, Open>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = {
      ofLoopback: bounds.ofOne,
      unsentBytes: UNSENT_BYTES,
      stalledMs: STALLED_MS,
      sweepMs: SWEEP_MS,
      ...bounds,
    };
  }

  get count(): number {
    return this.#open.size;
  }

  watch(server: Server): void {
    // For TLS, "connection" is the socket below, and requests come on the one above: both end together.
    const event = "setSecureContext" in server ? "secureConnection" : "connection";
    server.on(event, (socket: Socket) => this.#add(socket));
    server.on("request", (request, response) => this.#addRequest(request, response));
    this.#sweeping ??= setInterval(() => this.#sweep(), this.#bounds.sweepMs).unref();
  }

  destroyAll(): void {
    clearInterval(this.#sweeping);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #add(socket: Socket): void {
    const { ofAll, ofOne, ofLoopback } = this.#bounds;
    const source = sourceOf(socket.remoteAddress ?? "local");
    this.#open.set(socket, { source, answers: new Set(), left: "", sweepsStalled: 0 });
    socket.once("close", () => this.#open.delete(socket));
    const most = isLoopback(source) ? ofLoopback : ofOne;
    if (this.#of(source).length > most) this.#evict(source, socket);
    else if (this.#open.size > ofAll)
      this.#evict(
        this.#greatest(() => 1),
        socket,
      );
  }

  #addRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket, url = "" } = request;
    const entry = this.#open.get(socket);
    if (entry === undefined) return;
    const answer = { response, isLive: LIVE_PATH.test(url) };
    entry.answers.add(answer);
    response.once("close", () => {
      entry.answers.delete(answer);
      // Idle since now.
      if (this.#open.delete(socket)) this.#open.set(socket, entry);
    });
    this.#limitUnsent();
  }

  #sweep(): void {
    const { stalledMs, sweepMs } = this.#bounds;
    for (const [socket, entry] of [...this.#open]) {
      const unsent = unsentOn(socket, entry);
      const isLive = [...entry.answers].some((answer) => answer.isLive);
      const left = `${queuedBytes(socket)} ${socket.bytesWritten}`;
      const isStalled = unsent > 0 && !isLive && left === entry.left;
      entry.sweepsStalled = isStalled ? entry.sweepsStalled + 1 : 0;
      entry.left = left;
      if (entry.sweepsStalled * sweepMs >= stalledMs) this.#destroy(socket);
    }
    this.#limitUnsent();
  }

  #limitUnsent(): void {
    let unsent = 0;
    for (const [socket, entry] of this.#open) unsent += unsentOn(socket, entry);
    while (unsent > this.#bounds.unsentBytes) {
      const source = this.#greatest(unsentOn);
      const [largest] = this.#of(source).sort((a, b) => unsentOn(...b) - unsentOn(...a));
      if (largest === undefined) return;
      unsent -= unsentOn(...largest);
      this.#destroy(largest[0]);
    }
  }

  #of(source: string): [Socket, Open][] {
    return [...this.#open].filter(([, entry]) => entry.source === source);
  }

  /** The source that has most of what is counted. */
  #greatest(count: (socket: Socket, entry: Open) => number): string {
    const sums = new Map<string, number>();
    for (const [socket, entry] of this.#open)
      sums.set(entry.source, (sums.get(entry.source) ?? 0) + count(socket, entry));
    const [greatest] = [...sums].sort(([, a], [, b]) => b - a);
    return greatest?.[0] ?? "";
  }

  /** One of this source: the one idle for longest, else one that does not read, else the newest that came. */
  #evict(source: string, newest: Socket): void {
    const others = this.#of(source).filter(([socket]) => socket !== newest);
    const idle = others.find(([, { answers }]) => answers.size === 0);
    const [slowest] = others
      .filter(([socket, entry]) => unsentOn(socket, entry) > 0)
      .sort(([, a], [, b]) => b.sweepsStalled - a.sweepsStalled);
    const isOwn = this.#open.get(newest)?.source === source;
    const last = isOwn ? newest : others[0]?.[0];
    const evicted = idle?.[0] ?? slowest?.[0] ?? last;
    if (evicted !== undefined) this.#destroy(evicted);
  }

  #destroy(socket: Socket): void {
    this.#open.delete(socket);
    socket.destroy();
  }
}

/** On the socket, and in answers that wait for their turn on it. */
function unsentOn(socket: Socket, { answers }: Open): number {
  let bytes = queuedBytes(socket);
  for (const { response } of answers)
    if (response.socket === null) bytes += response.writableLength;
  return bytes;
}

/**
 * What the kernel has not taken. Of one large piece only the handle knows how much of it is gone; Node's own timeouts look
 * there as well (lib/net.js, `_onTimeout`).
 */
function queuedBytes(socket: Socket): number {
  const handle = (socket as { readonly _handle?: { readonly writeQueueSize?: unknown } | null })
    ._handle;
  const { writeQueueSize } = handle ?? {};
  const inHandle = typeof writeQueueSize === "number" ? writeQueueSize : 0;
  return inHandle > 0 ? inHandle : socket.writableLength;
}
