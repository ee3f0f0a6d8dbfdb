/** How often a server may do something to us: so many times within a period that moves along. */

export class RateBound {
  readonly #most: number;
  readonly #withinMs: number;
  /** When it happened, oldest first; never more than `most`. */
  readonly #timesMs: number[] = [];

  constructor(most: number, withinMs: number) {
    this.#most = most;
    this.#withinMs = withinMs;
  }

  /** Whether it may happen once more; counts it if so. */
  take(nowMs: number): boolean {
    while ((this.#timesMs[0] ?? nowMs) <= nowMs - this.#withinMs) this.#timesMs.shift();
    if (this.#timesMs.length >= this.#most) return false;
    this.#timesMs.push(nowMs);
    return true;
  }

  /** The last one came to nothing. */
  giveBack(): void {
    this.#timesMs.pop();
  }

  clear(): void {
    this.#timesMs.length = 0;
  }
}
