/**
 * A searcher that does something only when a hit is due, however many chips there are: an hour of three chains costs as
 * much as the nonces that they report. Each chip's count of hashes is its rate times the time, to the hash.
 */

import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { SeededRandom } from "../chain/random.ts";
import { ChainSampler } from "./chain-sampler.ts";
import type { ChainGeometry, ChainHit, ChainPlan, ChainSearcher } from "./chain-searcher.ts";
import { createSearch } from "./sha256d-simd.ts";

export interface SampledSearcherOptions {
  readonly clock: Clock;
  readonly geometry: ChainGeometry;
  readonly search?: "simd" | "plain";
  readonly stepMs?: number;
  readonly seed?: number;
}

export function openSampledSearcher(options: SampledSearcherOptions): ChainSearcher {
  return new SampledSearcher(options);
}

class SampledSearcher implements ChainSearcher {
  readonly #clock: Clock;
  readonly #stepMs: number;
  readonly #hits = new Signal<ChainHit>();
  readonly #sampler: ChainSampler;
  /** Up to the moment since when the rates are what they are. */
  readonly #hashesBefore: Float64Array;
  readonly #rates: Float64Array;
  #ratesSinceMs: number;
  #nextHitMs = Number.POSITIVE_INFINITY;
  #timer: Disposable | undefined;
  #isDisposed = false;

  constructor({ clock, geometry, search, stepMs = 5, seed = 1 }: SampledSearcherOptions) {
    this.#clock = clock;
    this.#stepMs = stepMs;
    this.#hashesBefore = new Float64Array(geometry.chipCount);
    this.#rates = new Float64Array(geometry.chipCount);
    this.#sampler = new ChainSampler({
      search: createSearch(search),
      geometry,
      random: new SeededRandom(seed),
    });
    this.#ratesSinceMs = clock.nowMs();
  }

  publish(plan: ChainPlan): void {
    if (this.#isDisposed) return;
    this.#report();
    this.#sampler.load(plan);
    this.#takeRates();
    // What was due later is drawn anew: chance has no memory.
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#nextHitMs = this.#clock.nowMs() + this.#sampler.drawWaitMs();
    this.#schedule();
  }

  onHit(listener: (hit: ChainHit) => void): Disposable {
    return this.#hits.on(listener);
  }

  hashesDone(chipIndex: number): number {
    const seconds = (this.#clock.nowMs() - this.#ratesSinceMs) / 1_000;
    const rate = this.#rates[chipIndex] ?? 0;
    return Math.floor((this.#hashesBefore[chipIndex] ?? 0) + rate * seconds);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #takeRates(): void {
    const nowMs = this.#clock.nowMs();
    const seconds = (nowMs - this.#ratesSinceMs) / 1_000;
    this.#ratesSinceMs = nowMs;
    for (let i = 0; i < this.#rates.length; i++) {
      this.#hashesBefore[i] =
        (this.#hashesBefore[i] as number) + (this.#rates[i] as number) * seconds;
      this.#rates[i] = this.#sampler.hashesPerSecond(i);
    }
  }

  /** All hits that are due by now. */
  #report(): void {
    const nowMs = this.#clock.nowMs();
    while (this.#nextHitMs <= nowMs && !this.#isDisposed) {
      this.#nextHitMs += this.#sampler.drawWaitMs();
      this.#hits.emit(this.#sampler.drawHit());
    }
  }

  #schedule(): void {
    if (this.#nextHitMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(this.#stepMs, this.#nextHitMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#report();
      if (!this.#isDisposed) this.#schedule();
    });
  }
}
