/** The merkle root that a coinbase's parts and its branches make, by another library than the code under test. */
import { createHash } from "node:crypto";

/** Hex of the internal byte order. */
export function foldedRoot(
  coinbase: readonly Uint8Array[],
  branches: readonly Uint8Array[],
): string {
  let root = doubleSha(Buffer.concat(coinbase));
  for (const branch of branches) root = doubleSha(Buffer.concat([root, branch]));
  return root.toString("hex");
}

function doubleSha(bytes: Uint8Array): Buffer {
  const once = createHash("sha256").update(bytes).digest();
  return createHash("sha256").update(once).digest();
}
