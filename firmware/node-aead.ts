/** ChaCha20-Poly1305 by OpenSSL, for processors on which it beats the portable one. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Aead } from "../src/noise/aead.ts";

const ALGORITHM = "chacha20-poly1305";
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };

export const nodeAead: Aead = (key) => ({
  seal(nonce, associatedData, plain) {
    const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS);
    if (associatedData.length > 0) cipher.setAAD(associatedData, { plaintextLength: plain.length });
    const sealed = new Uint8Array(plain.length + TAG_BYTES);
    sealed.set(cipher.update(plain));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plain.length);
    return sealed;
  },
  open(nonce, associatedData, sealed) {
    const length = sealed.length - TAG_BYTES;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS);
    decipher.setAuthTag(sealed.subarray(length));
    if (associatedData.length > 0) decipher.setAAD(associatedData, { plaintextLength: length });
    const plain = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    // A plain array: a Buffer's `slice` would not copy.
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  },
});
