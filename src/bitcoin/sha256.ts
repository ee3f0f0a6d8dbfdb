/** SHA-256, once and twice, as Bitcoin uses it. */
import { sha256 } from "@noble/hashes/sha2.js";

export { sha256 };

/** SHA-256 of the SHA-256, internal byte order. */
export function sha256d(data: Uint8Array): Uint8Array {
  return sha256(sha256(data));
}
