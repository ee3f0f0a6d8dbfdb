/** Random words that open something, and what is kept of them: a hash, from which nobody gets the word back. */
import { sha256 } from "@noble/hashes/sha2.js";
import { base64urlnopad } from "@scure/base";
import { toHex } from "../lib/bytes.ts";
import type { Entropy } from "../ports/entropy.ts";

/** Nobody guesses 256 bits, so no slow hash is needed. */
const WORD_BYTES = 32;

/** 43 letters, digits, "-" and "_". */
export function randomWord(entropy: Entropy): string {
  return base64urlnopad.encode(entropy.randomBytes(WORD_BYTES));
}

/** SHA-256 in hex. */
export function hashOfWord(word: string): string {
  return toHex(sha256(new TextEncoder().encode(word)));
}
