/** What BM1387 chips say: 7 bytes without a preamble, the type in the top bits of the last one, CRC5 over all [T]. */
import { viewOf } from "../../src/lib/bytes.ts";
import { crc5 } from "../bm13xx/crc.ts";
import { ANSWER_LENGTH_BYTES, bm1387, type MidstateCount } from "./chips.ts";

export type Bm1387Answer =
  | { readonly kind: "register"; readonly value: number; readonly tail: number }
  | Bm1387Nonce;

export interface Bm1387Nonce {
  readonly kind: "nonce";
  /** As it goes into the header, little-endian there. */
  readonly nonce: number;
  /** What the fifth byte says is not known [?]. */
  readonly unexplained: number;
  /** Job id with the midstate in its low bits. */
  readonly idByte: number;
}

/** The answer; `undefined` for other lengths, wrong checksums, and types that no chip gives. */
export function decodeAnswer(bytes: Uint8Array): Bm1387Answer | undefined {
  if (bytes.length !== ANSWER_LENGTH_BYTES || crc5(bytes) !== 0) return undefined;
  const view = viewOf(bytes);
  switch (view.getUint8(6) >>> 5) {
    case 0:
      return { kind: "register", value: view.getUint32(0), tail: view.getUint16(4) };
    case 4:
      return {
        kind: "nonce",
        nonce: view.getUint32(0, true),
        unexplained: view.getUint8(4),
        idByte: view.getUint8(5),
      };
    default:
      return undefined;
  }
}

/** Address in an answer to a read of register 0x00; `undefined` for another chip. */
export function chipAddressOf(value: number): number | undefined {
  const isBm1387 = value >>> 8 === ((bm1387.chipId << 8) | bm1387.idByte3);
  return isBm1387 ? value & 0xff : undefined;
}

/** Core that found the nonce (bosminer [D]). */
export function coreOf(nonce: number): number {
  return (nonce >>> 24) & 0x7f;
}

/** Place of the chip that found it, at the address interval of 4 (bosminer [D]). */
export function chipIndexOf(nonce: number): number {
  return (nonce >>> 2) & 0x3f;
}

/** A job id counts in steps of the number of its midstates (bosminer [D]). */
export function jobIdOf(idByte: number, midstates: MidstateCount): number {
  return idByte - (idByte % midstates);
}

export function midstateIndexOf(idByte: number, midstates: MidstateCount): number {
  return idByte % midstates;
}
