/** The machine's time. A pending timer keeps the process alive; who sets one also disposes of it. */

import type { Clock } from "../../src/ports/clock.ts";

export class SystemClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  unixSeconds(): number {
    return Math.floor(Date.now() / 1_000);
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
    if (Number.isNaN(delayMs)) throw new RangeError("clock: a delay of NaN ms");
    return at(performance.now() + delayMs, run);
  }

  every(periodMs: number, run: () => void): Disposable {
    if (!(periodMs > 0))
      throw new RangeError(`clock: a period of ${periodMs} ms; allowed: more than zero`);
    let dueMs = performance.now() + periodMs;
    const tick = () => {
      // From the time at which it was due, so that periods do not drift; what a blocked loop missed is not made up for.
      const missed = Math.floor((performance.now() - dueMs) / periodMs);
      dueMs += (missed + 1) * periodMs;
      // Set before running, so that `run` may dispose of it.
      timer = at(dueMs, tick);
      run();
    };
    let timer = at(dueMs, tick);
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }
}

/** Node runs a longer one at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Never early: Node's timers count whole milliseconds, so a bare timeout can end almost one too soon (measured: 0.9 ms, one
 * in a hundred), and a chip would get less than the pause that it needs.
 */
function at(dueMs: number, run: () => void): Disposable {
  const arm = () => setTimeout(wake, waitMs(dueMs - performance.now()));
  const wake = () => {
    if (performance.now() < dueMs) timeout = arm();
    else run();
  };
  let timeout = arm();
  return { [Symbol.dispose]: () => clearTimeout(timeout) };
}

function waitMs(leftMs: number): number {
  return Math.min(LONGEST_TIMEOUT_MS, Math.max(0, Math.ceil(leftMs)));
}
