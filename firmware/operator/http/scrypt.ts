/** scrypt on Node's own threads: the process goes on meanwhile. */
import { scrypt } from "node:crypto";
import type { Scrypt } from "../../../src/api/passwords.ts";

export const nodeScrypt: Scrypt = (password, salt, terms) =>
  new Promise((resolve, reject) => {
    const { cost, blockSize, parallelization, keyBytes } = terms;
    // Node's own bound counts a little more than the formula.
    const maxmem = 128 * blockSize * (cost + parallelization + 2) + (1 << 20);
    const options = { N: cost, r: blockSize, p: parallelization, maxmem };
    scrypt(password, salt, keyBytes, options, (error, key) =>
      error === null ? resolve(new Uint8Array(key)) : reject(error),
    );
  });
