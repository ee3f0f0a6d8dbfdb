/**
 * A sensor's samples, looked at with suspicion: one bad sample neither trips anything nor hides anything. A sample that
 * jumps is believed when a second one of three says the same, and as a lower bound when the next one rises further; one out
 * of range is never believed.
 */
import type { SensorReading } from "./board-policy-types.ts";

/** What such a sensor can read at all (LM75 and relatives: -55 to 125 °C; a miner below -40 °C is not running) [D]. */
const MIN_C = -40;
const MAX_C = 125;
/** Faster than any board heats up [D: users' rule of LuxOS and others]. */
const MAX_SLOPE_C_PER_S = 5;
/** Samples this close together may always differ so much: resolution and noise [ours]. */
const ALWAYS_ALLOWED_C = 3;
/** Two suspects this close to each other say the same [ours]. */
const AGREEMENT_C = 5;
/** Samples nearer than this are one sample told twice, such as the chips' with every beat of the miner [ours]. */
const SAME_SAMPLE_MS = 250;
const REMEMBERED = 3;

export interface SensorRules {
  /** Older than this a reading is unknown: three polls, at most 15 s. */
  readonly staleAfterMs: number;
}

export type SensorSample =
  | { readonly atMs: number; readonly valueC: number }
  | { readonly atMs: number; readonly failed: string };

export interface SensorMemory {
  readonly good: { readonly atMs: number; readonly valueC: number } | undefined;
  /** The last samples, newest last, with what became of them. */
  readonly last: readonly {
    readonly is: "good" | "jump" | "out-of-range" | "failed";
    readonly valueC: number;
  }[];
  readonly lastAtMs: number | undefined;
  /** Why the last read failed. */
  readonly failure: string | undefined;
}

export function newSensorMemory(): SensorMemory {
  return { good: undefined, last: [], lastAtMs: undefined, failure: undefined };
}

export function takeSample(memory: SensorMemory, sample: SensorSample): SensorMemory {
  const { lastAtMs } = memory;
  if (lastAtMs !== undefined && sample.atMs - lastAtMs < SAME_SAMPLE_MS) return memory;
  return { ...judged(memory, sample), lastAtMs: sample.atMs };
}

function judged(memory: SensorMemory, sample: SensorSample): Omit<SensorMemory, "lastAtMs"> {
  const remember = (is: SensorMemory["last"][number]["is"], valueC: number) =>
    [...memory.last, { is, valueC }].slice(-REMEMBERED);
  if ("failed" in sample)
    return { ...memory, last: remember("failed", Number.NaN), failure: sample.failed };
  const { atMs, valueC } = sample;
  const isInRange = valueC >= MIN_C && valueC <= MAX_C;
  if (!isInRange) return { ...memory, last: remember("out-of-range", valueC), failure: undefined };
  const jumps = memory.last.slice(1 - REMEMBERED).filter(({ is }) => is === "jump");
  const isConfirmed = jumps.some((other) => Math.abs(other.valueC - valueC) <= AGREEMENT_C);
  // After so much nonsense what follows the last good value may do so by chance.
  const isWild = jumps.length === REMEMBERED - 1;
  if (isConfirmed || (!isWild && follows(memory.good, atMs, valueC)))
    return { good: { atMs, valueC }, last: remember("good", valueC), failure: undefined };
  const good = riseSoFar(memory, valueC);
  return { good, last: remember("jump", valueC), failure: undefined };
}

/**
 * Steeper than any board heats up, twice running: a heat sink that came off does that. At least so hot both say it is; no
 * newer for that, so that what rises and makes no sense becomes unknown when it would have anyway.
 */
function riseSoFar({ good, last }: SensorMemory, valueC: number): SensorMemory["good"] {
  const before = last.at(-1);
  if (good === undefined || before?.is !== "jump") return good;
  if (before.valueC <= good.valueC || valueC <= before.valueC) return good;
  return { atMs: good.atMs, valueC: before.valueC };
}

/** Nothing can be said against a first sample but its range. */
function follows(good: SensorMemory["good"], atMs: number, valueC: number): boolean {
  if (good === undefined) return true;
  const allowedC = Math.max(ALWAYS_ALLOWED_C, (MAX_SLOPE_C_PER_S * (atMs - good.atMs)) / 1_000);
  return Math.abs(valueC - good.valueC) <= allowedC;
}

/** As if nothing had happened for so long: whoever looks was frozen, and what he knew is not old for that. */
export function excused(memory: SensorMemory, lateMs: number, nowMs: number): SensorMemory {
  const later = (atMs: number) => Math.min(nowMs, atMs + lateMs);
  const { good, lastAtMs } = memory;
  return {
    ...memory,
    good: good && { ...good, atMs: later(good.atMs) },
    lastAtMs: lastAtMs === undefined ? undefined : later(lastAtMs),
  };
}

export function readingOf(memory: SensorMemory, nowMs: number, rules: SensorRules): SensorReading {
  const { good, last, failure } = memory;
  const impossible = last.filter(({ is }) => is === "out-of-range");
  if (impossible.length >= 2) {
    const valueC = impossible.at(-1)?.valueC ?? Number.NaN;
    return unknown("implausible", `${valueC} °C is outside of ${MIN_C} to ${MAX_C} °C`);
  }
  if (good === undefined)
    return unknown(failure === undefined ? "never-read" : "lost", failure ?? "not read yet");
  const ageMs = nowMs - good.atMs;
  if (ageMs <= rules.staleAfterMs) return { is: "known", valueC: good.valueC, ageMs };
  const why = failure ?? (last.at(-1)?.is === "jump" ? "samples that jump" : "no new sample");
  return unknown("stale", `last known ${(ageMs / 1_000).toFixed(1)} s ago: ${why}`);
}

function unknown(
  why: Extract<SensorReading, { is: "unknown" }>["why"],
  detail: string,
): SensorReading {
  return { is: "unknown", why, detail };
}
