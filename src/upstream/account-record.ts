/** A pool's account as it is kept on disk: JSON, big numbers as decimal strings. What is read is a stranger's until checked. */
import { printable } from "../lib/bytes.ts";
import type { LinkEnd } from "./pool-link.ts";

export const RECORD_VERSION = 1;

/** Which pool and whose account there: never a password or key. */
export interface PoolIdentity {
  /** E.g. "sv2", "sv1". */
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export interface AccountRecord {
  readonly version: typeof RECORD_VERSION;
  readonly pool: PoolIdentity;
  readonly sinceUnixSeconds: number | null;
  readonly connects: number;
  readonly ends: Readonly<Record<LinkEnd["kind"], number>>;
  readonly activeMs: number;
  readonly standbyMs: number;
  readonly downMs: number;
  readonly hashedHashes: string;
  readonly unusedMs: number;
  readonly unusedHashes: string;
  readonly total: TallyRecord;
  readonly chains: readonly ChainRecord[];
}

export type ChainRecord = TallyRecord & { readonly chainIndex: number };

export interface TallyRecord {
  readonly submitted: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly lost: number;
  readonly staleByPool: number;
  readonly staleByUs: number;
  readonly blocksFound: number;
  readonly submittedHashes: string;
  readonly acceptedHashes: string;
  readonly rejectedHashes: string;
  readonly staleHashes: string;
  readonly rejections: readonly (readonly [code: string, count: number])[];
  /** Internal byte order, 64 hex digits. */
  readonly best: { readonly hash: string; readonly unixSeconds: number } | null;
  readonly lastShareUnixSeconds: number | null;
}

export const END_KINDS: readonly LinkEnd["kind"][] = [
  "network",
  "silence",
  "protocol",
  "time",
  "refused",
  "asked",
];

/** Chains beyond this many are counted with their pool only. */
export const MAX_CHAINS = 64;
/** A pool with more reasons than this makes them up; the last place is that of all others together. */
export const MAX_REASONS = 32;
export const MAX_REASON_LENGTH = 80;
export const MAX_IDENTITY_LENGTH = 255; // one that was cut has an ellipsis more
/** A wall clock that was never set, or set to nonsense, must not make a record that cannot be read again. */
export const MAX_UNIX_SECONDS = 2 ** 40;
/** At a thousand shares per second, more than thirty thousand years. */
const MAX_COUNT = 2 ** 50;
/** All of Bitcoin's work until 2026 is below 2^97 hashes. */
export const MAX_HASHES = 1n << 128n;
/** No hash that anybody will find begins with so many zero bits; one that does is made up. */
export const MAX_BEST_ZERO_BITS = 160;

/** The record, or the first thing that is wrong with it, as "total.accepted: …". */
export type RecordVerdict = { readonly record: AccountRecord } | { readonly problem: string };

export function readAccountRecord(value: unknown): RecordVerdict {
  try {
    return { record: accountOf(new Fields(value, "")) };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

function accountOf(fields: Fields): AccountRecord {
  const version = fields.value("version");
  if (version !== RECORD_VERSION)
    throw new Unreadable("version", `${shown(version)}; known: ${RECORD_VERSION}`);
  const pool = fields.object("pool");
  const ends = fields.object("ends");
  const total = tallyOf(fields.object("total"));
  const chains = fields.list("chains", MAX_CHAINS).map((chain) => ({
    chainIndex: chain.integer("chainIndex", MAX_CHAINS - 1),
    ...tallyOf(chain),
  }));
  if (new Set(chains.map(({ chainIndex }) => chainIndex)).size !== chains.length)
    throw new Unreadable("chains", "a chain occurs twice");
  for (const count of ["submitted", "accepted", "rejected", "staleByUs", "blocksFound"] as const) {
    const sum = chains.reduce((before, chain) => before + chain[count], 0);
    if (sum > total[count]) throw new Unreadable(`chains.${count}`, "more than the pool has");
  }
  return {
    version: RECORD_VERSION,
    pool: {
      protocol: pool.text("protocol", MAX_IDENTITY_LENGTH + 1),
      host: pool.text("host", MAX_IDENTITY_LENGTH + 1),
      port: pool.integer("port", 65_535),
      user: pool.text("user", MAX_IDENTITY_LENGTH + 1),
    },
    sinceUnixSeconds: fields.time("sinceUnixSeconds"),
    connects: fields.count("connects"),
    ends: Object.fromEntries(END_KINDS.map((kind) => [kind, ends.count(kind)])) as Record<
      LinkEnd["kind"],
      number
    >,
    activeMs: fields.count("activeMs"),
    standbyMs: fields.count("standbyMs"),
    downMs: fields.count("downMs"),
    hashedHashes: fields.hashes("hashedHashes"),
    unusedMs: fields.count("unusedMs"),
    unusedHashes: fields.hashes("unusedHashes"),
    total,
    chains,
  };
}

function tallyOf(fields: Fields): TallyRecord {
  const tally = {
    submitted: fields.count("submitted"),
    accepted: fields.count("accepted"),
    rejected: fields.count("rejected"),
    lost: fields.count("lost"),
    staleByPool: fields.count("staleByPool"),
    staleByUs: fields.count("staleByUs"),
    blocksFound: fields.count("blocksFound"),
    submittedHashes: fields.hashes("submittedHashes"),
    acceptedHashes: fields.hashes("acceptedHashes"),
    rejectedHashes: fields.hashes("rejectedHashes"),
    staleHashes: fields.hashes("staleHashes"),
    rejections: rejectionsOf(fields),
    best: bestOf(fields),
    lastShareUnixSeconds: fields.time("lastShareUnixSeconds"),
  };
  const { submitted, accepted, rejected, lost, staleByPool, blocksFound } = tally;
  const reasons = tally.rejections.reduce((sum, [, count]) => sum + count, 0);
  if (accepted + rejected + lost > submitted) fields.refuse("submitted", "fewer than answered");
  if (staleByPool > rejected) fields.refuse("staleByPool", "more than were rejected");
  if (reasons !== rejected) fields.refuse("rejections", "do not add up to the rejected");
  if (blocksFound > submitted) fields.refuse("blocksFound", "more than were submitted");
  return tally;
}

function rejectionsOf(fields: Fields): TallyRecord["rejections"] {
  const list = fields.list("rejections", MAX_REASONS);
  return list.map((pair) => [pair.text("0", MAX_REASON_LENGTH + 1), pair.count("1")] as const);
}

function bestOf(fields: Fields): TallyRecord["best"] {
  if (fields.value("best") === null) return null;
  const best = fields.object("best");
  const hash = best.text("hash", 64);
  if (!/^[0-9a-f]{64}$/.test(hash)) return best.refuse("hash", "not 64 hex digits");
  if (/^0*$/.test(hash.slice(-MAX_BEST_ZERO_BITS / 4)))
    return best.refuse("hash", "too good to be true");
  const unixSeconds = best.time("unixSeconds");
  if (unixSeconds === null) return best.refuse("unixSeconds", "missing");
  return { hash, unixSeconds };
}

/** Objects are not asked for their text: theirs need not be one. */
function shown(value: unknown): string {
  return typeof value === "object" ? "an object" : printable(String(value), 40);
}

class Unreadable extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

/** One object of the record; each getter takes a value that is as it should be, or throws Unreadable. */
class Fields {
  readonly #object: object;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null)
      throw new Unreadable(path === "" ? "record" : path, "not an object");
    this.#object = value;
    this.#path = path;
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#object, name)
      ? (this.#object as Record<string, unknown>)[name]
      : undefined;
  }

  object(name: string): Fields {
    return new Fields(this.value(name), this.#pathOf(name));
  }

  list(name: string, maxLength: number): Fields[] {
    const value = this.value(name);
    if (!Array.isArray(value)) return this.refuse(name, "not a list");
    if (value.length > maxLength) return this.refuse(name, `more than ${maxLength} entries`);
    return value.map((one: unknown, at) => new Fields(one, `${this.#pathOf(name)}[${at}]`));
  }

  integer(name: string, max: number): number {
    const value = this.value(name);
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max)
      return this.refuse(name, `${shown(value)}; allowed: whole numbers from 0 to ${max}`);
    return value;
  }

  count(name: string): number {
    return this.integer(name, MAX_COUNT);
  }

  time(name: string): number | null {
    return this.value(name) === null ? null : this.integer(name, MAX_UNIX_SECONDS);
  }

  hashes(name: string): string {
    const text = this.text(name, 40);
    if (!/^(0|[1-9]\d*)$/.test(text) || BigInt(text) > MAX_HASHES)
      return this.refuse(name, "not a whole number from 0 to 2^128");
    return text;
  }

  text(name: string, maxLength: number): string {
    const value = this.value(name);
    if (typeof value !== "string" || value.length > maxLength)
      return this.refuse(name, `not a text of at most ${maxLength} characters`);
    return value;
  }

  refuse(name: string, problem: string): never {
    throw new Unreadable(this.#pathOf(name), problem);
  }

  #pathOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}
