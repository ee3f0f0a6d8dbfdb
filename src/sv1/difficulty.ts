/** Share difficulty, as servers give it, to a target and back. */
import { targetFromDifficulty } from "../bitcoin/target.ts";
import { WireError } from "../lib/errors.ts";

/** What holds until a server says something else. */
export const DEFAULT_DIFFICULTY = 1;

/** A million times that of the network in 2026; more is a mistake, and would mean never to find anything. */
const MAX_DIFFICULTY = 2 ** 67;
/** Below this 256 bits do not suffice: every hash is a share. */
const MIN_DIFFICULTY = 2 ** -32;

/** Mean time between shares that we suggest to a server: what vardiff servers aim at lies between 3 and 20 s [?]. */
const SUGGESTED_SHARE_PERIOD_S = 6;

/**
 * 32 bytes little-endian: the largest target of at least this difficulty, exactly, fractions included. Throws WireError
 * "bad-value" for what is not a number (or the text of one) from 2^-32 to 2^67.
 */
export function targetOfDifficulty(value: unknown): Uint8Array {
  const isText = typeof value === "string" && value.trim() !== "" && value.length <= 64;
  const difficulty = isText ? Number(value) : value;
  if (
    typeof difficulty !== "number" ||
    !(difficulty >= MIN_DIFFICULTY && difficulty <= MAX_DIFFICULTY)
  ) {
    const shown = typeof difficulty === "number" ? String(difficulty) : typeof value;
    throw new WireError("bad-value", `difficulty: ${shown}; allowed: a number from 2^-32 to 2^67`);
  }
  return targetFromDifficulty(difficulty);
}

/** The difficulty at which a device of this rate finds a share every few seconds; at least 2^-32. */
export function difficultyFor(nominalHps: number): number {
  const exact = (nominalHps * SUGGESTED_SHARE_PERIOD_S) / 2 ** 32;
  const rounded = exact >= 1 ? Math.round(exact) : Number(exact.toPrecision(3));
  return Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, rounded));
}
