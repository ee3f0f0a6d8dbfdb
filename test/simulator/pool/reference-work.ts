/** What a device makes of a job, worked out with Node's own hash and nothing of the project: the judge of our judge. */
import { createHash } from "node:crypto";

const sha256d = (bytes: Uint8Array) =>
  createHash("sha256").update(createHash("sha256").update(bytes).digest()).digest();

export interface CoinbaseParts {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
  readonly merklePath: readonly Uint8Array[];
}

export interface HeaderParts {
  readonly version: number;
  /** As it lies in the header. */
  readonly prevHash: Uint8Array;
  readonly ntime: number;
  readonly nbits: number;
}

export function referenceRoot(parts: CoinbaseParts, ...extranonce: readonly Uint8Array[]): Buffer {
  let root = sha256d(Buffer.concat([parts.prefix, ...extranonce, parts.suffix]));
  for (const node of parts.merklePath) root = sha256d(Buffer.concat([root, node]));
  return root;
}

/** As a number: what a target is compared with. */
export function referenceHash(parts: HeaderParts, merkleRoot: Uint8Array, nonce: number): bigint {
  const header = Buffer.alloc(80);
  header.writeUInt32LE(parts.version, 0);
  header.set(parts.prevHash, 4);
  header.set(merkleRoot, 36);
  header.writeUInt32LE(parts.ntime, 68);
  header.writeUInt32LE(parts.nbits, 72);
  header.writeUInt32LE(nonce, 76);
  return BigInt(`0x${sha256d(header).reverse().toString("hex")}`);
}

/** The first nonce from `start` on whose hash is good. */
export function referenceSearch(
  parts: HeaderParts,
  merkleRoot: Uint8Array,
  isGood: (hash: bigint) => boolean,
  start = 0,
): number {
  for (let nonce = start; ; nonce++)
    if (isGood(referenceHash(parts, merkleRoot, nonce))) return nonce;
}

/** One hash in 256 is below: a share that fits has not done so by luck. */
export const RARE = 1n << 248n;
export const RARE_TARGET = new Uint8Array(32).fill(0xff, 0, 31);
/** Half of all: the network target of regtest, all but a little. */
export const HALF = 0x7fffffn << 232n;
