/** One TCP connection as the `ByteStream` that the program asks for; made by the dialer and by the listener. */

import type { Socket } from "node:net";
import { Signal } from "../../src/lib/signal.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";

/** After `close` the far end has this long to take what is queued and to close its own side. */
const LINGER_MS = 1_000;

/** A far end that lets this much wait is no longer reading; what waits would grow for as long as it lives. */
const UNSENT_LIMIT_BYTES = 1 << 20;

export class TcpStream implements ByteStream {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #data = new Signal<Uint8Array>();
  readonly #end = new Signal<Error | undefined>();
  #isReading = false;
  #isClosing = false;
  #error: Error | undefined;
  #ended: { readonly reason: Error | undefined } | undefined;

  /** The socket is connected; from now on it is touched only through the stream. */
  constructor(socket: Socket, remote: string) {
    this.remote = remote;
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.once("close", () => {
      // After our own close or destroy, a complaint of the socket is no news.
      const reason = this.#isClosing ? undefined : this.#error;
      this.#ended = { reason };
      this.#end.emit(reason);
    });
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosing || !this.#socket.writable || bytes.length === 0) return;
    // Asked before the write: one message may be larger than what may wait.
    if (this.#socket.writableLength > UNSENT_LIMIT_BYTES)
      this.#socket.destroy(new Error("the far end takes no more bytes"));
    else this.#socket.write(bytes);
  }

  onData(listener: (chunk: Uint8Array) => void): Disposable {
    if (!this.#isReading) {
      this.#isReading = true;
      this.#socket.on("data", (chunk: Uint8Array) => {
        if (!this.#isClosing) this.#data.emit(chunk);
      });
    }
    return this.#data.on(listener);
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
    if (this.#isClosing || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.#socket.end();
    // Unread bytes in our kernel would turn the close into a reset, which may overtake what we sent last.
    this.#socket.resume();
    const timeout = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(timeout));
  }

  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }
}
