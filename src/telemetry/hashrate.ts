/** Hashrate from verified work, over several windows. */
import type { HashrateSnapshot } from "./snapshot.ts";

const FINE_SECONDS = 900;
const COARSE_MINUTES = 1_440;

/** Credits hashes to seconds and minutes; a window longer than the run so far is divided by the run, so there is no ramp-up. */
export class HashrateEstimator {
  readonly #startMs: number;
  readonly #seconds = new Float64Array(FINE_SECONDS);
  readonly #minutes = new Float64Array(COARSE_MINUTES);
  #second = 0;
  #minute = 0;
  #total = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** `hashes`: the expected number of hashes behind one verified nonce, 2^(required zero bits). */
  add(nowMs: number, hashes: number): void {
    this.#advance(nowMs);
    const second = this.#second % FINE_SECONDS;
    const minute = this.#minute % COARSE_MINUTES;
    this.#seconds[second] = (this.#seconds[second] ?? 0) + hashes;
    this.#minutes[minute] = (this.#minutes[minute] ?? 0) + hashes;
    this.#total += hashes;
  }

  /** Mean since the start, H/s. */
  mean(nowMs: number): number {
    return this.#total / Math.max(1, (nowMs - this.#startMs) / 1_000);
  }

  windows(nowMs: number): HashrateSnapshot {
    this.#advance(nowMs);
    const ageS = Math.max(1, (nowMs - this.#startMs) / 1_000);
    // The present second is still filling: a window is that part of it, and the full ones before.
    const partS = (nowMs - this.#startMs) / 1_000 - this.#second;
    const partOfMinuteS = (nowMs - this.#startMs) / 1_000 - 60 * this.#minute;
    const over = (windowS: number) =>
      sumOfLast(this.#seconds, this.#second, windowS) /
      Math.max(1, Math.min(windowS - 1 + partS, ageS));
    return {
      s5: over(5),
      m1: over(60),
      m5: over(300),
      m15: over(900),
      h24:
        sumOfLast(this.#minutes, this.#minute, COARSE_MINUTES) /
        Math.max(1, Math.min(86_400 - 60 + partOfMinuteS, ageS)),
    };
  }

  #advance(nowMs: number): void {
    const second = Math.max(this.#second, Math.floor((nowMs - this.#startMs) / 1_000));
    const minute = Math.floor(second / 60);
    clearBetween(this.#seconds, this.#second, second);
    clearBetween(this.#minutes, this.#minute, minute);
    this.#second = second;
    this.#minute = minute;
  }
}

function clearBetween(ring: Float64Array, from: number, to: number): void {
  const steps = Math.min(to - from, ring.length);
  for (let i = 1; i <= steps; i++) ring[(from + i) % ring.length] = 0;
}

function sumOfLast(ring: Float64Array, head: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(count, ring.length, head + 1); i++) {
    sum += ring[(head - i) % ring.length] ?? 0;
  }
  return sum;
}
