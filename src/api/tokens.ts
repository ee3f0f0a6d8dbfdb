/** Tokens: what programs log in with. Each has a name, a scope and perhaps an end; only a hash of it is kept. */
import type { Entropy } from "../ports/entropy.ts";
import type { Scope } from "./device.ts";
import { hashOfWord, randomWord } from "./secret-words.ts";

export const MAX_TOKENS = 32;
/** So that people, and programs that look for leaked secrets, see what it is. */
export const TOKEN_PREFIX = "asicd_";
const DAY_S = 86_400;
/** A clock that is set later than a token was made may be a little behind, not more. */
const CLOCK_SLACK_S = DAY_S;

export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly createdUnixSeconds: number;
  /** null: never. */
  readonly expiresUnixSeconds: number | null;
  /** SHA-256 of the whole token. */
  readonly hash: string;
}

export type TokenCheck =
  | { readonly is: "valid"; readonly name: string; readonly scope: Scope }
  | { readonly is: "unknown" }
  | { readonly is: "expired" }
  /** This machine does not know what time it is, so nothing that ends can be believed. */
  | { readonly is: "clock-behind" };

export interface TokenTerms {
  readonly name: string;
  readonly scope: Scope;
  readonly expiresDays: number | null;
}

export class Tokens {
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #usedUnixSeconds = new Map<string, number>();

  constructor(records: readonly TokenRecord[] = []) {
    for (const record of records.slice(0, MAX_TOKENS)) this.#tokens.set(record.hash, record);
  }

  get records(): readonly TokenRecord[] {
    return [...this.#tokens.values()];
  }

  /** Of this run; null: not yet. */
  lastUsedUnixSeconds(id: string): number | null {
    return this.#usedUnixSeconds.get(id) ?? null;
  }

  /** The token is told here and never again; "full" and "taken" (its name) make none. */
  create(
    { name, scope, expiresDays }: TokenTerms,
    entropy: Entropy,
    nowUnixSeconds: number,
  ): { readonly token: string; readonly record: TokenRecord } | "full" | "taken" {
    if (this.#tokens.size >= MAX_TOKENS) return "full";
    if (this.records.some((other) => other.name === name)) return "taken";
    const token = `${TOKEN_PREFIX}${randomWord(entropy)}`;
    const hash = hashOfWord(token);
    const record: TokenRecord = {
      id: hash.slice(0, 12),
      name,
      scope,
      createdUnixSeconds: nowUnixSeconds,
      expiresUnixSeconds: expiresDays === null ? null : nowUnixSeconds + expiresDays * DAY_S,
      hash,
    };
    this.#tokens.set(hash, record);
    return { token, record };
  }

  /** What it was; `undefined`: there is none. */
  delete(id: string): TokenRecord | undefined {
    const record = this.records.find((one) => one.id === id);
    if (record === undefined) return undefined;
    this.#tokens.delete(record.hash);
    this.#usedUnixSeconds.delete(id);
    return record;
  }

  check(token: string, nowUnixSeconds: number): TokenCheck {
    const record = this.#tokens.get(hashOfWord(token));
    if (record === undefined) return { is: "unknown" };
    const { id, name, scope, createdUnixSeconds, expiresUnixSeconds } = record;
    if (expiresUnixSeconds !== null) {
      if (nowUnixSeconds >= expiresUnixSeconds) return { is: "expired" };
      if (nowUnixSeconds < createdUnixSeconds - CLOCK_SLACK_S) return { is: "clock-behind" };
    }
    this.#usedUnixSeconds.set(id, nowUnixSeconds);
    return { is: "valid", name, scope };
  }
}
