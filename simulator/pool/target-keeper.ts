/** The target of one channel: from the rate that a device claims, then from the shares it sends. */
import { meetsTarget } from "../../src/bitcoin/target.ts";
import { correctedRate, referenceCorrectedRate, targetForRate } from "./vardiff.ts";

export interface RateClaim {
  readonly nominalHps: number;
  /** The easiest target that the device accepts. */
  readonly maxTarget: Uint8Array;
}

export class TargetKeeper {
  readonly #sharesPerMinute: number;
  #claim: RateClaim;
  /** What vardiff believes; begins as the device's claim. */
  #assumedHps: number;
  #windowStartMs: number;
  #windowShares = 0;
  #windowDifficulty = 0;
  /** The target that the next job gets. */
  target: Uint8Array;

  constructor(claim: RateClaim, sharesPerMinute: number, nowMs: number) {
    this.#sharesPerMinute = sharesPerMinute;
    this.#claim = claim;
    this.#assumedHps = claim.nominalHps;
    this.#windowStartMs = nowMs;
    this.target = this.#targetFor(claim.nominalHps);
  }

  get claim(): RateClaim {
    return this.#claim;
  }

  /** The device changed its claim. */
  update(claim: RateClaim, nowMs: number): void {
    this.#claim = claim;
    this.#assume(claim.nominalHps, nowMs);
  }

  count(difficulty: number): void {
    this.#windowShares++;
    this.#windowDifficulty += difficulty;
  }

  /** Looks at the shares since the last look. True when the target changed. */
  adjust(nowMs: number, likeTheReferencePool: boolean): boolean {
    const window = {
      elapsedMs: nowMs - this.#windowStartMs,
      shares: this.#windowShares,
      difficultySum: this.#windowDifficulty,
    };
    const correct = likeTheReferencePool ? referenceCorrectedRate : correctedRate;
    const corrected = correct(this.#assumedHps, this.#sharesPerMinute, window);
    // The reference pool's window lasts until something is done about it.
    if (corrected === undefined && likeTheReferencePool) return false;
    this.#startWindow(nowMs);
    if (corrected === undefined) return false;
    const before = this.target;
    this.#assume(corrected, nowMs);
    return !sameTarget(before, this.target);
  }

  #assume(hashrateHps: number, nowMs: number): void {
    this.#assumedHps = hashrateHps;
    this.target = this.#targetFor(hashrateHps);
    this.#startWindow(nowMs);
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#windowShares = 0;
    this.#windowDifficulty = 0;
  }

  /** Never easier than the device accepts (SV2 §5.3.2). */
  #targetFor(hashrateHps: number): Uint8Array {
    const wanted = targetForRate(hashrateHps, this.#sharesPerMinute);
    return meetsTarget(wanted, this.#claim.maxTarget) ? wanted : this.#claim.maxTarget;
  }
}

export function sameTarget(a: Uint8Array, b: Uint8Array): boolean {
  return meetsTarget(a, b) && meetsTarget(b, a);
}
