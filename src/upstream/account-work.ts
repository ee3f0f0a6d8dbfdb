/** Work as a number of expected hashes, and how it is shown. */
import type { WorkSnapshot } from "../telemetry/account-snapshot.ts";

/** 2^32 hashes are a difficulty of 1, as hashrate is reckoned; a pool's own difficulty 1 is harder by 0.0015 %. */
const DIFFICULTY_ONE_BITS = 32n;

/**
 * Hashes ÷ 2^32 as a decimal number; with all of its at most 32 decimals exact, with fewer of them rounded to the nearest.
 * Throws RangeError below zero.
 */
export function difficultyText(hashes: bigint, decimals = 32): string {
  if (hashes < 0n) throw new RangeError(`hashes: ${hashes}; allowed: zero or more`);
  const scaled = hashes * 10n ** BigInt(decimals);
  const rounded = (scaled + (1n << (DIFFICULTY_ONE_BITS - 1n))) >> DIFFICULTY_ONE_BITS;
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

export function workSnapshot(hashes: bigint): WorkSnapshot {
  return { hashes: hashes.toString(), difficulty: difficultyText(hashes) };
}

/** A sum of whole numbers that stays exact beyond 2^53, and of which an addition costs no more than one of numbers. */
export class HashSum {
  #whole = 0n;
  #recent = 0;

  add(hashes: number): void {
    this.#recent += hashes;
    if (this.#recent >= FOLD_AT) this.#fold();
  }

  addBig(hashes: bigint): void {
    this.#whole += hashes;
  }

  total(): bigint {
    this.#fold();
    return this.#whole;
  }

  #fold(): void {
    this.#whole += BigInt(Math.floor(this.#recent));
    this.#recent = 0;
  }
}

/** Below this a double adds whole numbers exactly. */
const FOLD_AT = 2 ** 52;
