import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

/** ChaCha20-Poly1305 under one key. The nonce has 12 bytes, the tag is the last 16 bytes of the sealed text. */
export interface AeadKey {
  seal(nonce: Uint8Array, associatedData: Uint8Array, plain: Uint8Array): Uint8Array;
  /** `undefined` when the tag does not fit. */
  open(nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** The seam for another implementation; all of them pass the same vectors. */
export type Aead = (key: Uint8Array) => AeadKey;

/** The portable implementation. */
export const nobleAead: Aead = (key) => ({
  seal: (nonce, associatedData, plain) =>
    chacha20poly1305(key, nonce, associatedData).encrypt(plain),
  open(nonce, associatedData, sealed) {
    try {
      return chacha20poly1305(key, nonce, associatedData).decrypt(sealed);
    } catch {
      return undefined;
    }
  },
});
