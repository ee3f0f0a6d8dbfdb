/**
 * How long the miner has been silent, by the guard's own running time: a machine that was frozen as a whole for a moment
 * has lost no heartbeat, its guard has only come late to look for it.
 */

/** Of one look at most this many periods count, however late it came. */
const MOST_PERIODS = 2;

export class MinerSilence {
  readonly #periodMs: number;
  #lastTickMs: number | undefined;
  #silentMs: number | null = null;

  /** `periodMs`: between two ticks, when nothing is late. */
  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Null while there is no miner. */
  get silentMs(): number | null {
    return this.#silentMs;
  }

  beat(): void {
    this.#silentMs = 0;
  }

  /** The miner is gone; silence is no longer the matter. */
  stop(): void {
    this.#silentMs = null;
  }

  tick(nowMs: number): void {
    const elapsedMs = this.#lastTickMs === undefined ? 0 : nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    if (this.#silentMs === null) return;
    this.#silentMs += Math.min(Math.max(elapsedMs, 0), MOST_PERIODS * this.#periodMs);
  }
}
