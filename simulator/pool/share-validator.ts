/** Decides about one share: a pure function of the share, the job it names, the time, and the pool's rules. */
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { difficultyOfTarget, meetsTarget } from "../../src/bitcoin/target.ts";
import { concatBytes, toHex } from "../../src/lib/bytes.ts";
import type { Leniencies, LeniencyName } from "./leniencies.ts";
import { merkleRootOf, type Template, type Tip } from "./templates.ts";

/** Bits of the header's version that a device may change (SV2 §5.1.1: BIP323 since 2026-06, BIP320 before, a subset). */
export const versionMasks = { bip320: 0x1fffe000, bip323: 0x1fffffe0 } as const;
export type VersionMaskName = keyof typeof versionMasks;

/** Why a share is refused, more precisely than the code on the wire says it. */
export type RejectReason = keyof typeof wireCodes;

/** SubmitShares.Error codes: the former list of the specification, and those of the reference pool. */
export const wireCodes = {
  "unknown-channel": "invalid-channel-id",
  // Stratum V1 alone refuses for the next three; it has codes of its own.
  "not-subscribed": "invalid-channel-id",
  unauthorized: "unknown-user",
  malformed: "invalid-share",
  sequence: "invalid-share",
  "unknown-job": "invalid-job-id",
  "future-job": "invalid-job-id",
  "old-tip": "stale-share",
  unwanted: "invalid-share",
  "extranonce-size": "bad-extranonce-size",
  "fixed-version": "version-rolling-not-allowed",
  "version-bits": "invalid-non-rollable-version-bit",
  "ntime-behind": "invalid-share",
  "ntime-ahead": "invalid-share",
  duplicate: "duplicate-share",
  "above-target": "difficulty-too-low",
} as const;

export interface Share {
  /** Stratum V1 has none. */
  readonly sequenceNumber: number | undefined;
  readonly jobId: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
  /** The device's part of it; absent on standard channels. */
  readonly extranonce?: Uint8Array | undefined;
}

/** What the headers of a job are made of: a merkle root, or a coinbase that lacks the device's part of the extranonce. */
export interface JobWork {
  readonly template: Pick<Template, "coinbase" | "merklePath" | "block">;
  readonly extranoncePrefix: Uint8Array;
  /** Bytes that each share must bring. */
  readonly extranonceSize: number;
  /** Known where the prefix is all of the extranonce. */
  readonly merkleRoot: Uint8Array | undefined;
  readonly versionRollingAllowed: boolean;
}

/** A job that may be worked on: what was sent, when, and the target that was frozen with it (SV2 §5.3.21). */
export interface ActiveJob {
  readonly tip: Tip;
  readonly version: number;
  readonly work: JobWork;
  /** Of NewMiningJob, or for a future job of the SetNewPrevHash that activated it. */
  readonly minNtime: number;
  /** Of the SetNewPrevHash that began the tip. */
  readonly tipMinNtime: number;
  /** Monotonic time at which the message with `minNtime` was sent. */
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
  /** A quirk: ntime may be anything from the tip's min_ntime on. */
  readonly ntimeFromTipOnly: boolean;
  /** A quirk: good shares are refused as well. */
  readonly unwanted: boolean;
  /** A quirk: bits outside the mask are not looked at. */
  readonly anyVersion: boolean;
  readonly leniencies: Leniencies;
}

export type ShareVerdict =
  | {
      readonly verdict: "accepted";
      /** 80 bytes. */
      readonly header: Uint8Array;
      /** Internal byte order. */
      readonly hash: Uint8Array;
      /** All of it, the pool's part and the device's. */
      readonly extranonce: Uint8Array;
      readonly template: JobWork["template"];
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
  const { sequenceNumber } = share;
  if (
    last !== undefined &&
    sequenceNumber !== undefined &&
    sequenceNumber <= last &&
    !forgive("any-sequence")
  )
    return rejected("sequence", `sequence number ${sequenceNumber} after ${last}`);
  if (typeof job === "string") return rejected(job, `job ${share.jobId}`);

  if (rules.unwanted) return rejected("unwanted", "no share is taken");
  const own = share.extranonce ?? NO_BYTES;
  const { extranonceSize, versionRollingAllowed } = job.work;
  if (own.length !== extranonceSize)
    return rejected("extranonce-size", `extranonce of ${own.length} bytes, not ${extranonceSize}`);

  const changed = (share.version ^ job.version) >>> 0;
  if ((rules.fixedVersion || !versionRollingAllowed) && changed !== 0)
    return rejected("fixed-version", `version ${hex(share.version)}, fixed is ${hex(job.version)}`);
  const outside = (changed & ~rules.versionMask) >>> 0;
  if (outside !== 0 && !rules.anyVersion && !forgive("any-version-bits"))
    return rejected("version-bits", `bits ${hex(outside)} outside ${hex(rules.versionMask)}`);

  const earliest = rules.ntimeFromTipOnly ? job.tipMinNtime : job.minNtime;
  if (share.ntime < earliest)
    return rejected("ntime-behind", `ntime ${earliest - share.ntime} s before min_ntime`);
  const latest = rules.ntimeFromTipOnly
    ? Number.POSITIVE_INFINITY
    : job.minNtime + Math.floor((context.nowMs - job.sentMs) / 1_000);
  const aheadS = share.ntime - latest;
  if (aheadS > 0 && !forgive("ntime-ahead", aheadS <= (rules.leniencies.get("ntime-ahead") ?? 0)))
    return rejected("ntime-ahead", `ntime ${aheadS} s ahead`);

  const key = `${share.jobId}:${toHex(own)}:${share.nonce}:${share.ntime}:${share.version}`;
  if (context.isKnown(key)) return rejected("duplicate", `nonce ${hex(share.nonce)} again`);

  const extranonce = concatBytes(job.work.extranoncePrefix, own);
  const header = encodeHeader({
    version: share.version,
    prevHash: job.tip.prevHash,
    merkleRoot: job.work.merkleRoot ?? merkleRootOf(job.work.template, extranonce),
    ntime: share.ntime,
    nbits: job.tip.nbits,
    nonce: share.nonce,
  });
  const hash = hashHeader(header);
  const isBlock = meetsTarget(hash, job.tip.networkTarget);
  const difficulty = difficultyOfTarget(job.target);
  // A block is a block, even for a job whose target asks for more.
  if (!isBlock && !meetsTarget(hash, job.target))
    return rejected("above-target", `difficulty ${difficultyOfTarget(hash)} of ${difficulty}`);
  return {
    verdict: "accepted",
    header,
    hash,
    extranonce,
    template: job.work.template,
    key,
    isBlock,
    difficulty,
    forgiven,
  };
}

const NO_BYTES = new Uint8Array(0);

function rejected(reason: RejectReason, detail: string): ShareVerdict {
  return { verdict: "rejected", reason, detail };
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}
