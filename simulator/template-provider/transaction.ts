/** Reads and writes as much of Bitcoin's transaction format as a template provider needs. */
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, viewOf } from "../../src/lib/bytes.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { u32, u64 } from "../pool/coinbase.ts";

/** What a template provider checks of a coinbase that comes back. */
export interface ParsedCoinbase {
  /** Without witness: what the merkle tree is made of. */
  readonly txid: Uint8Array;
  readonly inputScript: Uint8Array;
  readonly outputsSats: bigint;
  readonly outputScripts: readonly Uint8Array[];
}

/** A spend of nothing that exists; without witness, so that its wtxid is its txid. */
export function inventTransaction(entropy: Pick<Entropy, "randomBytes">): Uint8Array {
  return concatBytes(
    u32(2),
    Uint8Array.of(1),
    entropy.randomBytes(32),
    u32(0),
    Uint8Array.of(0),
    u32(0xffffffff),
    output(10_000n, concatBytes(Uint8Array.of(0, 20), entropy.randomBytes(20)), true),
    u32(0),
  );
}

/** One output; `counted` puts the number of outputs, one, before it. */
export function output(valueSats: bigint, script: Uint8Array, counted = false): Uint8Array {
  const count = counted ? Uint8Array.of(1) : new Uint8Array(0);
  return concatBytes(count, u64(valueSats), Uint8Array.of(script.length), script);
}

/** BIP141's commitment to the witnesses of a block, as an output script. */
export function witnessCommitment(witnessRoot: Uint8Array): Uint8Array {
  const commitment = sha256d(concatBytes(witnessRoot, new Uint8Array(32)));
  return concatBytes(Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed), commitment);
}

/** `undefined` when the bytes are no transaction with exactly one input. */
export function parseCoinbase(bytes: Uint8Array): ParsedCoinbase | undefined {
  try {
    return readCoinbase(new TransactionReader(bytes), bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readCoinbase(from: TransactionReader, bytes: Uint8Array): ParsedCoinbase | undefined {
  from.skip(4);
  const isSegwit = bytes[4] === 0 && bytes[5] === 1;
  if (isSegwit) from.skip(2);
  const bodyStart = from.at;
  if (from.count() !== 1) return undefined;
  from.skip(36);
  const inputScript = from.script();
  from.skip(4);
  const outputScripts: Uint8Array[] = [];
  let outputsSats = 0n;
  for (let left = from.count(); left > 0; left--) {
    outputsSats += from.u64();
    outputScripts.push(from.script());
  }
  const body = bytes.subarray(bodyStart, from.at);
  if (isSegwit) for (let left = from.count(); left > 0; left--) from.script();
  const locktime = bytes.subarray(from.at, from.at + 4);
  from.skip(4);
  if (from.at !== bytes.length) return undefined;
  const txid = sha256d(concatBytes(bytes.subarray(0, 4), body, locktime));
  return { txid, inputScript, outputsSats, outputScripts };
}

/** Every method throws RangeError when the bytes end too early. */
class TransactionReader {
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes);
  }

  skip(length: number): void {
    if (this.at + length > this.#view.byteLength) throw new RangeError("transaction: too short");
    this.at += length;
  }

  u64(): bigint {
    this.skip(8);
    return this.#view.getBigUint64(this.at - 8, true);
  }

  /** CompactSize, its longest form excepted: no script or list here has 2^32 elements. */
  count(): number {
    this.skip(1);
    const first = this.#view.getUint8(this.at - 1);
    if (first < 0xfd) return first;
    const length = first === 0xfd ? 2 : 4;
    this.skip(length);
    return length === 2
      ? this.#view.getUint16(this.at - 2, true)
      : this.#view.getUint32(this.at - 4, true);
  }

  script(): Uint8Array {
    const length = this.count();
    this.skip(length);
    return new Uint8Array(
      this.#view.buffer,
      this.#view.byteOffset + this.at - length,
      length,
    ).slice();
  }
}
