/** A clock that moves only when told to, so that an hour of mining takes as long as its arithmetic. */

import type { Clock } from "../src/ports/clock.ts";

interface Timer {
  readonly dueMs: number;
  /** Timers due at the same moment run in the order in which they were set. */
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  /** Sorted: the next timer is the last one, so that taking it moves nothing. */
  readonly #timers: Timer[] = [];
  readonly #startMs: number;
  #nowMs: number;
  #unixStart: number;
  #nextOrder = 0;
  #isAdvancing = false;

  constructor(options: { startMs?: number; unixSeconds?: number } = {}) {
    this.#startMs = options.startMs ?? 0;
    this.#nowMs = this.#startMs;
    this.#unixStart = options.unixSeconds ?? 1_750_000_000;
  }

  /**
   * Runs everything due within `durationMs` in time order; promises and `setImmediate` callbacks settle before the first
   * timer, between timers, and after the last one, so `advance(0)` only lets them settle. Rejects with what a timer threw.
   */
  async advance(durationMs: number): Promise<void> {
    if (!(durationMs >= 0))
      throw new RangeError(
        `advance: ${durationMs} ms; allowed: zero or more, time never goes back`,
      );
    if (this.#isAdvancing)
      throw new Error("advance: already advancing; await the first call before making another");
    this.#isAdvancing = true;
    try {
      const untilMs = this.#nowMs + durationMs;
      await settled();
      for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
        this.#nowMs = timer.dueMs;
        timer.run();
        await settled();
      }
      this.#nowMs = untilMs;
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Timers and sleeps that wait for their time; what is left after a shutdown is a leak. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Somebody sets the wall clock; `nowMs` and all timers are untouched. */
  shiftWallClock(seconds: number): void {
    this.#unixStart += seconds;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  unixSeconds(): number {
    return this.#unixStart + Math.floor((this.#nowMs - this.#startMs) / 1_000);
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.after(durationMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = () => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  after(delayMs: number, run: () => void): Disposable {
    if (Number.isNaN(delayMs)) throw new RangeError("clock: a delay of NaN ms");
    const timer = this.#set(this.#nowMs + Math.max(0, delayMs), run);
    return { [Symbol.dispose]: () => this.#remove(timer) };
  }

  every(periodMs: number, run: () => void): Disposable {
    if (!(periodMs > 0))
      throw new RangeError(`clock: a period of ${periodMs} ms; allowed: more than zero`);
    const tick = () => {
      // Set before running, so that `run` may dispose of it.
      timer = this.#set(timer.dueMs + periodMs, tick);
      run();
    };
    let timer = this.#set(this.#nowMs + periodMs, tick);
    return { [Symbol.dispose]: () => this.#remove(timer) };
  }

  #set(dueMs: number, run: () => void): Timer {
    const timer = { dueMs, order: this.#nextOrder++, run };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return timer;
  }

  #remove(timer: Timer): void {
    const place = this.#placeOf(timer);
    if (this.#timers[place] === timer) this.#timers.splice(place, 1);
  }

  #takeDue(untilMs: number): Timer | undefined {
    const next = this.#timers.at(-1);
    return next !== undefined && next.dueMs <= untilMs ? this.#timers.pop() : undefined;
  }

  /** Where the timer lies, or would lie: binary search from latest to next. */
  #placeOf(timer: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLater(this.#timers[middle] as Timer, timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isLater(a: Timer, b: Timer): boolean {
  return a.dueMs === b.dueMs ? a.order > b.order : a.dueMs > b.dueMs;
}

/** `setImmediate` comes after every microtask, however long the chain of promises is. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
