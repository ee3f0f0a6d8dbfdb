/** mining.suggest_difficulty and mining.suggest_target: both come to a difficulty. */
import { difficultyOfTarget } from "../../../src/bitcoin/target.ts";
import { fromHex, reversed } from "../../../src/lib/bytes.ts";

/** Easier ones are no easier than a target of all ones. */
const SMALLEST = 1e-10;
const LARGEST = 1e60;

/** `undefined` for what is no difficulty. */
export function readDifficulty(value: unknown): number | undefined {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) return undefined;
  return Math.min(Math.max(value, SMALLEST), LARGEST);
}

/** 64 hex digits, the largest first, as people write targets. */
export function readTarget(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) return undefined;
  return readDifficulty(difficultyOfTarget(reversed(fromHex(value))));
}
