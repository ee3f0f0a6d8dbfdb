/** A job's versions as a chip goes through them: side by side within a batch, batch after batch. */
import type { MidstateJob, SearchJob } from "./chain-searcher.ts";
import { byteSwapped } from "./nonce-search.ts";
import { midstateOf } from "./sha256d-plain.ts";

export interface VersionBatches {
  /** Versions side by side: a power of two. */
  readonly perBatch: number;
  readonly count: number;
}

/** With fewer versions than small cores all of them search what there is [?]. */
export function versionBatches(
  job: SearchJob,
  versionMask: number,
  versionsPerSweep: number,
): VersionBatches {
  if (isMidstateJob(job)) return { perBatch: job.midstates.length, count: 1 };
  const versions = 2 ** bitCount(versionMask);
  const perBatch = Math.min(versionsPerSweep, versions);
  return { perBatch, count: Math.max(1, versions / perBatch) };
}

/** What the version number `index`, counted through all batches, puts into the version field. */
export function versionFieldOf(job: SearchJob, index: number, versionMask: number): number {
  return isMidstateJob(job) ? 0 : depositBits(index, versionMask);
}

/** The SHA-256 state of the header's first 64 bytes with that version. */
export function midstateOfVersion(job: SearchJob, index: number, versionMask: number): Int32Array {
  if (isMidstateJob(job)) return job.midstates[index] as Int32Array;
  const field = depositBits(index, versionMask);
  return midstateOf(withVersion(job.headerWords, field, versionMask));
}

/** Words 16 to 18 of the header. */
export function tailOf(job: SearchJob): Int32Array {
  return isMidstateJob(job) ? job.tail : job.headerWords.subarray(16);
}

export function firstNonceOf(job: SearchJob): number {
  return isMidstateJob(job) ? job.firstNonce : 0;
}

export function isMidstateJob(job: SearchJob): job is MidstateJob {
  return "midstates" in job;
}

export function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Header words with the rolled bits of the version replaced; word 0 is the version little-endian. */
function withVersion(headerWords: Int32Array, field: number, mask: number): Int32Array {
  const version = byteSwapped(headerWords[0] as number);
  const words = headerWords.slice();
  words[0] = byteSwapped((version & ~(mask << 13)) | (field << 13));
  return words;
}

/** The low bits of `value`, laid from the right into the set bits of `mask`. */
function depositBits(value: number, mask: number): number {
  let deposited = 0;
  let rest = value;
  for (let bit = 0; bit < 16; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    deposited |= (rest & 1) << bit;
    rest >>>= 1;
  }
  return deposited;
}
