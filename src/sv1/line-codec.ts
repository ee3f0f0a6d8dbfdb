/** Lines of a byte stream, however it is cut, within bounds. */
import { WireError } from "../lib/errors.ts";

/** A mining.notify with 32 merkle branches and a coinbase of several kilobytes has a tenth of that. */
export const MAX_LINE_BYTES = 65_536;
/** Useless bytes that are put up with: as many at once, and again in each second. */
export const GARBAGE_BYTES_PER_SECOND = 16_384;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const FIRST_BUFFER_BYTES = 1_024;

const encoder = new TextEncoder();
// Bytes that are not UTF-8 become U+FFFD: whoever reads the line decides.
const decoder = new TextDecoder();

/** The bytes of one line of JSON. */
export function encodeLine(json: string): Uint8Array {
  return encoder.encode(`${json}\n`);
}

export class LineAssembler {
  /** The beginning of a line whose end has not arrived. */
  #pending = new Uint8Array(FIRST_BUFFER_BYTES);
  #pendingLength = 0;

  /**
   * Calls `onLine` for each line that the chunk ends, without its end (\n or \r\n) and with its length in bytes; empty
   * lines are passed over. Throws WireError "oversize" when a line is longer than 64 KiB.
   */
  receive(chunk: Uint8Array, onLine: (line: string, lengthBytes: number) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#completed(chunk.subarray(start, end));
      start = end + 1;
      if (line.length > 0) onLine(decoder.decode(line), line.length);
    }
    this.#keep(chunk.subarray(start));
  }

  #completed(tail: Uint8Array): Uint8Array {
    if (this.#pendingLength === 0) return withoutReturn(tail);
    this.#keep(tail);
    const line = this.#pending.subarray(0, this.#pendingLength);
    this.#pendingLength = 0;
    return withoutReturn(line);
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#pendingLength + bytes.length;
    mustFit(length);
    if (length > this.#pending.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#pending.length));
      larger.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = larger;
    }
    this.#pending.set(bytes, this.#pendingLength);
    this.#pendingLength = length;
  }
}

/** How much of what nobody understands a server may send: a leaking bucket. */
export class GarbageBudget {
  #levelBytes = 0;
  #sinceMs = 0;

  /** Throws WireError "bad-value" when it is too much. */
  spend(lengthBytes: number, nowMs: number): void {
    const leakedBytes = ((nowMs - this.#sinceMs) / 1_000) * GARBAGE_BYTES_PER_SECOND;
    this.#levelBytes = Math.max(0, this.#levelBytes - leakedBytes) + lengthBytes;
    this.#sinceMs = nowMs;
    if (this.#levelBytes > GARBAGE_BYTES_PER_SECOND) {
      throw new WireError(
        "bad-value",
        `the server sends more than ${GARBAGE_BYTES_PER_SECOND / 1_024} KiB per second that mean nothing`,
      );
    }
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  mustFit(line.length);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

function mustFit(lengthBytes: number): void {
  if (lengthBytes > MAX_LINE_BYTES) {
    throw new WireError("oversize", `a line of more than ${MAX_LINE_BYTES / 1_024} KiB`);
  }
}
