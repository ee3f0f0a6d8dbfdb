/** Values of the data types of SV2 as bytes, with lies about lengths among them. */
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { Random } from "../random.ts";

/** Bytes of a field as the wire has them, mostly valid. Independent of the codec: it would not produce what it refuses. */
export function wireValue(random: Random, dataType: string): Uint8Array {
  const [, outer, inner] = /^(\w+)\[(.+)\]$/.exec(dataType) ?? [];
  if (outer !== undefined && inner !== undefined) {
    const isOption = outer === "OPTION";
    const count = random.below(isOption ? 2 : 5);
    const claimed = random.chance(0.95) ? count : random.number(isOption ? 8 : 16);
    const elements = Array.from({ length: count }, () => wireValue(random, inner));
    return concatBytes(littleEndian(claimed, outer === "SEQ0_64K" ? 2 : 1), ...elements);
  }
  const size = FIXED_BYTES[dataType];
  if (size !== undefined)
    return size > 8 || random.chance(0.3)
      ? random.bytes(size)
      : littleEndian(random.number(8 * size), size);
  const length = random.pick([0, 1, 8, 31, 32, 33, random.length(255)]);
  const claimed = random.chance(0.95) ? length : random.number(8);
  const prefix = PREFIX_BYTES[dataType] ?? 1;
  return concatBytes(littleEndian(claimed, prefix), random.bytes(length));
}

const FIXED_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  U16: 2,
  U24: 3,
  U32: 4,
  F32: 4,
  U64: 8,
  U256: 32,
};
const PREFIX_BYTES: Readonly<Record<string, number>> = { B0_64K: 2, B0_16M: 3 };

export function littleEndian(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) & 0xff);
}
