/** The talk of the vendor's supplies and microcontrollers: 55 AA LEN CMD payload and a sum, a byte at a time, an answer later. */
import type { Clock } from "../../../src/ports/clock.ts";

const PREAMBLE = [0x55, 0xaa];
/** LEN counts itself, the command and the sum. */
const SHORTEST = 4;
/** More is noise: no request is half as long. */
const LONGEST = 32;
const IDLE = 0xff;

export interface Answer {
  readonly bytes: readonly number[];
  readonly afterMs: number;
}

export interface FramedTalkOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** How the two bytes of the sum follow each other. */
  readonly sumOrder: "high first" | "low first";
  /** What a request with a good sum is answered with; `undefined`: nothing. */
  readonly answer: (command: number, payload: readonly number[]) => Answer | undefined;
}

export class FramedTalk {
  readonly #options: FramedTalkOptions;
  #heard: number[] = [];
  #reply: readonly number[] = [];
  #replyAtMs = 0;

  constructor(options: FramedTalkOptions) {
    this.#options = options;
  }

  hear(byte: number): void {
    this.#heard.push(byte);
    this.#skipNoise();
    const length = this.#heard[2];
    if (length === undefined || this.#heard.length < length + 2) return;
    const frame = this.#heard;
    this.#heard = [];
    this.#reply = [];
    const body = frame.slice(2, -2);
    const sum = sumBytes(body, this.#options.sumOrder);
    if (frame.at(-2) !== sum[0] || frame.at(-1) !== sum[1]) return;
    const answer = this.#options.answer(body[1] as number, body.slice(2));
    if (answer === undefined) return;
    this.#reply = answer.bytes;
    this.#replyAtMs = this.#options.clock.nowMs() + answer.afterMs;
  }

  /** The next byte of the answer; ones before it is ready and after its end. */
  say(): number {
    if (this.#options.clock.nowMs() < this.#replyAtMs) return IDLE;
    const [byte, ...rest] = this.#reply;
    this.#reply = rest;
    return byte ?? IDLE;
  }

  #skipNoise(): void {
    while (this.#heard.length > 0) {
      const isPreamble = PREAMBLE.every((byte, i) => (this.#heard[i] ?? byte) === byte);
      const length = this.#heard[2] ?? SHORTEST;
      if (isPreamble && length >= SHORTEST && length <= LONGEST) return;
      this.#heard.shift();
    }
  }
}

/** The sum over LEN and all that follows it. */
export function sumBytes(body: readonly number[], order: FramedTalkOptions["sumOrder"]): number[] {
  const sum = body.reduce((total, byte) => total + byte, 0) & 0xffff;
  const bytes = [sum >> 8, sum & 0xff];
  return order === "high first" ? bytes : bytes.reverse();
}

/** LEN, the bytes, and the sum. */
export function withLengthAndSum(
  bytes: readonly number[],
  order: FramedTalkOptions["sumOrder"],
): number[] {
  const body = [bytes.length + 3, ...bytes];
  return [...body, ...sumBytes(body, order)];
}
