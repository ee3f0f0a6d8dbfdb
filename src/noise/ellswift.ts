/**
 * Keys of the handshake: secp256k1, their public half encoded by ElligatorSwift so that it looks like random bytes
 * (SV2 §4.3.1.1, BIP324). All curve arithmetic is noble's and scure's.
 */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { elligatorSwift } from "@scure/btc-signer/p2p.js";
import type { Entropy } from "../ports/entropy.ts";

export const ELLSWIFT_BYTES = 64;

export interface KeyPair {
  /** 32 bytes, big-endian. */
  readonly secret: Uint8Array;
  /** One of the many 64-byte encodings of the public key: this one is part of what gets hashed. */
  readonly ellswift: Uint8Array;
}

/**
 * The secret comes from `entropy`. Which encoding is chosen does not: the library draws it from the runtime's own secure
 * source and has no public way to be given one, so only a fixed `KeyPair` makes a handshake repeatable to the byte.
 */
export function generateKeyPair(entropy: Pick<Entropy, "randomBytes">): KeyPair {
  let secret = entropy.randomBytes(32);
  while (!secp256k1.utils.isValidSecretKey(secret)) secret = entropy.randomBytes(32);
  return keyPairOf(secret);
}

/** A fresh random encoding of the public key. Throws when the secret is not in 1 … n-1. */
export function keyPairOf(secret: Uint8Array): KeyPair {
  return new HiddenKeyPair(
    secret,
    elligatorSwift.encode(bytesToNumberBE(schnorr.getPublicKey(secret))),
  );
}

/** The x coordinate (32 bytes, big-endian) behind an encoding; each string of 64 bytes has one. */
export function xOnlyKey(ellswift: Uint8Array): Uint8Array {
  return elligatorSwift.decode(ellswift);
}

/** BIP324's tagged hash over both encodings, the initiator's first, and the common x coordinate (SV2 §4.4.2). */
export function sharedSecret(
  ours: KeyPair,
  theirs: Uint8Array,
  we: "initiator" | "responder",
): Uint8Array {
  return elligatorSwift.getSharedSecretBip324(
    ours.secret,
    theirs,
    ours.ellswift,
    we === "initiator",
  );
}

/** Keeps the secret where neither JSON nor an inspector finds it. */
class HiddenKeyPair implements KeyPair {
  readonly #secret: Uint8Array;
  readonly ellswift: Uint8Array;

  constructor(secret: Uint8Array, ellswift: Uint8Array) {
    this.#secret = secret;
    this.ellswift = ellswift;
  }

  get secret(): Uint8Array {
    return this.#secret;
  }
}
