/**
 * Hashes inside the process, on a clock that may be virtual: after any time each chip has made exactly its rate times
 * that time, and the same run gives the same hits in the same order.
 */
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ChainGeometry, ChainHit, ChainPlan, ChainSearcher } from "./chain-searcher.ts";
import { ChainSweeper } from "./chain-sweeper.ts";
import { openSampledSearcher } from "./sampled-engine.ts";
import { createSearch } from "./sha256d-simd.ts";

export interface SynchronousSearcherOptions {
  readonly clock: Clock;
  readonly geometry: ChainGeometry;
  readonly search?: "simd" | "plain";
  /** Hits are found in steps of at least this much time; 5 when absent. */
  readonly stepMs?: number;
  /**
   * "sweep", when absent: nonce after nonce as in silicon, so that chips of one speed report at the same moments once
   * they make only a few hashes each. "sampled": at random moments from random places of each chip's sweep, for hours of
   * virtual time at a scale at which few hashes are due.
   */
  readonly order?: "sweep" | "sampled";
  /** Of what "sampled" leaves to chance; 1 when absent. */
  readonly seed?: number;
}

export function openSynchronousSearcher(options: SynchronousSearcherOptions): ChainSearcher {
  return options.order === "sampled"
    ? openSampledSearcher(options)
    : new SynchronousSearcher(options);
}

class SynchronousSearcher implements ChainSearcher {
  readonly #clock: Clock;
  readonly #stepMs: number;
  readonly #hits = new Signal<ChainHit>();
  readonly #hashesDone: Float64Array;
  readonly #sweeper: ChainSweeper;
  #settledMs: number;
  #timer: Disposable | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #isDisposed = false;

  constructor({ clock, geometry, search, stepMs = 5 }: SynchronousSearcherOptions) {
    this.#clock = clock;
    this.#stepMs = stepMs;
    this.#hashesDone = new Float64Array(geometry.chipCount);
    this.#sweeper = new ChainSweeper({
      search: createSearch(search),
      geometry,
      chipIndices: Array.from({ length: geometry.chipCount }, (_, i) => i),
      hashesDone: this.#hashesDone,
      maxCreditMs: Number.POSITIVE_INFINITY,
      turnHashes: 4,
    });
    this.#settledMs = clock.nowMs();
  }

  publish(plan: ChainPlan): void {
    if (this.#isDisposed) return;
    this.#settle();
    this.#sweeper.load(plan);
    this.#schedule();
  }

  onHit(listener: (hit: ChainHit) => void): Disposable {
    return this.#hits.on(listener);
  }

  hashesDone(chipIndex: number): number {
    return this.#hashesDone[chipIndex] ?? 0;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  /** Makes every hash that is due at this moment. */
  #settle(): void {
    const nowMs = this.#clock.nowMs();
    this.#sweeper.credit(nowMs - this.#settledMs);
    this.#settledMs = nowMs;
    this.#sweeper.work(Number.POSITIVE_INFINITY, (hit) => this.#hits.emit(hit));
  }

  /** A chain that stands still has no timer; a slow one waits for its next hash. */
  #schedule(): void {
    if (!this.#sweeper.isActive) {
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
      return;
    }
    const delayMs = Math.max(this.#stepMs, this.#sweeper.nextTurnMs);
    const dueMs = this.#clock.nowMs() + delayMs;
    if (this.#timer !== undefined && this.#timerMs <= dueMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerMs = dueMs;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#settle();
      if (!this.#isDisposed) this.#schedule();
    });
  }
}
