/** Shares for tests of accounts. */
import { targetFromCompact, targetFromDifficulty } from "../../src/bitcoin/target.ts";
import type { CountedShare } from "../../src/upstream/account.ts";
import type { PoolIdentity } from "../../src/upstream/account-record.ts";
import { hashesPerShare } from "../../src/upstream/share-answers.ts";

export const IDENTITY: PoolIdentity = {
  protocol: "sv2",
  host: "pool.example",
  port: 3336,
  user: "account.worker",
};
export const UNIX_NOW = 1_790_000_000;
/** A network difficulty of some 10^14, as in 2026. */
export const NBITS = 0x1702_3000;

const targets = new Map<number, Uint8Array>();

export function targetOf(difficulty: number): Uint8Array {
  const known = targets.get(difficulty) ?? targetFromDifficulty(difficulty);
  targets.set(difficulty, known);
  return known;
}

export function hashesOf(difficulty: number): bigint {
  return hashesPerShare(targetOf(difficulty));
}

/** A share whose hash is just good enough for `hashDifficulty`. */
export function share(options: {
  readonly chainIndex?: number;
  readonly difficulty?: number;
  readonly hashDifficulty?: number;
  readonly nbits?: number;
  readonly unixSeconds?: number;
}): CountedShare {
  const { chainIndex = 0, difficulty = 1_024, hashDifficulty = difficulty } = options;
  return {
    chainIndex,
    target: targetOf(difficulty),
    hash: targetFromDifficulty(hashDifficulty),
    nbits: options.nbits ?? NBITS,
    unixSeconds: options.unixSeconds ?? UNIX_NOW,
  };
}

export function blockHash(nbits: number): Uint8Array {
  return targetFromCompact(nbits);
}
