/** The last few thousand durations, and their percentiles on demand. */
import type { LatencySnapshot } from "./snapshot.ts";

const KEPT = 4_096;

export class LatencyRecorder {
  readonly #samplesMs = new Float64Array(KEPT);
  #count = 0;
  #maxMs = 0;

  add(durationMs: number): void {
    this.#samplesMs[this.#count % KEPT] = durationMs;
    this.#count++;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  /** `null` when nothing was measured. p50 and p99 over the last 4 096, max over all. */
  snapshot(): LatencySnapshot | null {
    if (this.#count === 0) return null;
    const sorted = this.#samplesMs.slice(0, Math.min(this.#count, KEPT)).sort();
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { count: this.#count, p50: at(0.5), p99: at(0.99), max: this.#maxMs };
  }
}
