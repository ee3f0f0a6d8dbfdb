/** Boards get their power one after another: all inrush currents at once are more than a supply gives. */

export class StartOrder {
  readonly #delayMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** Whether a board may be powered now; if so the next one waits. */
  mayStart(nowMs: number): boolean {
    if (nowMs - this.#lastMs < this.#delayMs) return false;
    this.#lastMs = nowMs;
    return true;
  }
}
