/** Coinbase transactions: enough of Bitcoin's transaction format to give every channel a merkle root of its own. */
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, viewOf } from "../../src/lib/bytes.ts";

/** Of the extranonce, the part that the pool gives: no two channels have the same. */
export const EXTRANONCE_PREFIX_BYTES = 8;

/** The transaction without witness, cut where the extranonce goes. */
export interface SplitCoinbase {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
  /** What goes between the two. */
  readonly extranonceBytes: number;
}

export interface CoinbaseTerms {
  readonly height: number;
  /** Subsidy and fees. */
  readonly valueSats: bigint;
  /** Text in the input script, at most 50 bytes. */
  readonly tag: string;
  /** Whom the first output pays. */
  readonly payoutScript: Uint8Array;
  /** Script of the second output, where the block has witnesses (BIP141). */
  readonly witnessCommitment: Uint8Array | undefined;
  /** 1 to 75: longer data needs another push. */
  readonly extranonceBytes: number;
}

/** BIP34: the height as Bitcoin's scripts push it; 1 to 16 have an opcode each. */
export function heightPush(height: number): Uint8Array {
  if (height >= 1 && height <= 16) return Uint8Array.of(0x50 + height);
  const bytes: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  // The top bit is the sign.
  if (((bytes.at(-1) ?? 0) & 0x80) !== 0) bytes.push(0);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** Longer data needs an opcode before its length. */
const MAX_PUSH_BYTES = 75;

/** Throws RangeError for an extranonce or a script that has no room in it. */
export function buildCoinbase(terms: CoinbaseTerms): SplitCoinbase {
  const { height, valueSats, payoutScript, witnessCommitment, extranonceBytes } = terms;
  if (
    !(
      Number.isInteger(extranonceBytes) &&
      extranonceBytes >= 1 &&
      extranonceBytes <= MAX_PUSH_BYTES
    )
  )
    throw new RangeError(`extranonce of ${extranonceBytes} bytes; allowed: 1 to ${MAX_PUSH_BYTES}`);
  const text = new TextEncoder().encode(terms.tag);
  const script = concatBytes(heightPush(height), Uint8Array.of(text.length), text);
  const outputs = [output(valueSats, payoutScript)];
  if (witnessCommitment !== undefined) outputs.push(output(0n, witnessCommitment));
  return {
    prefix: concatBytes(
      u32(2),
      Uint8Array.of(1),
      new Uint8Array(32),
      u32(0xffffffff),
      Uint8Array.of(script.length + 1 + extranonceBytes),
      script,
      Uint8Array.of(extranonceBytes),
    ),
    suffix: concatBytes(u32(0xffffffff), Uint8Array.of(outputs.length), ...outputs, u32(0)),
    extranonceBytes,
  };
}

/** The whole transaction without witness. Throws RangeError unless the extranonce has the length that it announces. */
export function wholeCoinbase(coinbase: SplitCoinbase, extranonce: Uint8Array): Uint8Array {
  const { prefix, suffix, extranonceBytes } = coinbase;
  if (extranonce.length !== extranonceBytes)
    throw new RangeError(`extranonce: ${extranonce.length} bytes, not ${extranonceBytes}`);
  return concatBytes(prefix, extranonce, suffix);
}

/** As it stands in a block whose coinbase commits to witnesses: its own is 32 zeros (BIP141). */
export function withWitness(coinbase: Uint8Array): Uint8Array {
  const version = coinbase.subarray(0, 4);
  const locktime = coinbase.subarray(coinbase.length - 4);
  return concatBytes(
    version,
    Uint8Array.of(0, 1),
    coinbase.subarray(4, coinbase.length - 4),
    Uint8Array.of(1, 32),
    new Uint8Array(32),
    locktime,
  );
}

/** Throws RangeError unless the extranonce has the length that the coinbase announces. */
export function coinbaseTxid(coinbase: SplitCoinbase, extranonce: Uint8Array): Uint8Array {
  return sha256d(wholeCoinbase(coinbase, extranonce));
}

/** A pay-to-witness-public-key-hash output that nobody can spend: its hash is all zeros. */
export const UNSPENDABLE_SCRIPT = Uint8Array.of(0, 20, ...new Uint8Array(20));
/** The length of a script is one byte up to here. */
export const MAX_SCRIPT_BYTES = 0xfc;

function output(valueSats: bigint, script: Uint8Array): Uint8Array {
  if (script.length > MAX_SCRIPT_BYTES)
    throw new RangeError(`script of ${script.length} bytes; allowed: at most ${MAX_SCRIPT_BYTES}`);
  return concatBytes(u64(valueSats), Uint8Array.of(script.length), script);
}

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
