/** Invented work: previous hashes, merkle roots, and coinbase transactions for devices that roll the extranonce. */
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import type { Entropy } from "../../src/ports/entropy.ts";

/** The difficulty of 2026, about 1.4e14: no share of a test will be a block. */
export const DEFAULT_NBITS = 0x17020000;
export const DEFAULT_VERSION = 0x20000000;
const BRANCHES = 3;

export interface SplitWork {
  readonly merklePath: readonly Uint8Array[];
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
}

/** Looks like the hash of a block of today's network: its zero bits come last in internal order. */
export function inventPrevHash(entropy: Entropy): Uint8Array {
  const hash = new Uint8Array(32);
  hash.set(entropy.randomBytes(22));
  return hash;
}

/** A coinbase transaction without witness, cut where the extranonce of that length goes. */
export function inventSplitWork(entropy: Entropy, extranonceBytes: number): SplitWork {
  const script = concatBytes(
    Uint8Array.of(3),
    entropy.randomBytes(3),
    Uint8Array.of(extranonceBytes),
  );
  return {
    merklePath: Array.from({ length: BRANCHES }, () => entropy.randomBytes(32)),
    prefix: concatBytes(
      Uint8Array.of(2, 0, 0, 0, 1),
      new Uint8Array(32),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, script.length + extranonceBytes),
      script,
    ),
    // One output of 0 to a script of 22 zero bytes, then the lock time.
    suffix: concatBytes(
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1),
      new Uint8Array(8),
      Uint8Array.of(22),
      new Uint8Array(22),
      new Uint8Array(4),
    ),
  };
}

export function rootOf(work: SplitWork, extranonce: Uint8Array): Uint8Array {
  const coinbase = concatBytes(work.prefix, extranonce, work.suffix);
  return foldMerklePath(sha256d(coinbase), work.merklePath);
}
