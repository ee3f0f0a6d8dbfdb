/** The accounts of all pools: those of the configuration, and those kept from earlier ones, which may come back. */
import { accountKey, PoolAccount } from "./account.ts";
import { type AccountRecord, type PoolIdentity, readAccountRecord } from "./account-record.ts";

/** Pools that are no longer configured are forgotten beyond so many altogether, the longest unused first. */
export const MAX_ACCOUNTS = 32;

export class AccountBook {
  readonly #accounts = new Map<string, PoolAccount>();
  /** Of pools that are not configured. */
  readonly #kept = new Map<string, AccountRecord>();

  /** The same one for the same pool and user. */
  account(identity: PoolIdentity): PoolAccount {
    const created = new PoolAccount(identity);
    const known = this.#accounts.get(created.key);
    if (known !== undefined) return known;
    this.#accounts.set(created.key, created);
    const kept = this.#kept.get(created.key);
    if (kept !== undefined) created.resume(kept);
    this.#kept.delete(created.key);
    return created;
  }

  get accounts(): readonly PoolAccount[] {
    return [...this.#accounts.values()];
  }

  /** Grows with everything counted, but not with time. */
  get revision(): number {
    let sum = 0;
    for (const account of this.#accounts.values()) sum += account.revision;
    return sum;
  }

  /** For all pools, known or kept. */
  toRecords(nowMs: number): readonly AccountRecord[] {
    return [
      ...[...this.#accounts.values()].map((one) => one.toRecord(nowMs)),
      ...this.#kept.values(),
    ];
  }

  /** Adds what an earlier run wrote, once; returns what cannot be understood of it. */
  resume(records: readonly unknown[]): readonly string[] {
    const problems: string[] = [];
    for (const [at, value] of records.entries()) {
      const verdict = readAccountRecord(value);
      if ("problem" in verdict) problems.push(`pool ${at}: ${verdict.problem}`);
      else this.#resumeOne(verdict.record);
    }
    this.#forgetOldest();
    return problems;
  }

  #resumeOne(record: AccountRecord): void {
    const key = accountKey(record.pool);
    const account = this.#accounts.get(key);
    if (account !== undefined) account.resume(record);
    else this.#kept.set(key, record);
  }

  #forgetOldest(): void {
    const lastUse = ({ total, sinceUnixSeconds }: AccountRecord) =>
      total.lastShareUnixSeconds ?? sinceUnixSeconds ?? 0;
    const oldestFirst = [...this.#kept].sort(([, a], [, b]) => lastUse(a) - lastUse(b));
    const surplus = this.#accounts.size + this.#kept.size - MAX_ACCOUNTS;
    for (const [key] of oldestFirst.slice(0, Math.max(0, surplus))) this.#kept.delete(key);
  }
}
