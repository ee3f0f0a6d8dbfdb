/** Decides about one share: a pure function of the share, the job it names, the time, and the pool's rules. */
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { difficultyOfTarget, meetsTarget } from "../../src/bitcoin/target.ts";
import type { Leniencies, LeniencyName } from "./leniencies.ts";
import type { Tip } from "./templates.ts";

/** Bits of the header's version that a device may change (SV2 §5.1.1: BIP323 since 2026-06, BIP320 before, a subset). */
export const versionMasks = { bip320: 0x1fffe000, bip323: 0x1fffffe0 } as const;
export type VersionMaskName = keyof typeof versionMasks;

/** Why a share is refused, more precisely than the code on the wire says it. */
export type RejectReason = keyof typeof wireCodes;

/** SubmitShares.Error codes: the former list of the specification, and those of the reference pool. */
export const wireCodes = {
  "unknown-channel": "invalid-channel-id",
  sequence: "invalid-share",
  "unknown-job": "invalid-job-id",
  "future-job": "invalid-job-id",
  "old-tip": "stale-share",
  "fixed-version": "version-rolling-not-allowed",
  "version-bits": "invalid-non-rollable-version-bit",
  "ntime-behind": "invalid-share",
  "ntime-ahead": "invalid-share",
  duplicate: "duplicate-share",
  "above-target": "difficulty-too-low",
} as const;

export interface Share {
  readonly sequenceNumber: number;
  readonly jobId: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
}

/** A job that may be worked on: what was sent, when, and the target that was frozen with it (SV2 §5.3.21). */
export interface ActiveJob {
  readonly tip: Tip;
  readonly version: number;
  readonly merkleRoot: Uint8Array;
  /** Of NewMiningJob, or for a future job of the SetNewPrevHash that activated it. */
  readonly minNtime: number;
  /** Monotonic time at which that message was sent. */
  readonly sentMs: number;
  readonly target: Uint8Array;
}

export interface ShareContext {
  /** What the channel knows by the share's job id. */
  readonly job: ActiveJob | "unknown-job" | "future-job" | "old-tip";
  readonly lastSequenceNumber: number | undefined;
  readonly nowMs: number;
  /** Whether a share with this key was accepted before. */
  isKnown(key: string): boolean;
}

export interface ShareRules {
  readonly versionMask: number;
  readonly fixedVersion: boolean;
  readonly leniencies: Leniencies;
}

export type ShareVerdict =
  | {
      readonly verdict: "accepted";
      /** Internal byte order. */
      readonly hash: Uint8Array;
      readonly key: string;
      readonly isBlock: boolean;
      /** Of the job's target: what the share is paid as. */
      readonly difficulty: number;
      /** Without these it would have been refused. */
      readonly forgiven: readonly LeniencyName[];
    }
  | { readonly verdict: "rejected"; readonly reason: RejectReason; readonly detail: string };

/**
 * The rules of SV2 §5.3.11 and §5.3.15 without any tolerance: the device sees a job later and sends a share earlier than
 * the pool does, so whole seconds counted here are never fewer than those that an honest device counted.
 */
export function judgeShare(share: Share, context: ShareContext, rules: ShareRules): ShareVerdict {
  const forgiven: LeniencyName[] = [];
  const forgive = (name: LeniencyName, isEnough = true) => {
    if (!rules.leniencies.has(name) || !isEnough) return false;
    forgiven.push(name);
    return true;
  };

  const { job, lastSequenceNumber: last } = context;
  if (last !== undefined && share.sequenceNumber <= last && !forgive("any-sequence"))
    return rejected("sequence", `sequence number ${share.sequenceNumber} after ${last}`);
  if (typeof job === "string") return rejected(job, `job ${share.jobId}`);

  const changed = (share.version ^ job.version) >>> 0;
  if (rules.fixedVersion && changed !== 0)
    return rejected("fixed-version", `version ${hex(share.version)}, fixed is ${hex(job.version)}`);
  const outside = (changed & ~rules.versionMask) >>> 0;
  if (outside !== 0 && !forgive("any-version-bits"))
    return rejected("version-bits", `bits ${hex(outside)} outside ${hex(rules.versionMask)}`);

  if (share.ntime < job.minNtime)
    return rejected("ntime-behind", `ntime ${job.minNtime - share.ntime} s before min_ntime`);
  const latest = job.minNtime + Math.floor((context.nowMs - job.sentMs) / 1_000);
  const aheadS = share.ntime - latest;
  if (aheadS > 0 && !forgive("ntime-ahead", aheadS <= (rules.leniencies.get("ntime-ahead") ?? 0)))
    return rejected("ntime-ahead", `ntime ${aheadS} s ahead`);

  const key = `${share.jobId}:${share.nonce}:${share.ntime}:${share.version}`;
  if (context.isKnown(key)) return rejected("duplicate", `nonce ${hex(share.nonce)} again`);

  const hash = hashHeader(
    encodeHeader({
      version: share.version,
      prevHash: job.tip.prevHash,
      merkleRoot: job.merkleRoot,
      ntime: share.ntime,
      nbits: job.tip.nbits,
      nonce: share.nonce,
    }),
  );
  const isBlock = meetsTarget(hash, job.tip.networkTarget);
  const difficulty = difficultyOfTarget(job.target);
  // A block is a block, even for a job whose target asks for more.
  if (!isBlock && !meetsTarget(hash, job.target))
    return rejected("above-target", `difficulty ${difficultyOfTarget(hash)} of ${difficulty}`);
  return { verdict: "accepted", hash, key, isBlock, difficulty, forgiven };
}

function rejected(reason: RejectReason, detail: string): ShareVerdict {
  return { verdict: "rejected", reason, detail };
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}
