/** Passwords of operators: kept as scrypt hashes, compared in constant time. */
import { fromHex, toHex } from "../lib/bytes.ts";
import type { Entropy } from "../ports/entropy.ts";

export const MIN_PASSWORD_LENGTH = 8;
/** Far above any passphrase; more would only cost time. */
export const MAX_PASSWORD_LENGTH = 200;

export interface ScryptTerms {
  /** CPU and memory cost, a power of two; 128 · cost · blockSize bytes are needed. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly keyBytes: number;
}

/** The derivation itself, which a portable program leaves to the machine: it must not block the process. */
export type Scrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  terms: ScryptTerms,
) => Promise<Uint8Array>;

/** 16 MiB, which a control board with 256 MB has (OWASP Password Storage Cheat Sheet, scrypt: N=2^14, r=8, p=5). */
export const SCRYPT_TERMS: ScryptTerms = {
  cost: 2 ** 14,
  blockSize: 8,
  parallelization: 5,
  keyBytes: 32,
};

const SALT_BYTES = 16;
/** What a damaged file may ask for at most. */
const MAX_COST = 2 ** 17;

/** Why this is no password; `undefined`: it is one. */
export function passwordProblem(password: string): string | undefined {
  const { length } = [...password];
  if (length < MIN_PASSWORD_LENGTH)
    return `has ${length} characters; at least ${MIN_PASSWORD_LENGTH} are needed`;
  if (length > MAX_PASSWORD_LENGTH)
    return `has ${length} characters; at most ${MAX_PASSWORD_LENGTH} are allowed`;
  return undefined;
}

/** "scrypt:COST:BLOCK:PARALLEL:SALT:KEY", the last two in hex. */
export async function hashPassword(
  password: string,
  scrypt: Scrypt,
  entropy: Entropy,
  terms: ScryptTerms = SCRYPT_TERMS,
): Promise<string> {
  const salt = entropy.randomBytes(SALT_BYTES);
  const key = await scrypt(bytesOf(password), salt, terms);
  const { cost, blockSize, parallelization } = terms;
  return ["scrypt", cost, blockSize, parallelization, toHex(salt), toHex(key)].join(":");
}

/** Whether this is the password behind the hash; a hash that cannot be read fits none. */
export async function passwordFits(
  password: string,
  hash: string,
  scrypt: Scrypt,
): Promise<boolean> {
  const kept = readHash(hash);
  if (kept === undefined) return false;
  const key = await scrypt(bytesOf(password), kept.salt, kept.terms);
  return equalInConstantTime(key, kept.key);
}

/** Takes as long for every pair of that length. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

function readHash(hash: string) {
  const [kind, cost, blockSize, parallelization, salt, key] = hash.split(":");
  const terms = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
    keyBytes: (key ?? "").length / 2,
  };
  const isSound =
    kind === "scrypt" &&
    Number.isInteger(Math.log2(terms.cost)) &&
    terms.cost > 1 &&
    terms.cost <= MAX_COST &&
    terms.blockSize >= 1 &&
    terms.blockSize <= 8 &&
    terms.parallelization >= 1 &&
    terms.parallelization <= 16 &&
    /^([0-9a-f]{2}){16,64}$/.test(key ?? "") &&
    /^([0-9a-f]{2}){8,64}$/.test(salt ?? "");
  return isSound ? { terms, salt: fromHex(salt ?? ""), key: fromHex(key ?? "") } : undefined;
}

/** The same letters typed on another system are the same password. */
function bytesOf(password: string): Uint8Array {
  return new TextEncoder().encode(password.normalize("NFKC"));
}
