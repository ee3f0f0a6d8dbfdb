/** Whose turn is it? Divides one chain's time among claimants in the ratio of their weights. */

/**
 * Who had nothing to hash for a while may catch up this much of everybody's time, no more: work that a dead pool missed
 * is gone, and paying it back would starve the others.
 */
const MAX_ARREARS_MS = 300_000;

export interface Claimant {
  /** Part of the time relative to the others; 0: none at all. May change at any time. */
  readonly weight: number;
  /** Whose time it is: claimants of one group take each other's place. Absent: its own. */
  readonly group?: unknown;
}

/** Stride scheduling: each turn goes to the one whose time, divided by its weight, lags most. */
export class Turns<T extends Claimant> {
  readonly #lag = new Map<unknown, number>();

  /** The claimant had the chain for this long. */
  spent(claimant: T, durationMs: number): void {
    if (claimant.weight <= 0) return;
    this.#lag.set(keyOf(claimant), this.#of(claimant) + durationMs / claimant.weight);
  }

  /** Of those that could use the next turn; `undefined` when none has a weight. The first wins a tie. */
  next(candidates: readonly T[]): T | undefined {
    let ahead = Number.NEGATIVE_INFINITY;
    for (const one of candidates) if (one.weight > 0) ahead = Math.max(ahead, this.#of(one));
    let chosen: T | undefined;
    for (const one of candidates) {
      if (one.weight <= 0) continue;
      const leastMs = ahead - MAX_ARREARS_MS;
      if (this.#of(one) < leastMs) this.#lag.set(keyOf(one), leastMs);
      if (chosen === undefined || this.#of(one) < this.#of(chosen)) chosen = one;
    }
    return chosen;
  }

  /** A newcomer begins where the hindmost stands: no arrears from before its time. */
  #of(claimant: T): number {
    const key = keyOf(claimant);
    const known = this.#lag.get(key);
    if (known !== undefined) return known;
    const start = this.#lag.size === 0 ? 0 : Math.min(...this.#lag.values());
    this.#lag.set(key, start);
    return start;
  }
}

function keyOf(claimant: Claimant): unknown {
  return claimant.group ?? claimant;
}
