/** Merkle roots. All hashes are in internal byte order. */
import { concatBytes } from "../lib/bytes.ts";
import { sha256d } from "./sha256.ts";

/** The root above a leaf that is always the left child: how a coinbase becomes a merkle root (SV2 §5.3.16). */
export function foldMerklePath(leafHash: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  return path.reduce((left, right) => sha256d(concatBytes(left, right)), leafHash);
}

/** The root of a block's transaction ids; an odd row repeats its last one. Throws RangeError when there is none. */
export function merkleRoot(txids: readonly Uint8Array[]): Uint8Array {
  let row = txids;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const left = row[i] as Uint8Array;
      above.push(sha256d(concatBytes(left, row[i + 1] ?? left)));
    }
    row = above;
  }
  const [root] = row;
  if (root === undefined)
    throw new RangeError("merkle root: no transactions, at least 1 is needed");
  return root;
}
