/** Durations in buckets that grow by five percent: any number of them in fixed memory, and sums of several processes. */

const GROWTH = Math.log(1.05);
const SMALLEST_MS = 0.01;
const BUCKETS = 400;

export class Histogram {
  readonly #buckets: number[];
  #maxMs: number;

  constructor(from: HistogramData = { buckets: [], maxMs: 0 }) {
    this.#buckets = Array.from({ length: BUCKETS }, (_, index) => from.buckets[index] ?? 0);
    this.#maxMs = from.maxMs;
  }

  add(durationMs: number): void {
    const place = Math.floor(Math.log(Math.max(durationMs, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
    const index = Math.min(place, BUCKETS - 1);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#maxMs = Math.max(this.#maxMs, durationMs);
  }

  merge({ buckets, maxMs }: HistogramData): void {
    for (const [index, count] of buckets.entries())
      this.#buckets[index] = (this.#buckets[index] ?? 0) + count;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  data(): HistogramData {
    return { buckets: [...this.#buckets], maxMs: this.#maxMs };
  }

  get count(): number {
    return this.#buckets.reduce((sum, count) => sum + count, 0);
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Upper edge of the bucket that holds this share of all durations; 0 when there are none. */
  percentileMs(share: number): number {
    let left = share * this.count;
    if (left === 0) return 0;
    for (const [index, count] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0) return Math.min(this.#maxMs, SMALLEST_MS * Math.exp((index + 1) * GROWTH));
    }
    return this.#maxMs;
  }
}

export interface HistogramData {
  readonly buckets: readonly number[];
  readonly maxMs: number;
}
