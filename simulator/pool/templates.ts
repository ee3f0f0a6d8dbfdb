/** Templates as the pool hands them out: numbered as jobs, with a coinbase of its own. */
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { targetFromCompact } from "../../src/bitcoin/target.ts";
import { equalBytes } from "../../src/lib/bytes.ts";
import {
  buildCoinbase,
  coinbaseTxid,
  EXTRANONCE_PREFIX_BYTES,
  type SplitCoinbase,
} from "./coinbase.ts";
import type { BlockTemplate, TemplateSource } from "./template-source.ts";

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
  /** The same object as long as the previous block is the same. */
  readonly tip: Tip;
  readonly version: number;
  readonly coinbase: SplitCoinbase;
  readonly merklePath: readonly Uint8Array[];
  /** As it came from the source. */
  readonly block: BlockTemplate;
}

export interface CoinbasePlan {
  readonly payoutScript: Uint8Array;
  /** Bytes of the extranonce that devices may choose. */
  readonly extranonceSize: number;
}

const TAG = "asicd simulated pool";

export class Templates implements Disposable {
  readonly source: TemplateSource;
  readonly #plan: CoinbasePlan;
  readonly #subscription: Disposable;
  #nextJobId = 1;
  current: Template;

  /** `onChange` is told whether the previous block is another one. */
  constructor(source: TemplateSource, plan: CoinbasePlan, onChange: (isNewBlock: boolean) => void) {
    this.source = source;
    this.#plan = plan;
    this.current = this.#take(undefined);
    this.#subscription = source.onChange(() => {
      const before = this.current.tip;
      this.current = this.#take(before);
      onChange(this.current.tip !== before);
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #take(before: Tip | undefined): Template {
    const block = this.source.current;
    const { height, prevHash, nbits, version, valueSats, merklePath, witnessCommitment } = block;
    const tip =
      before !== undefined && equalBytes(before.prevHash, prevHash)
        ? before
        : { height, prevHash, nbits, networkTarget: targetFromCompact(nbits) };
    const { payoutScript, extranonceSize } = this.#plan;
    const extranonceBytes = EXTRANONCE_PREFIX_BYTES + extranonceSize;
    return {
      jobId: this.#nextJobId++,
      tip,
      version,
      coinbase: buildCoinbase({
        height,
        valueSats,
        tag: TAG,
        payoutScript,
        witnessCommitment,
        extranonceBytes,
      }),
      merklePath,
      block,
    };
  }
}

/** The merkle root that a whole extranonce makes: it is what makes a channel's headers its own. */
export function merkleRootOf(
  { coinbase, merklePath }: Pick<Template, "coinbase" | "merklePath">,
  extranonce: Uint8Array,
): Uint8Array {
  return foldMerklePath(coinbaseTxid(coinbase, extranonce), merklePath);
}
