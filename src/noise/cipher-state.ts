/** One key and its counter: the CipherState of Noise (SV2 §4.4). */

import { viewOf } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import type { Aead, AeadKey } from "./aead.ts";

const COUNTER_OFFSET = 4;

export class CipherState {
  readonly #key: AeadKey;
  /** 4 zero bytes, then the counter as a little-endian U64: always in step with #count. */
  readonly #nonce = new Uint8Array(12);
  readonly #nonceView = viewOf(this.#nonce);
  /** Noise reserves 2^64 - 1; a number is exact to 2^53, which no connection lives to see. */
  #count = 0;

  constructor(key: Uint8Array, aead: Aead) {
    this.#key = aead(key);
  }

  /** The ciphertext followed by its 16-byte tag. */
  seal(associatedData: Uint8Array, plain: Uint8Array): Uint8Array {
    const sealed = this.#key.seal(this.#nonce, associatedData, plain);
    this.#advance();
    return sealed;
  }

  /** Throws WireError "decrypt-failed", and then the counter has not moved (SV2 §4.4.1). */
  open(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    const plain = this.#key.open(this.#nonce, associatedData, sealed);
    if (plain === undefined)
      throw new WireError(
        "decrypt-failed",
        `block ${this.#count} of ${sealed.length} bytes does not decrypt: it was changed, repeated, lost or made with another key`,
        { section: "SV2 §4.4.1" },
      );
    this.#advance();
    return plain;
  }

  #advance(): void {
    if (this.#count === Number.MAX_SAFE_INTEGER) throw new RangeError("cipher: counter exhausted");
    this.#count += 1;
    this.#nonceView.setUint32(COUNTER_OFFSET, this.#count % 2 ** 32, true);
    this.#nonceView.setUint32(COUNTER_OFFSET + 4, Math.floor(this.#count / 2 ** 32), true);
  }
}
