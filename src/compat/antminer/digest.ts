/**
 * HTTP Digest with MD5 (RFC 7616 §3.4, RFC 2617), which is all that Bitmain's clients speak. Weak by today's measure, so it has
 * a password of its own that opens little.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../lib/bytes.ts";

/** Foreman and pyasic know a stock Antminer by it. */
export const DIGEST_REALM = "antMiner Configuration";
export const DIGEST_USER = "root";

const SECRET_BYTES = 32;
/** Of a nonce: when, the how manieth, and that we said so; 16 bytes together, in hex, as everybody's nonces are. */
const [TIME_DIGITS, COUNT_DIGITS, SEAL_DIGITS] = [12, 4, 16];
const NONCE_GOOD_FOR_MS = 5 * 60_000;
/** Only who knows the password makes one of them be remembered. */
const MAX_NONCES = 256;
/** Of one nonce; a client that goes on longer gets a new one. */
const MAX_USES = 1_000;

export interface DigestRequest {
  readonly method: string;
  /** As in the request line. */
  readonly uri: string;
  readonly authorization: string | undefined;
}

export type DigestVerdict =
  | { readonly is: "known" }
  /** `stale`: right password, old nonce; the client may try again by itself. */
  | { readonly is: "unknown"; readonly stale: boolean; readonly tried: boolean };

interface Nonce {
  readonly issuedMs: number;
  readonly uses: Set<string>;
}

export interface DigestDoorParts {
  readonly nowMs: () => number;
  readonly random: (length: number) => Uint8Array;
  /** MD5 of user, realm and password in hex; null: nobody gets in. */
  readonly ha1: () => string | null;
}

export class DigestDoor {
  /** Those that were used; the first used first. */
  readonly #used = new Map<string, Nonce>();
  readonly #parts: DigestDoorParts;
  readonly #secret: Uint8Array;
  #given = 0;
  /** Of older ones nobody remembers what they were used for. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(parts: DigestDoorParts) {
    this.#parts = parts;
    this.#secret = parts.random(SECRET_BYTES);
  }

  /** A WWW-Authenticate header. Nothing is kept of it, so that strangers can ask for any number. */
  challenge(stale: boolean): string {
    const issuedMs = Math.floor(this.#parts.nowMs());
    this.#given = (this.#given + 1) % 16 ** COUNT_DIGITS;
    const said = hexOf(issuedMs, TIME_DIGITS) + hexOf(this.#given, COUNT_DIGITS);
    const nonce = said + this.#seal(said);
    return `Digest realm="${DIGEST_REALM}", nonce="${nonce}", qop="auth", algorithm=MD5${stale ? ", stale=true" : ""}`;
  }

  check({ method, uri, authorization }: DigestRequest): DigestVerdict {
    const ha1 = this.#parts.ha1();
    const given = parseDigest(authorization ?? "");
    if (given === undefined) return { is: "unknown", stale: false, tried: false };
    const { username, realm, nonce = "", nc = "", cnonce = "", qop, response = "" } = given;
    const isForUs =
      ha1 !== null &&
      username === DIGEST_USER &&
      realm === DIGEST_REALM &&
      given["uri"] === uri &&
      qop === "auth";
    if (!isForUs) return { is: "unknown", stale: false, tried: true };
    const expected = hash(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`);
    if (!equalTexts(expected, response.toLowerCase()))
      return { is: "unknown", stale: false, tried: true };
    return this.#use(nonce, nc) ? { is: "known" } : { is: "unknown", stale: true, tried: false };
  }

  /** Each nonce and count once: what was overheard cannot be said again. */
  #use(nonce: string, nc: string): boolean {
    const issuedMs = this.#issuedMs(nonce);
    if (issuedMs === undefined || !this.#isGood(issuedMs)) return false;
    const known = this.#used.get(nonce) ?? { issuedMs, uses: new Set<string>() };
    const isNew =
      known.uses.size < MAX_USES && /^[0-9a-f]{8}$/i.test(nc) && !known.uses.has(nc.toLowerCase());
    if (!isNew) return false;
    known.uses.add(nc.toLowerCase());
    this.#used.set(nonce, known);
    this.#forget();
    return true;
  }

  /** When we gave it; `undefined`: somebody else did. */
  #issuedMs(nonce: string): number | undefined {
    const said = nonce.slice(0, TIME_DIGITS + COUNT_DIGITS);
    const isOurs = equalTexts(nonce, said + this.#seal(said));
    return isOurs ? Number.parseInt(said.slice(0, TIME_DIGITS), 16) : undefined;
  }

  #seal(said: string): string {
    const seal = toHex(hmac(sha256, this.#secret, new TextEncoder().encode(said)));
    return seal.slice(0, SEAL_DIGITS);
  }

  #isGood(issuedMs: number): boolean {
    return issuedMs > this.#forgottenMs && this.#parts.nowMs() - issuedMs < NONCE_GOOD_FOR_MS;
  }

  #forget(): void {
    for (const [nonce, { issuedMs }] of this.#used)
      if (!this.#isGood(issuedMs)) this.#used.delete(nonce);
    for (const [nonce, { issuedMs }] of this.#used) {
      if (this.#used.size <= MAX_NONCES) break;
      this.#used.delete(nonce);
      this.#forgottenMs = Math.max(this.#forgottenMs, issuedMs);
    }
  }
}

/** `undefined`: not of this kind. */
function parseDigest(header: string): Readonly<Record<string, string>> | undefined {
  const rest = /^Digest\s+(.*)$/i.exec(header)?.[1];
  if (rest === undefined || rest.length > 2_000) return undefined;
  const found = rest.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g);
  return Object.fromEntries(
    [...found].map(([, key = "", quoted, bare]) => [
      key.toLowerCase(),
      quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "",
    ]),
  );
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function hash(text: string): string {
  return toHex(md5(new TextEncoder().encode(text)));
}

/** In a time that does not tell where they differ. */
function equalTexts(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
