/** One chain's UART with its answers sorted: nonces to one listener, register answers to whoever asked. */
import type { WireCounters } from "../../src/hashing/hash-chain.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { type AnswerLength, type AnswerListener, AnswerStream } from "./answer-stream.ts";

/**
 * Looks at a register answer: "more" gives the others their time again, "done" has what it wanted, "wrong" is an answer
 * that does not count, "ignored" was not meant for it.
 */
export type RegisterQuestion = (
  value: number,
  address: number,
  register: number,
) => "more" | "done" | "wrong" | "ignored";

/** However they dribble in: the chips of a full chain answer within one such time at the slowest rate. */
const QUIET_TIMES_IN_ALL = 3;

export class ChainWire implements AnswerListener, Disposable {
  readonly uart: Uart;
  readonly #clock: Clock;
  readonly #stream: AnswerStream;
  readonly #receiving: Disposable;
  #question: RegisterQuestion | undefined;
  /** Nonces before anybody wants them are leftovers of an earlier run. */
  nonceListener: AnswerListener["onNonce"] | undefined;

  /** Chips out of reset answer in 9 bytes [C]. */
  constructor(uart: Uart, clock: Clock, answerLength: AnswerLength = 9) {
    this.uart = uart;
    this.#clock = clock;
    this.#stream = new AnswerStream(this, answerLength);
    this.#receiving = uart.onReceive((chunk) => this.#stream.push(chunk));
  }

  get counters(): WireCounters {
    return this.#stream.counters;
  }

  get answerLength(): AnswerLength {
    return this.#stream.answerLength;
  }

  /** What chips say from here on is as long as this. */
  set answerLength(length: AnswerLength) {
    this.#stream.answerLength = length;
  }

  send(frame: Uint8Array): void {
    this.uart.send(frame);
  }

  /** Forgets a partial answer: what came in while the rates differed is garbage. */
  flush(): void {
    this.#stream.flush();
  }

  /**
   * Sends the frame and shows every register answer to `question` until it is done (true), or `quietMs` have passed since
   * the last answer after which it wanted more, or three times as much in all (false). Rejects with the signal's reason.
   */
  ask(
    frame: Uint8Array,
    question: RegisterQuestion,
    quietMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const end = (settle: () => void) => {
        quiet[Symbol.dispose]();
        deadline[Symbol.dispose]();
        signal.removeEventListener("abort", onAbort);
        this.#question = undefined;
        settle();
      };
      const onAbort = () => end(() => reject(signal.reason));
      const onTimeOver = () => end(() => resolve(false));
      const deadline = this.#clock.after(quietMs * QUIET_TIMES_IN_ALL, onTimeOver);
      let quiet = this.#clock.after(quietMs, onTimeOver);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#question = (value, address, register) => {
        const verdict = question(value, address, register);
        if (verdict === "done") end(() => resolve(true));
        if (verdict === "more") {
          quiet[Symbol.dispose]();
          quiet = this.#clock.after(quietMs, onTimeOver);
        }
        return verdict;
      };
      this.send(frame);
    });
  }

  onNonce(nonceWire: number, excess: number, idByte: number, versionField: number): void {
    this.nonceListener?.(nonceWire, excess, idByte, versionField);
  }

  onRegister(value: number, address: number, register: number): void {
    const verdict = this.#question?.(value, address, register) ?? "ignored";
    if (verdict === "ignored") this.counters.unexpectedFrames++;
  }

  [Symbol.dispose](): void {
    this.nonceListener = undefined;
    this.#receiving[Symbol.dispose]();
  }
}
