/** Counts of this run in cgminer's terms. */
import type { PoolStatus, Status, WorkTally } from "../../api/status.ts";

export interface Tally {
  readonly accepted: number;
  readonly rejected: number;
  readonly stale: number;
  readonly acceptedDifficulty: number;
  readonly rejectedDifficulty: number;
  readonly staleDifficulty: number;
}

/** What one difficulty is, in hashes. */
export const HASHES_PER_DIFFICULTY = 2 ** 32;

export function machineTally({ shares: { run, total } }: Status): Tally {
  return tally(run.accepted, run.rejected, run.stale, total);
}

export function poolTally({ accepted, rejected, total }: PoolStatus): Tally {
  return tally(accepted, rejected, 0, total);
}

/**
 * Accounts know difficulties over all runs, cgminer's fields are of the run: the run's counts times the mean difficulty of the
 * account, which is exact as long as there was but one run.
 */
function tally(
  accepted: number,
  rejected: number,
  stale: number,
  account: WorkTally | null,
): Tally {
  const meanAccepted = mean(account?.acceptedDifficulty, account?.accepted);
  const meanRejected = mean(account?.rejectedDifficulty, account?.rejected) ?? meanAccepted ?? 0;
  return {
    accepted,
    rejected,
    stale,
    acceptedDifficulty: accepted * (meanAccepted ?? 0),
    rejectedDifficulty: rejected * meanRejected,
    staleDifficulty: stale * (meanAccepted ?? 0),
  };
}

function mean(sum: string | undefined, count: number | undefined): number | undefined {
  return count === undefined || count === 0 ? undefined : Number(sum) / count;
}

export function difficultyOf(one: Tally): number {
  return one.acceptedDifficulty + one.rejectedDifficulty + one.staleDifficulty;
}

/** Seconds that the counts are of. */
export function elapsedS({ processes, device }: Status): number {
  return Math.floor(processes.miner.uptimeS ?? device.uptimeS);
}

/** Of one minute. */
export function perMinute(count: number, seconds: number): number {
  return seconds > 0 ? (60 * count) / seconds : 0;
}

/** Wrong nonces against all. */
export function hardwareErrorsOf({ boards }: Status): { wrong: number; all: number } {
  return {
    wrong: boards.reduce((sum, { hardwareErrors }) => sum + hardwareErrors, 0),
    all: boards.reduce((sum, { nonces }) => sum + nonces, 0),
  };
}
