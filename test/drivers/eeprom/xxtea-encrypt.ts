/** The other direction of XXTEA, written from its paper: only tests and simulations encrypt. */

const DELTA = 0x9e3779b9;

/** An encrypted copy of whole 4-byte words, at least two. */
export function xxteaEncrypt(plain: Uint8Array, key: readonly number[]): Uint8Array {
  const v = new Uint32Array(plain.slice().buffer); // little-endian, as every machine that runs this
  const n = v.length;
  const at = (i: number) => v[(i + n) % n] as number;
  let sum = 0;
  for (let rounds = 6 + Math.floor(52 / n); rounds > 0; rounds--) {
    sum = (sum + DELTA) >>> 0;
    const e = (sum >>> 2) & 3;
    for (let p = 0; p < n; p++) {
      const [y, z] = [at(p + 1), at(p - 1)];
      const mx =
        (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^
        ((sum ^ y) + ((key[(p & 3) ^ e] as number) ^ z));
      v[p] = at(p) + mx;
    }
  }
  return new Uint8Array(v.buffer);
}
