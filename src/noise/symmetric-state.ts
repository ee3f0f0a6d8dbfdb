/** The running hash and chaining key of a handshake: the SymmetricState of Noise (SV2 §4.4). */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../lib/bytes.ts";
import type { Aead } from "./aead.ts";
import { CipherState } from "./cipher-state.ts";

const PROTOCOL_NAME = "Noise_NX_Secp256k1+EllSwift_ChaChaPoly_SHA256";
const NOTHING = new Uint8Array(0);

/** Noise's HKDF with two outputs: a new chaining key and a key (SV2 §4.4). */
export function deriveTwo(ck: Uint8Array, ikm: Uint8Array): [Uint8Array, Uint8Array] {
  const both = hkdf(sha256, ikm, ck, NOTHING, 64);
  return [both.slice(0, 32), both.slice(32)];
}

export class SymmetricState {
  readonly #aead: Aead;
  #ck: Uint8Array;
  #h: Uint8Array;
  /** Absent until the first key is mixed in; until then nothing is encrypted. */
  #cipher: CipherState | undefined;

  constructor(aead: Aead) {
    this.#aead = aead;
    this.#ck = sha256(new TextEncoder().encode(PROTOCOL_NAME));
    this.#h = sha256(this.#ck);
  }

  /** h: a hash of everything said so far; not a secret. */
  get handshakeHash(): Uint8Array {
    return this.#h;
  }

  mixHash(data: Uint8Array): void {
    this.#h = sha256(concatBytes(this.#h, data));
  }

  mixKey(ikm: Uint8Array): void {
    const [ck, key] = deriveTwo(this.#ck, ikm);
    this.#ck = ck;
    this.#cipher = new CipherState(key, this.#aead);
  }

  encryptAndHash(plain: Uint8Array): Uint8Array {
    const sealed = this.#cipher === undefined ? plain : this.#cipher.seal(this.#h, plain);
    this.mixHash(sealed);
    return sealed;
  }

  /** Throws WireError "decrypt-failed". */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plain = this.#cipher === undefined ? sealed : this.#cipher.open(this.#h, sealed);
    this.mixHash(sealed);
    return plain;
  }

  /** The transport keys: first initiator to responder, then responder to initiator (SV2 §4.5.2.2). */
  split(): [Uint8Array, Uint8Array] {
    return deriveTwo(this.#ck, NOTHING);
  }
}
