/** A clock whose timers can be stopped like those of a process that got SIGSTOP: what fell due meanwhile fires afterwards, once. */
import type { Clock } from "../../src/ports/clock.ts";

export class PausableClock implements Clock {
  readonly #clock: Clock;
  #isPaused = false;
  #isDead = false;
  #held: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const run of held) this.#clock.after(0, () => this.#run(run));
  }

  /** The process is gone: nothing ever fires again. */
  kill(): void {
    this.#isDead = true;
    this.#held = [];
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  unixSeconds(): number {
    return this.#clock.unixSeconds();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = this.after(durationMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  after(delayMs: number, run: () => void): Disposable {
    let isDisposed = false;
    const timer = this.#clock.after(delayMs, () => this.#run(() => !isDisposed && run()));
    return {
      [Symbol.dispose]() {
        isDisposed = true;
        timer[Symbol.dispose]();
      },
    };
  }

  every(periodMs: number, run: () => void): Disposable {
    let isDisposed = false;
    let isHeld = false;
    const timer = this.#clock.every(periodMs, () => {
      if (isHeld) return;
      isHeld = this.#isPaused;
      this.#run(() => {
        isHeld = false;
        if (!isDisposed) run();
      });
    });
    return {
      [Symbol.dispose]() {
        isDisposed = true;
        timer[Symbol.dispose]();
      },
    };
  }

  #run(run: () => void): void {
    if (this.#isDead) return;
    if (this.#isPaused) this.#held.push(run);
    else run();
  }
}
