/** XXTEA, the direction that a maker of hashboard memories needs; the firmware has the other one. */

const DELTA = 0x9e3779b9;

/** Encrypts whole 32-bit words, in place. */
export function xxteaEncrypt(words: Uint32Array, key: readonly number[]): void {
  const count = words.length;
  const rounds = 6 + Math.floor(52 / count);
  let sum = 0;
  let z = words[count - 1] as number;
  for (let round = 0; round < rounds; round++) {
    sum = (sum + DELTA) >>> 0;
    const e = (sum >>> 2) & 3;
    for (let i = 0; i < count; i++) {
      const y = words[(i + 1) % count] as number;
      const mixed =
        (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^
        ((sum ^ y) + ((key[(i & 3) ^ e] as number) ^ z));
      z = ((words[i] as number) + mixed) >>> 0;
      words[i] = z;
    }
  }
}
