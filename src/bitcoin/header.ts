/** The 80 bytes that are hashed. All hashes here are in internal byte order, as on the SV2 wire (SV2 §5.3.15, §5.3.17). */
import { reversed, toHex, viewOf } from "../lib/bytes.ts";
import { sha256d } from "./sha256.ts";

export const HEADER_LENGTH_BYTES = 80;

export interface HeaderFields {
  readonly version: number;
  /** 32 bytes, internal order. */
  readonly prevHash: Uint8Array;
  /** 32 bytes, internal order. */
  readonly merkleRoot: Uint8Array;
  /** Unix seconds. */
  readonly ntime: number;
  /** The network target in compact form. */
  readonly nbits: number;
  readonly nonce: number;
}

/** Throws RangeError when a hash does not have 32 bytes. */
export function encodeHeader(fields: HeaderFields): Uint8Array {
  mustHave("previous hash", fields.prevHash, 32);
  mustHave("merkle root", fields.merkleRoot, 32);
  const header = new Uint8Array(HEADER_LENGTH_BYTES);
  const view = viewOf(header);
  view.setUint32(0, fields.version, true);
  header.set(fields.prevHash, 4);
  header.set(fields.merkleRoot, 36);
  view.setUint32(68, fields.ntime, true);
  view.setUint32(72, fields.nbits, true);
  view.setUint32(76, fields.nonce, true);
  return header;
}

/** The fields are copies. Throws RangeError on any length but 80. */
export function decodeHeader(header: Uint8Array): HeaderFields {
  mustHave("header", header, HEADER_LENGTH_BYTES);
  const view = viewOf(header);
  return {
    version: view.getUint32(0, true),
    prevHash: header.slice(4, 36),
    merkleRoot: header.slice(36, 68),
    ntime: view.getUint32(68, true),
    nbits: view.getUint32(72, true),
    nonce: view.getUint32(76, true),
  };
}

/** Hash of an 80-byte header, internal byte order. Throws RangeError on any other length. */
export function hashHeader(header: Uint8Array): Uint8Array {
  mustHave("header", header, HEADER_LENGTH_BYTES);
  return sha256d(header);
}

/** A hash as people write it: the bytes of the internal order reversed, leading zeros first. */
export function toDisplayHex(hash: Uint8Array): string {
  return toHex(reversed(hash));
}

function mustHave(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length)
    throw new RangeError(`${what}: ${bytes.length} bytes, not ${length}`);
}
