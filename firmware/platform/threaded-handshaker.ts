/** Handshakes on a thread of their own, which is started for the first and ended when none was asked for in a while. */
import { Worker } from "node:worker_threads";
import { WireError } from "../../src/lib/errors.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import type { Handshake, Handshaker } from "../../src/noise/handshaker.ts";
import type { NoiseKeys } from "../../src/noise/nx-handshake.ts";
import type { HandshakeReply, HandshakeRequest } from "./handshake-messages.ts";

/** A thread takes some 10 MB; pools that are down are dialled every minute at most. */
const IDLE_MS = 30_000;

interface Waiting {
  /** Who was asked: another thread's end is no answer. */
  readonly worker: Worker;
  readonly resolve: (reply: HandshakeReply) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadedHandshaker implements Handshaker {
  readonly #program: () => string;
  readonly #fallback: Handshaker | undefined;
  readonly #log: Logger;
  #hasTold = false;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;

  /** `program` finds the thread's bundle; what it throws counts as no thread. `fallback` makes the handshakes for which no thread can be had. */
  constructor(program: () => string, fallback?: Handshaker, log: Logger = silentLog) {
    this.#program = program;
    this.#fallback = fallback;
    this.#log = log;
  }

  async begin(): Promise<Handshake> {
    const id = this.#nextId++;
    let reply: HandshakeReply;
    try {
      reply = await this.#ask({ ask: "begin", id });
    } catch (error) {
      // No memory for a thread, or no program: better a hot path that waits than a pool that is never reached.
      if (this.#fallback === undefined) throw error;
      this.#tellOnce(error);
      return this.#fallback.begin();
    }
    if (reply.tell !== "act1") throw errorOf(reply);
    return {
      act1: reply.act1,
      finish: async (act2, check): Promise<NoiseKeys> => {
        const finished = await this.#ask({ ask: "finish", id, act2, check });
        if (finished.tell !== "keys") throw errorOf(finished);
        return finished.keys;
      },
    };
  }

  close(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ask(request: HandshakeRequest): Promise<HandshakeReply> {
    return new Promise((resolve, reject) => {
      const worker = this.#thread();
      this.#waiting.set(request.id, { worker, resolve, reject });
      worker.postMessage(request);
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#endWhenIdle(), IDLE_MS).unref();
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#program());
    this.#worker = worker;
    worker.on("message", (reply: HandshakeReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      waiting?.resolve(reply);
    });
    const lost = (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const [id, waiting] of this.#waiting) {
        if (waiting.worker !== worker) continue;
        this.#waiting.delete(id);
        waiting.reject(error);
      }
    };
    worker.on("error", lost);
    worker.on("exit", () => lost(new Error("the handshake thread ended")));
    // The program must not live on because of it; listening to it took a hold of its own.
    worker.unref();
    return worker;
  }

  #tellOnce(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn({ reason }, "no thread for handshakes: they hold up mining for a moment");
  }

  #endWhenIdle(): void {
    if (this.#waiting.size > 0) return;
    this.close();
  }
}

function errorOf(reply: HandshakeReply): Error {
  if (reply.tell !== "failed") return new Error(`unexpected answer of the handshake thread`);
  const { code, message, section } = reply;
  if (code === undefined) return new Error(message);
  return new WireError(code, message, section === undefined ? {} : { section });
}
