/** mining.notify: its nine parameters, and the job that they and our extranonce make. */
import { targetFromCompact } from "../bitcoin/target.ts";
import { WireError } from "../lib/errors.ts";
import type { CoinbaseJob } from "../upstream/coinbase-job.ts";
import { hexBytes, hexU32 } from "./hex.ts";

/** The server's name for a job, given back as it came: some servers number their jobs. */
export type JobName = string | number;

export interface NotifyJob {
  readonly name: JobName;
  /** Internal byte order. */
  readonly prevHash: Uint8Array;
  readonly coinbasePrefix: Uint8Array;
  readonly coinbaseSuffix: Uint8Array;
  readonly merklePath: readonly Uint8Array[];
  readonly version: number;
  readonly nbits: number;
  readonly ntime: number;
  /** Whatever came before is to be dropped at once. */
  readonly clean: boolean;
}

const MAX_NAME_CHARACTERS = 256;
/** As many as a tree of 2^32 transactions has rows. */
const MAX_BRANCHES = 32;

/** Throws WireError "bad-value" naming the parameter. */
export function readNotify(params: readonly unknown[]): NotifyJob {
  const [name, prevHash, prefix, suffix, branches, version, nbits, ntime, clean] = params;
  return {
    name: readName(name),
    prevHash: swappedWords(hash("previous hash", prevHash)),
    coinbasePrefix: bytes("coinbase part 1", prefix),
    coinbaseSuffix: bytes("coinbase part 2", suffix),
    merklePath: readBranches(branches),
    version: u32("version", version),
    nbits: readNbits(nbits),
    ntime: u32("ntime", ntime),
    // Left out or null by some servers: then nothing is said to be stale.
    clean: clean === true || clean === 1 || clean === "true",
  };
}

/** The job as lanes take it. `jobId`: our number for it. */
export function coinbaseJobOf(
  notify: NotifyJob,
  jobId: number,
  versionMask: number,
  extranoncePrefix: Uint8Array,
): CoinbaseJob {
  const { version, coinbasePrefix, coinbaseSuffix, merklePath } = notify;
  return {
    jobId,
    version,
    versionMask,
    coinbasePrefix,
    coinbaseSuffix,
    merklePath,
    extranoncePrefix,
  };
}

/**
 * The previous hash comes as eight words of four bytes, each with its bytes swapped against the header: the first
 * servers printed the words of getwork as big-endian numbers. Its own inverse.
 */
export function swappedWords(hash: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(hash.length);
  for (let i = 0; i < hash.length; i++) swapped[i] = hash[i ^ 3] as number;
  return swapped;
}

function readName(name: unknown): JobName {
  if (typeof name === "number" && Number.isFinite(name)) return name;
  if (typeof name === "string" && name.length <= MAX_NAME_CHARACTERS) return name;
  throw bad("job id", `text of at most ${MAX_NAME_CHARACTERS} characters`);
}

function readBranches(branches: unknown): Uint8Array[] {
  if (!Array.isArray(branches) || branches.length > MAX_BRANCHES)
    throw bad("merkle branches", `a list of at most ${MAX_BRANCHES} hashes`);
  return branches.map((branch: unknown, at) => hash(`merkle branch ${at}`, branch));
}

/** A job with nbits that stand for no target could become no block, and would trip whoever computes with them. */
function readNbits(value: unknown): number {
  const nbits = u32("nbits", value);
  try {
    targetFromCompact(nbits);
  } catch (error) {
    throw new WireError("bad-value", `mining.notify: ${(error as RangeError).message}`, {
      cause: error,
    });
  }
  return nbits;
}

function hash(what: string, value: unknown): Uint8Array {
  const found = typeof value === "string" && value.length === 64 ? hexBytes(value) : undefined;
  if (found === undefined) throw bad(what, "64 hex digits");
  return found;
}

function bytes(what: string, value: unknown): Uint8Array {
  const found = typeof value === "string" ? hexBytes(value) : undefined;
  if (found === undefined) throw bad(what, "an even number of hex digits");
  return found;
}

function u32(what: string, value: unknown): number {
  const found = typeof value === "string" ? hexU32(value) : undefined;
  if (found === undefined) throw bad(what, "1 to 8 hex digits");
  return found;
}

function bad(what: string, allowed: string): WireError {
  return new WireError("bad-value", `mining.notify: ${what}; allowed: ${allowed}`);
}
