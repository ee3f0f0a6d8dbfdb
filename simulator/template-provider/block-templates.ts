/** Block templates as a Bitcoin node would offer them: real merkle trees over invented transactions. */
import { merkleRoot } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { targetFromCompact } from "../../src/bitcoin/target.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { heightPush } from "../pool/coinbase.ts";
import { inventTransaction, witnessCommitment } from "./transaction.ts";

export interface BlockTemplate {
  readonly templateId: bigint;
  readonly height: number;
  /** Internal byte order. */
  readonly prevHash: Uint8Array;
  readonly nbits: number;
  /** What `nbits` stands for. */
  readonly target: Uint8Array;
  readonly version: number;
  /** What the coinbase's input script begins with (BIP34). */
  readonly coinbasePrefix: Uint8Array;
  /** Subsidy and fees. */
  readonly valueSats: bigint;
  readonly commitmentScript: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  /** From the coinbase's txid to the merkle root. */
  readonly merklePath: readonly Uint8Array[];
}

const SUBSIDY_SATS = 5_000_000_000n;
const FEE_SATS = 20_000n;
const VERSION = 0x20000000;
const TRANSACTIONS_IN_FIRST_TEMPLATE = 3;

export class BlockTemplates {
  readonly #entropy: Pick<Entropy, "randomBytes">;
  readonly #nbits: number;
  #nextTemplateId = 1n;
  current: BlockTemplate;

  constructor(
    entropy: Pick<Entropy, "randomBytes">,
    start: { readonly height: number; readonly nbits: number },
  ) {
    this.#entropy = entropy;
    this.#nbits = start.nbits;
    this.current = this.#template(start.height, this.#inventedHash(), this.#transactions());
  }

  /** On top of the present one: found with `hash`, or by somebody else. */
  nextBlock(hash: Uint8Array = this.#inventedHash()): BlockTemplate {
    this.current = this.#template(this.current.height + 1, hash, this.#transactions());
    return this.current;
  }

  /** One transaction more on the same previous block. */
  nextTemplate(): BlockTemplate {
    const { height, prevHash, transactions } = this.current;
    const more = [...transactions, inventTransaction(this.#entropy)];
    this.current = this.#template(height, prevHash, more);
    return this.current;
  }

  #template(
    height: number,
    prevHash: Uint8Array,
    transactions: readonly Uint8Array[],
  ): BlockTemplate {
    const txids = transactions.map((transaction) => sha256d(transaction));
    return {
      templateId: this.#nextTemplateId++,
      height,
      prevHash,
      nbits: this.#nbits,
      target: targetFromCompact(this.#nbits),
      version: VERSION,
      coinbasePrefix: heightPush(height),
      valueSats: SUBSIDY_SATS + FEE_SATS * BigInt(transactions.length),
      // The coinbase's own wtxid counts as zero (BIP141).
      commitmentScript: witnessCommitment(merkleRoot([new Uint8Array(32), ...txids])),
      transactions,
      merklePath: coinbaseMerklePath(txids),
    };
  }

  #transactions(): Uint8Array[] {
    return Array.from({ length: TRANSACTIONS_IN_FIRST_TEMPLATE }, () =>
      inventTransaction(this.#entropy),
    );
  }

  #inventedHash(): Uint8Array {
    const hash = new Uint8Array(32);
    hash.set(this.#entropy.randomBytes(26));
    return hash;
  }
}

/** The right-hand neighbours on the way from the coinbase, which is leaf 0, to the root. */
export function coinbaseMerklePath(otherTxids: readonly Uint8Array[]): Uint8Array[] {
  const path: Uint8Array[] = [];
  let others = otherTxids;
  while (others.length > 0) {
    const [neighbour, ...rest] = others;
    path.push(neighbour as Uint8Array);
    const above: Uint8Array[] = [];
    for (let i = 0; i < rest.length; i += 2) {
      const left = rest[i] as Uint8Array;
      above.push(sha256d(concatBytes(left, rest[i + 1] ?? left)));
    }
    others = above;
  }
  return path;
}
