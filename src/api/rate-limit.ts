/** How many requests an address may send: a bucket each, refilled at a steady rate. */
import { sourceOf } from "./source-address.ts";

const MAX_SOURCES = 1_024;

export interface Rate {
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

interface Bucket {
  left: number;
  atS: number;
}

export class RateLimit {
  readonly #rate: Rate;
  /** The one that asked last at the end. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Seconds to wait; 0: the request is taken and counts, as `cost` plain ones. `nowS` is monotonic. */
  take(address: string, nowS: number, cost = 1): number {
    const { perSecond, burst } = this.#rate;
    // Whatever it costs, it can be had after a pause.
    const taken = Math.min(cost, burst);
    const key = sourceOf(address);
    const bucket = this.#buckets.get(key) ?? { left: burst, atS: nowS };
    bucket.left = Math.min(burst, bucket.left + (nowS - bucket.atS) * perSecond);
    bucket.atS = nowS;
    const waitS = bucket.left >= taken ? 0 : (taken - bucket.left) / perSecond;
    if (waitS === 0) bucket.left -= taken;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= MAX_SOURCES) break;
      this.#buckets.delete(oldest);
    }
    return waitS;
  }
}
