/** Judges a block that a pool believes to have found. */
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { meetsTarget } from "../../src/bitcoin/target.ts";
import { equalBytes } from "../../src/lib/bytes.ts";
import type { BlockTemplate } from "./block-templates.ts";
import { parseCoinbase } from "./transaction.ts";

export interface Solution {
  readonly version: number;
  readonly headerTimestamp: number;
  readonly headerNonce: number;
  /** With its witness. */
  readonly coinbaseTx: Uint8Array;
}

export type SolutionVerdict =
  | { readonly verdict: "block"; readonly hash: Uint8Array }
  | {
      readonly verdict: "invalid";
      readonly reason: "coinbase" | "height" | "value" | "commitment" | "target";
    };

export function judgeSolution(solution: Solution, template: BlockTemplate): SolutionVerdict {
  const coinbase = parseCoinbase(solution.coinbaseTx);
  if (coinbase === undefined) return { verdict: "invalid", reason: "coinbase" };
  const { coinbasePrefix, commitmentScript, prevHash, nbits } = template;
  if (!equalBytes(coinbase.inputScript.subarray(0, coinbasePrefix.length), coinbasePrefix))
    return { verdict: "invalid", reason: "height" };
  if (coinbase.outputsSats > template.valueSats) return { verdict: "invalid", reason: "value" };
  if (!coinbase.outputScripts.some((script) => equalBytes(script, commitmentScript)))
    return { verdict: "invalid", reason: "commitment" };
  const hash = hashHeader(
    encodeHeader({
      version: solution.version,
      prevHash,
      merkleRoot: foldMerklePath(coinbase.txid, template.merklePath),
      ntime: solution.headerTimestamp,
      nbits,
      nonce: solution.headerNonce,
    }),
  );
  return meetsTarget(hash, template.target)
    ? { verdict: "block", hash }
    : { verdict: "invalid", reason: "target" };
}
