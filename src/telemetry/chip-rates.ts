/** Hashrate of each chip of a chain, from verified work: a few numbers per chip, as a machine has hundreds of them. */
import type { HashrateSnapshot } from "./snapshot.ts";

/** Seconds of the windows that `HashrateEstimator` counts exactly. */
const WINDOWS_S = [5, 60, 300, 900, 86_400] as const;
const COUNT = WINDOWS_S.length;

/**
 * Each window is an exponentially fading mean whose hashes are on average as old as those in an exact window of that
 * length (time constant: half of it). The time before the start counts as absent, not as zero.
 */
export class ChipRates {
  readonly #startMs: number;
  readonly #chips: number;
  readonly #totals: Float64Array;
  /** Faded hashes, per chip and window, as of `#updatedMs` of the chip. */
  readonly #faded: Float64Array;
  readonly #updatedMs: Float64Array;

  constructor(chips: number, startMs: number) {
    this.#chips = chips;
    this.#startMs = startMs;
    this.#totals = new Float64Array(chips);
    this.#faded = new Float64Array(chips * COUNT);
    this.#updatedMs = new Float64Array(chips).fill(startMs);
  }

  /** A chip number that does not exist is ignored: it comes from a wire. */
  add(chip: number, nowMs: number, hashes: number): void {
    if (chip < 0 || chip >= this.#chips) return;
    const elapsedMs = nowMs - (this.#updatedMs[chip] ?? nowMs);
    this.#updatedMs[chip] = nowMs;
    this.#totals[chip] = (this.#totals[chip] ?? 0) + hashes;
    for (let i = 0; i < COUNT; i++) {
      const at = chip * COUNT + i;
      this.#faded[at] = (this.#faded[at] ?? 0) * fading(i, elapsedMs) + hashes;
    }
  }

  /** Mean of each chip since the start, H/s. */
  means(nowMs: number): number[] {
    const seconds = Math.max(1, (nowMs - this.#startMs) / 1_000);
    return Array.from(this.#totals, (hashes) => hashes / seconds);
  }

  windows(nowMs: number): HashrateSnapshot[] {
    return Array.from(this.#updatedMs, (updatedMs, chip) => {
      const rate = (i: number) => {
        const faded = (this.#faded[chip * COUNT + i] ?? 0) * fading(i, nowMs - updatedMs);
        const seen = 1 - fading(i, Math.max(1_000, nowMs - this.#startMs));
        return faded / (timeConstantS(i) * seen);
      };
      return { s5: rate(0), m1: rate(1), m5: rate(2), m15: rate(3), h24: rate(4) };
    });
  }
}

function timeConstantS(window: number): number {
  return (WINDOWS_S[window] ?? 1) / 2;
}

function fading(window: number, elapsedMs: number): number {
  return Math.exp(-elapsedMs / 1_000 / timeConstantS(window));
}
