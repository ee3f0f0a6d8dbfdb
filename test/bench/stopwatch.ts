/** A stream that notes when bytes go out and come in. */
import type { ByteStream } from "../../src/ports/byte-stream.ts";

export class Stopwatch implements ByteStream {
  readonly remote: string;
  readonly #stream: ByteStream;
  /** Time just before the last write. */
  writtenMs = 0;
  writtenBytes = 0;
  /** Time at which the last chunk was read. */
  readMs = 0;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.remote = stream.remote;
  }

  write(bytes: Uint8Array): void {
    this.writtenBytes = bytes.length;
    this.writtenMs = performance.now();
    this.#stream.write(bytes);
  }

  onData(listener: (chunk: Uint8Array) => void): Disposable {
    return this.#stream.onData((chunk) => {
      this.readMs = performance.now();
      listener(chunk);
    });
  }

  onEnd(listener: (reason: Error | undefined) => void): Disposable {
    return this.#stream.onEnd(listener);
  }

  close(): void {
    this.#stream.close();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
