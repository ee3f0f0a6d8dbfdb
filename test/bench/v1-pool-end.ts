/** A pool's end of a device's connection that speaks Stratum V1, with a stopwatch on its socket. */
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { prevHashOf } from "./bench-block.ts";
import type { BlockSource } from "./pool-end.ts";
import { Stopwatch } from "./stopwatch.ts";
import { acceptedLine, answerTo, difficultyLine, notifyLine } from "./v1-lines.ts";

export class V1PoolEnd implements BlockSource {
  readonly stream: ByteStream;
  shares = 0;
  onShare: (nonce: number, arrivedMs: number) => void = () => {};
  readonly #stopwatch: Stopwatch;
  #isAuthorized = false;
  #held = "";
  #jobId = 0;

  constructor(stream: ByteStream) {
    this.stream = stream;
    this.#stopwatch = new Stopwatch(stream);
    const decoder = new TextDecoder();
    this.#stopwatch.onData((chunk) => {
      const lines = (this.#held + decoder.decode(chunk)).split("\n");
      this.#held = lines.pop() ?? "";
      for (const line of lines) this.#receive(JSON.parse(line));
    });
  }

  get writtenMs(): number {
    return this.#stopwatch.writtenMs;
  }

  get writtenBytes(): number {
    return this.#stopwatch.writtenBytes;
  }

  /** One connection serves them all. */
  isReadyFor(): boolean {
    return this.#isAuthorized;
  }

  /** A job comes with its block. */
  announce(): void {}

  activate(tag: number): void {
    this.#stopwatch.write(notifyLine(++this.#jobId, prevHashOf(tag), true));
  }

  blockBytes(): number {
    return notifyLine(0, prevHashOf(0), true).length;
  }

  #receive(message: { id: number; method: string; params: readonly string[] }): void {
    const answer = answerTo(message);
    if (answer !== undefined) this.#stopwatch.write(answer);
    if (message.method === "mining.authorize") {
      this.#isAuthorized = true;
      this.#stopwatch.write(difficultyLine());
    }
    if (message.method !== "mining.submit") return;
    this.shares++;
    this.onShare(Number.parseInt(message.params[4] ?? "", 16), this.#stopwatch.readMs);
    this.#stopwatch.write(acceptedLine(message.id));
  }
}
