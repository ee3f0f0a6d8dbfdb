/** The machine's randomness. */

import { randomBytes } from "node:crypto";
import type { Entropy } from "../../src/ports/entropy.ts";

export const systemEntropy: Entropy = {
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  fraction: () => Math.random(),
};
