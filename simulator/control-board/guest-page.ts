/** The guest's page and API as people on its network have them: a browser with the page open, a tool that polls. */
import type { Status } from "../../src/api/status.ts";

/** A slow computer under load. */
const ANSWER_WITHIN_MS = 15_000;
const POLL_EVERY_MS = 1_000;

export class GuestPage implements Disposable {
  readonly #url: string;
  readonly #answerWithinMs: number;
  readonly #closing = new AbortController();
  #liveMessages = 0;
  #answers = 0;
  #failures = 0;

  constructor(port: number, answerWithinMs = ANSWER_WITHIN_MS) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#answerWithinMs = answerWithinMs;
  }

  /** Messages of the live stream so far. */
  get liveMessages(): number {
    return this.#liveMessages;
  }

  /** Of the client that polls. */
  get answers(): number {
    return this.#answers;
  }

  get failures(): number {
    return this.#failures;
  }

  async status(): Promise<Status> {
    return (await (await this.#get("/api/v1/status")).json()) as Status;
  }

  /** Of all events that are kept, as JSON. */
  async events(): Promise<string> {
    return (await this.#get("/api/v1/events?limit=200")).text();
  }

  /** As a browser: the page, all that it names, and what it draws first. Resolves to how many bytes that were. */
  async load(): Promise<number> {
    const page = await (await this.#get("/")).text();
    const assets = [...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)].map(
      ([, path = ""]) => path,
    );
    if (assets.length < 2) throw new Error(`GET /: this is no page: ${page.slice(0, 100)}`);
    let bytes = page.length;
    const firstReads = [
      "/api/v1/session",
      "/api/v1/history?series=hashrate&maxPoints=300",
      "/api/v1/events?limit=200",
    ];
    for (const path of [...assets, ...firstReads])
      bytes += (await (await this.#get(path)).arrayBuffer()).byteLength;
    return bytes;
  }

  /** Opens the live stream and keeps it open; rejects when it is refused. */
  async openLive(): Promise<void> {
    const path = "/api/v1/live";
    using late = this.#lateness(path);
    const response = await fetch(`${this.#url}${path}`, {
      headers: { accept: "text/event-stream" },
      signal: AbortSignal.any([this.#closing.signal, late.signal]),
    });
    if (response.status !== 200 || response.body === null)
      throw new Error(`GET /api/v1/live: ${response.status}`);
    void this.#readLive(response.body).catch(() => {
      // Closed, by us or with the guest.
    });
  }

  /** One question a second, until it is closed. */
  keepPolling(): void {
    const ask = async () => {
      while (!this.#closing.signal.aborted) {
        const startMs = performance.now();
        await this.status().then(
          () => this.#answers++,
          () => this.#failures++,
        );
        const waitMs = POLL_EVERY_MS - (performance.now() - startMs);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
      }
    };
    void ask();
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async #readLive(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of body) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      this.#liveMessages += blocks.filter((block) => /^data: /m.test(block)).length;
    }
  }

  async #get(path: string): Promise<Response> {
    using late = this.#lateness(path);
    const signal = AbortSignal.any([this.#closing.signal, late.signal]);
    const response = await fetch(`${this.#url}${path}`, { signal });
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status}`);
    return new Response(await response.arrayBuffer());
  }

  /** Until it is disposed of. Not AbortSignal.timeout: within AbortSignal.any nobody holds it, and once it is collected it never fires (Node 20). */
  #lateness(path: string): { readonly signal: AbortSignal } & Disposable {
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`GET ${path}: no answer within ${this.#answerWithinMs} ms`)),
      this.#answerWithinMs,
    );
    return { signal: late.signal, [Symbol.dispose]: () => clearTimeout(timer) };
  }
}
