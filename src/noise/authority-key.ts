/** The key that a pool signs its certificates with, as operators write it (SV2 §4.7). */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base58, createBase58check } from "@scure/base";
import { concatBytes } from "../lib/bytes.ts";
import { ConfigError } from "../lib/errors.ts";

const KEY_VERSION = 1;
const VERSION_BYTES = 2;
const KEY_BYTES = 32;
/** Every valid string has this many characters. */
const KEY_CHARACTERS = 51;
/** Base58 takes quadratic time: nothing longer is looked into. */
const MAX_CHARACTERS = 100;

const base58check = createBase58check(sha256);

/**
 * The x-only key, 32 bytes, of a string such as "9bXiEd8b…". Throws ConfigError at `path` that says which rule is broken.
 * The text itself is never repeated: it might be a secret key put in the wrong place.
 */
export function parseAuthorityKey(text: string, path: string): Uint8Array {
  const refuse = (problem: string) =>
    new ConfigError([
      {
        path,
        problem: `authority key: ${problem}`,
        allowed: `the ${KEY_CHARACTERS} characters that the pool publishes, beginning with 9`,
      },
    ]);

  if (text.length > MAX_CHARACTERS) throw refuse(`${text.length} characters are too many`);
  if (!isBase58(text))
    throw refuse("a character is not in the base58 alphabet (0, O, I and l are not)");
  const payload = checkedPayload(text);
  if (payload === undefined)
    throw refuse("the checksum does not fit; a character is mistyped or missing");
  if (payload.length === KEY_BYTES)
    throw refuse("obsolete Ed25519 key of the 2022 draft; ask the pool for its current key");
  if (payload.length !== VERSION_BYTES + KEY_BYTES)
    throw refuse(
      `${payload.length} bytes instead of ${VERSION_BYTES + KEY_BYTES} (version and key): wrong length`,
    );
  const version = (payload[0] ?? 0) | ((payload[1] ?? 0) << 8);
  if (version !== KEY_VERSION) throw refuse(`key version ${version}; only ${KEY_VERSION} is known`);
  const key = payload.slice(VERSION_BYTES);
  if (!isOnCurve(key)) throw refuse("not a point of the curve secp256k1");
  return key;
}

/** The string of an x-only key. */
export function formatAuthorityKey(key: Uint8Array): string {
  return base58check.encode(concatBytes(Uint8Array.of(KEY_VERSION, 0), key));
}

function isBase58(text: string): boolean {
  return succeeds(() => base58.decode(text));
}

function checkedPayload(text: string): Uint8Array | undefined {
  let payload: Uint8Array | undefined;
  succeeds(() => {
    payload = base58check.decode(text);
  });
  return payload;
}

/** BIP340's lift_x succeeds. */
function isOnCurve(x: Uint8Array): boolean {
  return succeeds(() => schnorr.utils.lift_x(bytesToNumberBE(x)));
}

/** The libraries answer "no" by throwing. */
function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
