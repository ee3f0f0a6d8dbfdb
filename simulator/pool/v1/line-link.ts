/** The server's end of one Stratum V1 connection: lines of JSON both ways. */
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import type { DeviceLink } from "../host.ts";

/** No request of a client has more; a longer line ends the connection. */
const MAX_LINE_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface LineHandlers {
  /** One line's value, whatever it is. */
  onValue(value: unknown): void;
  /** Exactly once. `reason` is for people. */
  onEnd(reason: string): void;
}

export class LineLink implements DeviceLink {
  readonly #stream: ByteStream;
  readonly #handlers: LineHandlers;
  /** The beginning of a line whose end has not arrived. */
  #held: Uint8Array = new Uint8Array(0);
  #endReason: string | undefined;
  #isEnded = false;
  isSilent = false;

  constructor(stream: ByteStream, handlers: LineHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    stream.onEnd((error) => {
      this.#isEnded = true;
      handlers.onEnd(this.#endReason ?? error?.message ?? "closed by the client");
    });
    stream.onData((chunk) => this.#receive(chunk));
  }

  get remote(): string {
    return this.#stream.remote;
  }

  /** Whole lines, in one write. */
  send(...lines: readonly Uint8Array[]): void {
    if (this.#isEnded || this.isSilent || lines.length === 0) return;
    const [only] = lines;
    this.#stream.write(lines.length === 1 && only !== undefined ? only : concatBytes(...lines));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  close(reason: string): void {
    this.#endReason ??= reason;
    this.#stream.close();
  }

  destroy(reason: string): void {
    this.#endReason ??= reason;
    this.#stream.destroy();
  }

  #receive(chunk: Uint8Array): void {
    let rest = chunk;
    while (!this.#isEnded && this.#endReason === undefined) {
      const end = rest.indexOf(LINE_FEED);
      const length = this.#held.length + (end < 0 ? rest.length : end);
      if (length > MAX_LINE_BYTES) {
        this.destroy(`a line of more than ${MAX_LINE_BYTES} bytes`);
        return;
      }
      if (end < 0) {
        if (rest.length > 0) this.#held = concatBytes(this.#held, rest);
        return;
      }
      const line = concatBytes(this.#held, rest.subarray(0, end));
      this.#held = new Uint8Array(0);
      rest = rest.subarray(end + 1);
      this.#take(decoder.decode(line).trim());
    }
  }

  #take(text: string): void {
    if (text === "" || this.isSilent) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.destroy("a line that is no JSON");
      return;
    }
    this.#handlers.onValue(value);
  }
}

export function encodeLine(value: unknown, lineEnd: string): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}${lineEnd}`);
}
