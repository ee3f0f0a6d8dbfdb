/** A share that is a block, as a node wants it. */
import { wholeCoinbase, withWitness } from "./coinbase.ts";
import type { ShareVerdict } from "./share-validator.ts";
import type { FoundBlock } from "./template-source.ts";

export function foundBlock(share: Extract<ShareVerdict, { verdict: "accepted" }>): FoundBlock {
  const { header, hash, extranonce, template } = share;
  const coinbase = wholeCoinbase(template.coinbase, extranonce);
  const hasWitness = template.block.witnessCommitment !== undefined;
  return {
    template: template.block,
    header,
    hash,
    coinbase,
    coinbaseInBlock: hasWitness ? withWitness(coinbase) : coinbase,
  };
}
