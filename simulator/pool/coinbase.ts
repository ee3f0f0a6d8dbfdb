/** Coinbase transactions: enough of Bitcoin's transaction format to give every channel a merkle root of its own. */
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, viewOf } from "../../src/lib/bytes.ts";

export const EXTRANONCE_BYTES = 8;

/** The transaction without witness, cut where the extranonce goes. */
export interface SplitCoinbase {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
}

/** BIP34: the height as a script number behind its length, 2 to 5 bytes. */
export function heightPush(height: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  // The top bit is the sign.
  if (((bytes.at(-1) ?? 0) & 0x80) !== 0) bytes.push(0);
  return Uint8Array.of(bytes.length, ...bytes);
}

export function buildCoinbase(height: number, valueSats: bigint, tag: string): SplitCoinbase {
  const text = new TextEncoder().encode(tag);
  const script = concatBytes(heightPush(height), Uint8Array.of(text.length), text);
  return {
    prefix: concatBytes(
      u32(2),
      Uint8Array.of(1),
      new Uint8Array(32),
      u32(0xffffffff),
      Uint8Array.of(script.length + 1 + EXTRANONCE_BYTES),
      script,
      Uint8Array.of(EXTRANONCE_BYTES),
    ),
    suffix: concatBytes(u32(0xffffffff), Uint8Array.of(1), u64(valueSats), PAYOUT_SCRIPT, u32(0)),
  };
}

/** Throws RangeError unless the extranonce has the length that the coinbase announces. */
export function coinbaseTxid(coinbase: SplitCoinbase, extranonce: Uint8Array): Uint8Array {
  if (extranonce.length !== EXTRANONCE_BYTES)
    throw new RangeError(`extranonce: ${extranonce.length} bytes, not ${EXTRANONCE_BYTES}`);
  return sha256d(concatBytes(coinbase.prefix, extranonce, coinbase.suffix));
}

/** A pay-to-witness-public-key-hash output that nobody can spend: its hash is all zeros. */
const PAYOUT_SCRIPT = Uint8Array.of(22, 0, 20, ...new Uint8Array(20));

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, value, true);
  return bytes;
}
