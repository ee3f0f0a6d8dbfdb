/** Whether a process stayed as big as it was: decided from samples of its memory. */
import type { ProgramName } from "./process-tree.ts";

export interface MemorySample {
  /** Since the clients came. */
  readonly atS: number;
  readonly pssMB: number;
  readonly anonymousMB: number;
}

export interface MemoryTrend {
  readonly program: ProgramName;
  /** Medians of the first and of the last third of what was judged, PSS. */
  readonly firstMB: number;
  readonly lastMB: number;
  readonly growthMB: number;
  /** The same of what no file stands behind: other programs on the machine do not move it. */
  readonly anonymousGrowthMB: number;
  /** Least squares over everything that was judged, PSS. */
  readonly slopeMBPerHour: number;
  readonly highestMB: number;
}

export interface SoakBounds {
  /** Samples before this are not judged: caches fill, code is compiled, V8 finds the size of its heap. */
  readonly warmUpS: number;
  readonly growthMB: number;
  readonly newBlockP99Ms: number;
}

const SHORT_BELOW_MINUTES = 10;

/** What is held against a soak of that length. */
export function boundsFor(minutes: number): SoakBounds {
  return minutes < SHORT_BELOW_MINUTES
    ? { warmUpS: minutes * 15, growthMB: 15, newBlockP99Ms: 100 }
    : { warmUpS: 180, growthMB: 5, newBlockP99Ms: 50 };
}

/** Throws RangeError for fewer than three samples after the warm-up. */
export function trendOf(
  program: ProgramName,
  samples: readonly MemorySample[],
  warmUpS: number,
): MemoryTrend {
  const judged = samples.filter(({ atS }) => atS >= warmUpS);
  if (judged.length < 3)
    throw new RangeError(`${judged.length} samples of the ${program} after ${warmUpS} s`);
  const third = Math.floor(judged.length / 3);
  const first = judged.slice(0, third);
  const last = judged.slice(-third);
  const pss = ({ pssMB }: MemorySample) => pssMB;
  const anonymous = ({ anonymousMB }: MemorySample) => anonymousMB;
  const growth = (of: (sample: MemorySample) => number) =>
    median(last.map(of)) - median(first.map(of));
  return {
    program,
    firstMB: median(first.map(pss)),
    lastMB: median(last.map(pss)),
    growthMB: growth(pss),
    anonymousGrowthMB: growth(anonymous),
    slopeMBPerHour: 3_600 * slopeOf(judged),
    highestMB: Math.max(...judged.map(pss)),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}

/** MB/s. */
function slopeOf(samples: readonly MemorySample[]): number {
  const meanS = samples.reduce((sum, { atS }) => sum + atS, 0) / samples.length;
  const meanMB = samples.reduce((sum, { pssMB }) => sum + pssMB, 0) / samples.length;
  let product = 0;
  let square = 0;
  for (const { atS, pssMB } of samples) {
    product += (atS - meanS) * (pssMB - meanMB);
    square += (atS - meanS) ** 2;
  }
  return square === 0 ? 0 : product / square;
}
