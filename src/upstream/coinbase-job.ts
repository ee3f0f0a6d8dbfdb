/** A job whose coinbase is put together here: the pool leaves a part of the extranonce to us. All hashes in internal byte order. */
import { foldMerklePath } from "../bitcoin/merkle.ts";
import { sha256d } from "../bitcoin/sha256.ts";
import { concatBytes, equalBytes } from "../lib/bytes.ts";

export interface CoinbaseJob {
  readonly jobId: number;
  readonly version: number;
  /** Version bits that may be changed for this job; 0: none. */
  readonly versionMask: number;
  /** The coinbase without its witness, before and after the extranonce. */
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  /** From the coinbase's neighbour upwards. */
  readonly merklePath: readonly Uint8Array[];
  /** The pool's part of the extranonce, as it was when the job arrived: a later one is for later jobs. */
  readonly extranoncePrefix: Uint8Array;
}

/** The merkle root that the job has with our part of the extranonce (SV2 §5.3.16; the same in Stratum V1). */
export function merkleRootOf(job: CoinbaseJob, extranonce: Uint8Array): Uint8Array {
  const coinbase = concatBytes(
    job.coinbasePrefix,
    job.extranoncePrefix,
    extranonce,
    job.coinbaseSuffix,
  );
  return foldMerklePath(sha256d(coinbase), job.merklePath);
}

/** Whether two jobs stand for the same headers, whatever their ids. */
export function sameCoinbaseJob(a: CoinbaseJob, b: CoinbaseJob): boolean {
  return (
    a.version === b.version &&
    a.merklePath.length === b.merklePath.length &&
    a.merklePath.every((node, at) => equalBytes(node, b.merklePath[at] as Uint8Array)) &&
    equalBytes(a.extranoncePrefix, b.extranoncePrefix) &&
    equalBytes(a.coinbasePrefix, b.coinbasePrefix) &&
    equalBytes(a.coinbaseSuffix, b.coinbaseSuffix)
  );
}
