/** A block as a busy network has them: some four thousand transactions, a coinbase with a tag, an extranonce and four outputs. */

/** Rows of the merkle tree above the coinbase. */
const MERKLE_ROWS = 12;
/** Version, input, script up to the extranonce; and from behind it to the lock time. */
const COINBASE_PREFIX_BYTES = 62;
const COINBASE_SUFFIX_BYTES = 165;
/** Of the pool, and left to the device. */
export const EXTRANONCE_PREFIX_BYTES = 4;
export const OWN_EXTRANONCE_BYTES = 4;

export const BLOCK_VERSION = 0x2000_0000;
export const BLOCK_NTIME = 1_700_000_000;
export const BLOCK_NBITS = 0x1702_6d1f;

export const coinbasePrefix = new Uint8Array(COINBASE_PREFIX_BYTES).fill(0x51);
export const coinbaseSuffix = new Uint8Array(COINBASE_SUFFIX_BYTES).fill(0x52);

/** Differs from job to job. */
export function merklePath(jobId: number): Uint8Array[] {
  return Array.from({ length: MERKLE_ROWS }, (_, row) =>
    new Uint8Array(32).fill((jobId + row) & 0xff),
  );
}

/** One word eight times, so that the order of words does not matter. */
export function prevHashOf(tag: number): Uint8Array {
  const prevHash = new Uint8Array(32);
  const view = new DataView(prevHash.buffer);
  for (let at = 0; at < 32; at += 4) view.setUint32(at, tag);
  return prevHash;
}
