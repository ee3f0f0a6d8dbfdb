/** A clock that notes how late each period came and how long what it started took; otherwise the clock that it was given. */
import type { Clock } from "../../src/ports/clock.ts";

/** Of one period, run by run, in ms. */
export interface PeriodSamples {
  /** Until the callback returned; what it left to promises is not in it. */
  readonly durationsMs: number[];
  /** Behind the time at which it was due. */
  readonly latenessMs: number[];
}

export class MeasuringClock implements Clock {
  readonly #clock: Clock;
  #samples = new Map<number, PeriodSamples>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Since the last call, by the period's length in ms. */
  take(): ReadonlyMap<number, PeriodSamples> {
    const taken = this.#samples;
    this.#samples = new Map();
    return taken;
  }

  every(periodMs: number, run: () => void): Disposable {
    let dueMs = this.#clock.nowMs() + periodMs;
    return this.#clock.every(periodMs, () => {
      const startedMs = this.#clock.nowMs();
      const lateMs = startedMs - dueMs;
      // Runs that a blocked loop missed are not made up for.
      dueMs += (Math.max(0, Math.floor(lateMs / periodMs)) + 1) * periodMs;
      run();
      const { durationsMs, latenessMs } = this.#samplesOf(periodMs);
      durationsMs.push(this.#clock.nowMs() - startedMs);
      latenessMs.push(lateMs);
    });
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  unixSeconds(): number {
    return this.#clock.unixSeconds();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(durationMs, signal);
  }

  after(delayMs: number, run: () => void): Disposable {
    return this.#clock.after(delayMs, run);
  }

  #samplesOf(periodMs: number): PeriodSamples {
    let samples = this.#samples.get(periodMs);
    if (samples === undefined) {
      samples = { durationsMs: [], latenessMs: [] };
      this.#samples.set(periodMs, samples);
    }
    return samples;
  }
}
