/**
 * Targets, the compact form of them, and difficulty. A target is 32 bytes little-endian, as on the SV2 wire, so that it
 * compares with a hash in internal byte order. Difficulty is counted as pools count: (0xffff × 2^208) ÷ target.
 */

const TARGET_LENGTH_BYTES = 32;
const DIFFICULTY_ONE = 0xffffn << 208n;
const LARGEST_TARGET = (1n << 256n) - 1n;

/** The hash, taken as a 256-bit number, is not above the target. Allocates nothing. */
export function meetsTarget(hash: Uint8Array, target: Uint8Array): boolean {
  for (let i = TARGET_LENGTH_BYTES - 1; i >= 0; i--) {
    const difference = (hash[i] as number) - (target[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** Zero bits before the first one bit of a hash as people write it, 0 to 256. */
export function leadingZeroBits(hash: Uint8Array): number {
  for (let i = hash.length - 1, bits = 0; i >= 0; i--, bits += 8) {
    const byte = hash[i] as number;
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
  }
  return 8 * hash.length;
}

/** How hard it is to be at or below the target; `Infinity` for a target of zero. */
export function difficultyOfTarget(target: Uint8Array): number {
  // A double holds 2^256, and its 53 bits are exact enough for every use of a difficulty.
  let value = 0;
  for (let i = TARGET_LENGTH_BYTES - 1; i >= 0; i--) value = value * 256 + (target[i] as number);
  return (0xffff * 2 ** 208) / value;
}

/** The highest difficulty that the hash meets. */
export function difficultyOfHash(hash: Uint8Array): number {
  return difficultyOfTarget(hash);
}

/**
 * The largest target of at least this difficulty, fractions allowed; all ones where the difficulty is below what 256
 * bits can say (about 2.3e-10). Throws RangeError unless the difficulty is a finite number above zero.
 */
export function targetFromDifficulty(difficulty: number): Uint8Array {
  if (!(difficulty > 0 && difficulty < Number.POSITIVE_INFINITY))
    throw new RangeError(`difficulty: ${difficulty}; allowed: a finite number above 0`);
  // The double is integer × 2^exponent, exactly: the division is then one of integers.
  let integer = difficulty;
  let exponent = 0;
  while (!Number.isInteger(integer)) {
    integer *= 2;
    exponent--;
  }
  const target = (DIFFICULTY_ONE << BigInt(-exponent)) / BigInt(integer);
  return targetFromBigInt(target > LARGEST_TARGET ? LARGEST_TARGET : target);
}

/** Throws RangeError for a number outside 0 to 2^256 - 1. */
export function targetFromBigInt(value: bigint): Uint8Array {
  if (value < 0n || value > LARGEST_TARGET)
    throw new RangeError(`target: ${value}; allowed: 0 to 2^256 - 1`);
  const target = new Uint8Array(TARGET_LENGTH_BYTES);
  for (let i = 0, rest = value; rest !== 0n; i++, rest >>= 8n) target[i] = Number(rest & 0xffn);
  return target;
}

export function targetToBigInt(target: Uint8Array): bigint {
  let value = 0n;
  for (let i = target.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(target[i] as number);
  return value;
}

/**
 * The target that nbits stands for: 23 bits of mantissa, a sign, and a length in bytes. Throws RangeError for the
 * values that Bitcoin calls negative or overflowing (Bitcoin Core, arith_uint256::SetCompact).
 */
export function targetFromCompact(nbits: number): Uint8Array {
  const lengthBytes = nbits >>> 24;
  const fullMantissa = nbits & 0x007fffff;
  const mantissa = lengthBytes <= 3 ? fullMantissa >>> (8 * (3 - lengthBytes)) : fullMantissa;
  const name = `nbits 0x${(nbits >>> 0).toString(16).padStart(8, "0")}`;
  if (mantissa !== 0 && (nbits & 0x00800000) !== 0)
    throw new RangeError(`${name} stands for a negative target`);
  const target = new Uint8Array(TARGET_LENGTH_BYTES);
  const lowest = Math.max(0, lengthBytes - 3);
  for (let i = 0; i < 3; i++) {
    const byte = (mantissa >>> (8 * i)) & 0xff;
    if (byte === 0) continue;
    if (lowest + i >= TARGET_LENGTH_BYTES)
      throw new RangeError(`${name} stands for a target of more than 256 bits`);
    target[lowest + i] = byte;
  }
  return target;
}

/** The compact form, which keeps the top 15 to 23 bits (Bitcoin Core, arith_uint256::GetCompact). */
export function compactFromTarget(target: Uint8Array): number {
  let lengthBytes = TARGET_LENGTH_BYTES;
  while (lengthBytes > 0 && target[lengthBytes - 1] === 0) lengthBytes--;
  let mantissa = 0;
  for (let i = 1; i <= 3; i++) mantissa = (mantissa << 8) | (target[lengthBytes - i] ?? 0);
  // The top bit of the mantissa is the sign.
  if (mantissa & 0x00800000) {
    mantissa >>>= 8;
    lengthBytes++;
  }
  return ((lengthBytes << 24) | mantissa) >>> 0;
}
