/** How far one chip is in its sweep: cores first, then versions side by side, then the counter, then the next batch. */
import type { ChainGeometry, ChipSweep } from "./chain-searcher.ts";
import { type CoreSpan, coreSpans } from "./core-spans.ts";
import { type HitMasks, hitMasks } from "./nonce-search.ts";

const stopped: ChipSweep = {
  hashesPerSecond: 0,
  nonceStart: 0,
  counterMask: 0,
  windowNonces: 0,
  versionMask: 0,
  ticketMask: 0,
  quarters: 0,
};

export class SweepPosition {
  readonly chipIndex: number;
  sweep: ChipSweep = stopped;
  masks: HitMasks = hitMasks(32, 0);
  jobGeneration = -1;
  creditHashes = 0;
  batch = 0;
  counter = 0;
  quad = 0;
  core = 0;
  #spans: readonly CoreSpan[] = [];
  #span = 0;

  constructor(chipIndex: number) {
    this.chipIndex = chipIndex;
  }

  get isHashing(): boolean {
    return this.sweep.hashesPerSecond > 0 && this.sweep.windowNonces > 0 && this.#spans.length > 0;
  }

  get span(): CoreSpan | undefined {
    return this.#spans[this.#span];
  }

  use(sweep: ChipSweep, { cores, requiredZeroBits }: ChainGeometry): void {
    if (sweep === this.sweep) return;
    if (sweep.quarters !== this.sweep.quarters) {
      this.#spans = coreSpans(sweep.quarters, cores);
      this.#span = 0;
      this.core = 0;
    }
    if (sweep.versionMask !== this.sweep.versionMask) this.restart();
    this.masks = hitMasks(requiredZeroBits, sweep.ticketMask);
    this.sweep = sweep;
    if (!this.isHashing) this.creditHashes = 0;
  }

  restart(): void {
    this.batch = 0;
    this.counter = 0;
    this.quad = 0;
    this.core = 0;
    this.#span = 0;
  }

  /** The next cores; after the last the next four versions, then the next nonce, then the next batch of versions. */
  nextSpan(quads: number, batches: number): void {
    this.core = 0;
    if (++this.#span < this.#spans.length) return;
    this.#span = 0;
    if (++this.quad < quads) return;
    this.quad = 0;
    if (++this.counter < this.sweep.windowNonces) return;
    this.counter = 0;
    // After the last batch the chip repeats itself without a sign [C].
    this.batch = (this.batch + 1) % batches;
  }
}
