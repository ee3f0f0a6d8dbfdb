/** Version bits of one Stratum V1 connection (BIP310): agreed on once, changed by the pool at any time. */
import type { Clock } from "../../../src/ports/clock.ts";

/**
 * A new mask counts immediately, but a share may have left the device before it arrived: for this long the mask before
 * counts too, for bits that fit no other.
 */
const OLD_MASK_COUNTS_MS = 5_000;

export class VersionMask {
  readonly #clock: Pick<Clock, "nowMs">;
  #mask: number | undefined;
  #before = 0;
  #changedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Whether submissions have a sixth parameter. */
  get isAgreed(): boolean {
    return this.#mask !== undefined;
  }

  agree(mask: number): void {
    this.#mask = mask;
  }

  change(mask: number): void {
    this.#before = this.#mask ?? 0;
    this.#changedMs = this.#clock.nowMs();
    this.#mask = mask;
  }

  /** The mask that a share with these bits is judged by; 0 where none was agreed on. */
  for(bits: number): number {
    const mask = this.#mask ?? 0;
    const isRecent = this.#clock.nowMs() - this.#changedMs <= OLD_MASK_COUNTS_MS;
    return isRecent && (bits & ~mask) !== 0 && (bits & ~this.#before) === 0 ? this.#before : mask;
  }
}
