/** Randomness that repeats: the same seed gives the same inputs, on any machine. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A generator of its own for one run of one target, so that a run can be repeated without those before it. */
  static forRun(seed: number, target: string, at: number): Random {
    let state = (seed ^ 0x9e3779b9) >>> 0;
    for (const part of [...Buffer.from(target), at & 0xffff, Math.floor(at / 0x10000)])
      state = mixed(state ^ part);
    return new Random(state);
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return mixed(this.#state);
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor((this.u32() / 2 ** 32) * below);
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.u32() / 2 ** 32 < probability;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("random: nothing to pick from");
    return from[this.below(from.length)] as T;
  }

  /** One of the values, as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of choices) {
      if (left < weight) return value;
      left -= weight;
    }
    throw new RangeError("random: no weights");
  }

  /** Short ones are common, long ones are not: the length is the least of two. */
  length(max: number): number {
    return Math.min(this.between(0, max), this.between(0, max));
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() >>> 24);
  }

  /** Numbers at which code goes wrong, and some others, 0 to 2^`bits` - 1. */
  number(bits: number): number {
    const limit = 2 ** bits;
    return this.weighted([
      [4, () => this.below(4)],
      [2, () => Math.min(limit - 1, 2 ** this.below(bits + 1) - this.below(2))],
      [1, () => limit - 1 - this.below(3)],
      [2, () => this.below(limit)],
    ])();
  }
}

/** The finalizer of MurmurHash3, which is in the public domain. */
function mixed(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
