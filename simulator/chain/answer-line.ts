/**
 * The one wire on which all chips answer: a frame at a time, each as long as its bits take, the others held back by the
 * busy chain meanwhile. Frames leave in the order in which they were queued.
 */
import type { Clock } from "../../src/ports/clock.ts";

export interface QueuedAnswer {
  readonly bytes: Uint8Array;
  readonly chipIndex: number;
  /** Id byte of the job that a nonce belongs to; `undefined` for register answers. */
  readonly jobIdByte: number | undefined;
  /** Bit times of silence after the frame (UART_RELAY) [?]. */
  readonly gapBits: number;
  /** Asked when the frame begins. */
  baudRate(): number;
}

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
/** A timer set for a fraction of a millisecond may fire a rounding error early. */
const ROUNDING_MS = 1e-6;

export class AnswerLine {
  readonly #clock: Clock;
  readonly #deliver: (answer: QueuedAnswer) => void;
  #queue: QueuedAnswer[] = [];
  #current: { readonly answer: QueuedAnswer; readonly endMs: number } | undefined;
  #timer: Disposable | undefined;

  /** `deliver` is called when a frame's last bit has left. */
  constructor(clock: Clock, deliver: (answer: QueuedAnswer) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  enqueue(answer: QueuedAnswer): void {
    this.#queue.push(answer);
    if (this.#current !== undefined) return;
    this.#takeNext(this.#clock.nowMs());
    this.#arm();
  }

  countQueued(chipIndex: number): number {
    return this.#queue.filter((answer) => answer.chipIndex === chipIndex).length;
  }

  /** Forgets queued answers; the one on the wire goes on. */
  dropQueued(isDropped: (answer: QueuedAnswer) => boolean): void {
    this.#queue = this.#queue.filter((answer) => !isDropped(answer));
  }

  clear(): void {
    this.#queue = [];
    this.#current = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** A timer may come late: all frames that have left by now are delivered together. */
  #finish(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs() + ROUNDING_MS;
    while (this.#current !== undefined && this.#current.endMs <= nowMs) {
      const { answer, endMs } = this.#current;
      this.#takeNext(endMs);
      this.#deliver(answer);
    }
    this.#arm();
  }

  #takeNext(startMs: number): void {
    const answer = this.#queue.shift();
    this.#current = answer === undefined ? undefined : { answer, endMs: startMs + frameMs(answer) };
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#current === undefined) return;
    const delayMs = this.#current.endMs - this.#clock.nowMs();
    this.#timer = this.#clock.after(delayMs, () => this.#finish());
  }
}

function frameMs(answer: QueuedAnswer): number {
  const bits = BITS_PER_BYTE * answer.bytes.length + answer.gapBits;
  return (bits * 1_000) / answer.baudRate();
}
