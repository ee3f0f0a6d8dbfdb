/**
 * Means over equal steps of time, of which a bounded number is kept. Where a step lies follows from its number alone
 * (`slotOf`), here as in the file: nothing points anywhere, so a wrong clock or a damaged record costs its own steps only.
 */

/** Of all series in one step. A mean weighs as many seconds (of chips: minutes) as it is known of; 0 is unknown. */
export interface StepMeans {
  /** Unix seconds ÷ length of a step. */
  readonly step: number;
  readonly means: Float32Array;
  readonly weights: Uint16Array;
}

export function slotOf(step: number, capacity: number): number {
  return step % capacity;
}

export function emptyMeans(step: number, width: number): StepMeans {
  return { step, means: new Float32Array(width), weights: new Uint16Array(width) };
}

/** Series by series the one with more weight, of equals the later: `later` as it is to be kept. */
export function fullerMeans(earlier: StepMeans | undefined, later: StepMeans): StepMeans {
  if (earlier === undefined || earlier.step !== later.step) return later;
  const fuller = emptyMeans(later.step, later.means.length);
  for (let i = 0; i < later.means.length; i++) {
    const kept = (earlier.weights[i] ?? 0) > (later.weights[i] ?? 0) ? earlier : later;
    fuller.means[i] = kept.means[i] ?? 0;
    fuller.weights[i] = kept.weights[i] ?? 0;
  }
  return fuller;
}

export class MeanRing {
  readonly stepS: number;
  readonly capacity: number;
  readonly width: number;
  /** By slot; -1: none. */
  readonly #steps: Float64Array;
  readonly #means: Float32Array;
  readonly #weights: Uint16Array;

  constructor(stepS: number, capacity: number, width: number) {
    this.stepS = stepS;
    this.capacity = capacity;
    this.width = width;
    this.#steps = new Float64Array(capacity).fill(-1);
    this.#means = new Float32Array(capacity * width);
    this.#weights = new Uint16Array(capacity * width);
  }

  /** Borrowed: the next lap overwrites it. */
  get(step: number): StepMeans | undefined {
    const slot = slotOf(step, this.capacity);
    if (this.#steps[slot] !== step) return undefined;
    const [from, to] = [slot * this.width, (slot + 1) * this.width];
    return {
      step,
      means: this.#means.subarray(from, to),
      weights: this.#weights.subarray(from, to),
    };
  }

  /** In place of whatever has its slot. */
  put({ step, means, weights }: StepMeans): void {
    const slot = slotOf(step, this.capacity);
    this.#steps[slot] = step;
    this.#means.set(means, slot * this.width);
    this.#weights.set(weights, slot * this.width);
  }

  /** Numbers of all that is kept, in no order. */
  steps(): readonly number[] {
    return [...this.#steps].filter((step) => step >= 0);
  }

  oldestWithin(fromStep: number, toStep: number): number | undefined {
    let oldest: number | undefined;
    for (const step of this.#steps)
      if (step >= fromStep && step <= toStep && (oldest === undefined || step < oldest))
        oldest = step;
    return oldest;
  }
}

/** Mean of means, each with its weight. */
export class WeightedMeans {
  readonly #sums: Float64Array;
  readonly #weights: Float64Array;

  constructor(width: number) {
    this.#sums = new Float64Array(width);
    this.#weights = new Float64Array(width);
  }

  add({ means, weights }: StepMeans): void {
    for (let i = 0; i < this.#sums.length; i++) {
      const weight = weights[i] ?? 0;
      if (weight === 0) continue;
      this.#sums[i] = (this.#sums[i] ?? 0) + weight * (means[i] ?? 0);
      this.#weights[i] = (this.#weights[i] ?? 0) + weight;
    }
  }

  /** Null is unknown. */
  mean(index: number): number | null {
    const weight = this.#weights[index] ?? 0;
    return weight === 0 ? null : (this.#sums[index] ?? 0) / weight;
  }

  toStep(step: number): StepMeans {
    const whole = emptyMeans(step, this.#sums.length);
    for (let i = 0; i < this.#sums.length; i++) {
      whole.means[i] = this.mean(i) ?? 0;
      whole.weights[i] = this.#weights[i] ?? 0;
    }
    return whole;
  }

  clear(): void {
    this.#sums.fill(0);
    this.#weights.fill(0);
  }
}
