/** The chain as the simulated pool sees it: a tip, and block templates on top of it whose fees grow until the next block. */
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { targetFromCompact } from "../../src/bitcoin/target.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { buildCoinbase, coinbaseTxid, type SplitCoinbase } from "./coinbase.ts";

export interface Tip {
  /** Of the block that is being looked for. */
  readonly height: number;
  /** Internal byte order. */
  readonly prevHash: Uint8Array;
  readonly nbits: number;
  /** What `nbits` stands for. */
  readonly networkTarget: Uint8Array;
}

export interface Template {
  /** Also the job id in every channel, so that one message may address a whole group. */
  readonly jobId: number;
  readonly tip: Tip;
  readonly version: number;
  readonly coinbase: SplitCoinbase;
  readonly merklePath: readonly Uint8Array[];
}

const SUBSIDY_SATS = 312_500_000n;
const FEES_PER_TEMPLATE_SATS = 1_250_000n;
const VERSION = 0x20000000;
const TRANSACTIONS_DEPTH = 12;

export class TemplateSource {
  readonly #entropy: Pick<Entropy, "randomBytes">;
  #fees = 0n;
  #nextJobId = 1;
  current: Template;

  constructor(
    entropy: Pick<Entropy, "randomBytes">,
    start: { readonly height: number; readonly nbits: number },
  ) {
    this.#entropy = entropy;
    this.current = this.#template({
      ...start,
      prevHash: this.#inventedHash(),
      networkTarget: targetFromCompact(start.nbits),
    });
  }

  /** A block arrives: found by a share (`hash`), or by somebody else. */
  nextBlock(hash: Uint8Array = this.#inventedHash()): Template {
    const { height, nbits, networkTarget } = this.current.tip;
    this.#fees = 0n;
    this.current = this.#template({ height: height + 1, prevHash: hash, nbits, networkTarget });
    return this.current;
  }

  /** New transactions for the same block. */
  nextTemplate(): Template {
    this.#fees += FEES_PER_TEMPLATE_SATS;
    this.current = this.#template(this.current.tip);
    return this.current;
  }

  #template(tip: Tip): Template {
    return {
      jobId: this.#nextJobId++,
      tip,
      version: VERSION,
      coinbase: buildCoinbase(tip.height, SUBSIDY_SATS + this.#fees, "asicd simulated pool"),
      merklePath: Array.from({ length: TRANSACTIONS_DEPTH }, () => this.#entropy.randomBytes(32)),
    };
  }

  /** Looks like a block of today's network: about 80 zero bits, which end up last in internal order. */
  #inventedHash(): Uint8Array {
    const hash = new Uint8Array(32);
    hash.set(this.#entropy.randomBytes(22));
    return hash;
  }
}

/** The merkle root of a channel: its extranonce makes the coinbase, and so the root, its own. */
export function channelMerkleRoot(template: Template, extranonce: Uint8Array): Uint8Array {
  return foldMerklePath(coinbaseTxid(template.coinbase, extranonce), template.merklePath);
}
