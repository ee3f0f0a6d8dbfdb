/** Lines that a server may cause in our log: some at once, then few. */
import type { Clock } from "../ports/clock.ts";

const BURST = 5;
const ONE_MORE_EVERY_MS = 60_000;

export class LogBudget {
  readonly #clock: Pick<Clock, "nowMs">;
  #left = BURST;
  #sinceMs: number;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  /** Whether one more line may be written; counts it. */
  take(): boolean {
    const nowMs = this.#clock.nowMs();
    this.#left = Math.min(BURST, this.#left + (nowMs - this.#sinceMs) / ONE_MORE_EVERY_MS);
    this.#sinceMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
