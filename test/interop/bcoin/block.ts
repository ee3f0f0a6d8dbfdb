/** Between getblocktemplate and submitblock (BIP22, BIP145): a template for the pool, and the block that came of it. */

import type { BlockTemplate, FoundBlock } from "../../../simulator/pool/template-source.ts";
import { coinbaseMerklePath } from "../../../simulator/template-provider/block-templates.ts";
import { concatBytes, fromHex, reversed, toHex } from "../../../src/lib/bytes.ts";

/** The parts of the node's answer that are used. */
export interface NodeTemplate {
  readonly version: number;
  readonly rules: readonly string[];
  readonly height: number;
  readonly previousblockhash: string;
  readonly bits: string;
  readonly mintime: number;
  readonly coinbasevalue: number;
  readonly default_witness_commitment?: string;
  readonly transactions: readonly { readonly data: string; readonly txid: string }[];
}

/** What the pool works on, and gives back with a block. */
export interface BcoinTemplate extends BlockTemplate {
  /** In the block's order, as they go into it. */
  readonly transactions: readonly Uint8Array[];
}

/** What getblocktemplate is asked with: bcoin answers nothing to a miner that does not know what holds on its chain. */
export const TEMPLATE_REQUEST = { rules: ["segwit", "csv", "testdummy"] };

export function templateFromNode(node: NodeTemplate): BcoinTemplate {
  // bcoin names a commitment before witnesses are allowed too, where a coinbase with one would be refused.
  const commitment = node.rules.includes("!segwit") ? node.default_witness_commitment : undefined;
  return {
    height: node.height,
    prevHash: reversed(fromHex(node.previousblockhash)),
    nbits: Number.parseInt(node.bits, 16),
    version: node.version,
    valueSats: BigInt(node.coinbasevalue),
    merklePath: coinbaseMerklePath(node.transactions.map(({ txid }) => reversed(fromHex(txid)))),
    witnessCommitment: commitment === undefined ? undefined : fromHex(commitment),
    minTime: node.mintime,
    transactions: node.transactions.map(({ data }) => fromHex(data)),
  };
}

/** The whole block as submitblock wants it. */
export function blockHex(
  { header, coinbaseInBlock }: Pick<FoundBlock, "header" | "coinbaseInBlock">,
  transactions: readonly Uint8Array[],
): string {
  return toHex(
    concatBytes(header, compactSize(transactions.length + 1), coinbaseInBlock, ...transactions),
  );
}

/** Hashes are shown in the opposite of their internal order. */
export function shownHash(hash: Uint8Array): string {
  return toHex(reversed(hash));
}

/** No block here has 65 536 transactions. */
function compactSize(count: number): Uint8Array {
  return count < 0xfd ? Uint8Array.of(count) : Uint8Array.of(0xfd, count & 0xff, count >> 8);
}
