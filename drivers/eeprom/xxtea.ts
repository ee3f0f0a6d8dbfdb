/** XXTEA ("Corrected Block TEA", Wheeler and Needham 1998), the direction that hashboard memories need. */

/** Four little-endian words of a 16-byte key. */
export type XxteaKey = readonly [number, number, number, number];

const DELTA = 0x9e3779b9;

/** A decrypted copy. Throws RangeError unless there are at least two words of 4 bytes. */
export function xxteaDecrypt(cipher: Uint8Array, key: XxteaKey): Uint8Array {
  if (cipher.length < 8 || cipher.length % 4 !== 0)
    throw new RangeError(`XXTEA: ${cipher.length} bytes; allowed: multiples of 4 from 8`);
  const plain = cipher.slice();
  const view = new DataView(plain.buffer);
  const words = plain.length / 4;
  const wordAt = (i: number) => view.getUint32(4 * i, true);
  const rounds = 6 + Math.floor(52 / words);
  let sum = Math.imul(rounds, DELTA) >>> 0;
  let next = wordAt(0);
  for (let round = 0; round < rounds; round++) {
    const e = (sum >>> 2) & 3;
    for (let i = words - 1; i >= 0; i--) {
      const previous = wordAt(i > 0 ? i - 1 : words - 1);
      const mixed =
        (((previous >>> 5) ^ (next << 2)) + ((next >>> 3) ^ (previous << 4))) ^
        ((sum ^ next) + ((key[((i & 3) ^ e) as 0 | 1 | 2 | 3] as number) ^ previous));
      next = (wordAt(i) - mixed) >>> 0;
      view.setUint32(4 * i, next, true);
    }
    sum = (sum - DELTA) >>> 0;
  }
  return plain;
}
