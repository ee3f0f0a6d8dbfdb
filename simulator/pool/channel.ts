/** One standard channel on the pool's side: its jobs, its target, and what became of its shares. */
import { difficultyOfTarget, meetsTarget } from "../../src/bitcoin/target.ts";
import { PendingAcknowledgements } from "./acknowledgements.ts";
import {
  type ActiveJob,
  judgeShare,
  type RejectReason,
  type Share,
  type ShareRules,
  type ShareVerdict,
} from "./share-validator.ts";
import { channelMerkleRoot, type Template } from "./templates.ts";
import { correctedRate, HASHES_PER_DIFFICULTY, targetForRate } from "./vardiff.ts";

/** Ids of jobs of earlier tips are remembered, so that late shares are called stale and not unknown. */
const REMEMBERED_STALE_JOBS = 256;

export interface ChannelTerms {
  readonly channelId: number;
  readonly userIdentity: string;
  readonly extranonce: Uint8Array;
  readonly sharesPerMinute: number;
  nominalHps: number;
  /** The easiest target that the device accepts. */
  maxTarget: Uint8Array;
}

export interface ChannelStatistics {
  readonly channelId: number;
  readonly userIdentity: string;
  readonly nominalHps: number;
  /** Of the target for new jobs. */
  readonly difficulty: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Partial<Record<RejectReason, number>>>;
  readonly difficultySum: number;
  /** From the accepted shares since the channel's first job; 0 before. */
  readonly estimatedHps: number;
  readonly lastSequenceNumber: number | undefined;
}

export class PoolChannel {
  readonly terms: ChannelTerms;
  readonly pending = new PendingAcknowledgements();
  /** The target that the next job gets. */
  target: Uint8Array;
  accepted = 0;
  rejected = 0;
  readonly rejectedByReason: Partial<Record<RejectReason, number>> = {};
  difficultySum = 0;
  readonly #future = new Map<number, { template: Template; merkleRoot: Uint8Array }>();
  readonly #active = new Map<number, ActiveJob>();
  readonly #stale = new Set<number>();
  readonly #known = new Set<string>();
  #lastSequenceNumber: number | undefined;
  #firstJobMs: number | undefined;
  #windowStartMs: number;
  #windowShares = 0;
  #windowDifficulty = 0;
  /** What vardiff believes; begins as the device's claim. */
  #assumedHps: number;

  constructor(terms: ChannelTerms, nowMs: number) {
    this.terms = terms;
    this.#assumedHps = terms.nominalHps;
    this.#windowStartMs = nowMs;
    this.target = this.#targetFor(terms.nominalHps);
  }

  get channelId(): number {
    return this.terms.channelId;
  }

  /** A job for a block whose previous hash is still to be announced. Returns its merkle root. */
  addFutureJob(template: Template): Uint8Array {
    const merkleRoot = channelMerkleRoot(template, this.terms.extranonce);
    this.#future.set(template.jobId, { template, merkleRoot });
    return merkleRoot;
  }

  /** The previous hash is announced: that job begins, with the present target, and all others are over. */
  activate(jobId: number, minNtime: number, nowMs: number): void {
    const job = this.#future.get(jobId);
    if (job === undefined)
      throw new Error(`channel ${this.channelId}: job ${jobId} was not announced`);
    for (const old of this.#active.keys()) this.#stale.add(old);
    for (const old of this.#future.keys()) if (old !== jobId) this.#stale.add(old);
    this.#active.clear();
    this.#future.clear();
    this.#known.clear();
    for (const old of this.#stale) {
      if (this.#stale.size <= REMEMBERED_STALE_JOBS) break;
      this.#stale.delete(old);
    }
    this.#begin(jobId, job.template, job.merkleRoot, minNtime, nowMs);
  }

  /** A job on the present tip, to be worked on at once; earlier ones on the tip stay valid. Returns its merkle root. */
  addActiveJob(template: Template, minNtime: number, nowMs: number): Uint8Array {
    const merkleRoot = channelMerkleRoot(template, this.terms.extranonce);
    this.#begin(template.jobId, template, merkleRoot, minNtime, nowMs);
    return merkleRoot;
  }

  /** The quirk "immediate-target": the new target counts for jobs that were sent before it too. */
  applyTargetToRunningJobs(): void {
    for (const [jobId, job] of this.#active)
      this.#active.set(jobId, { ...job, target: this.target });
  }

  submit(share: Share, rules: ShareRules, nowMs: number): ShareVerdict {
    const verdict = judgeShare(
      share,
      {
        job: this.#active.get(share.jobId) ?? this.#absence(share.jobId),
        lastSequenceNumber: this.#lastSequenceNumber,
        nowMs,
        isKnown: (key) => this.#known.has(key),
      },
      rules,
    );
    this.#lastSequenceNumber = Math.max(this.#lastSequenceNumber ?? 0, share.sequenceNumber);
    if (verdict.verdict === "rejected") {
      this.rejected++;
      const { reason } = verdict;
      this.rejectedByReason[reason] = (this.rejectedByReason[reason] ?? 0) + 1;
      return verdict;
    }
    this.#known.add(verdict.key);
    this.accepted++;
    this.difficultySum += verdict.difficulty;
    this.#windowShares++;
    this.#windowDifficulty += verdict.difficulty;
    this.pending.add(share.sequenceNumber, verdict.difficulty);
    return verdict;
  }

  /** The device changed its claim (UpdateChannel). */
  update(nominalHps: number, maxTarget: Uint8Array, nowMs: number): void {
    this.terms.nominalHps = nominalHps;
    this.terms.maxTarget = maxTarget;
    this.#assume(nominalHps, nowMs);
  }

  /** Looks at the shares since the last look. True when the target changed. */
  adjust(nowMs: number): boolean {
    const window = {
      elapsedMs: nowMs - this.#windowStartMs,
      shares: this.#windowShares,
      difficultySum: this.#windowDifficulty,
    };
    const corrected = correctedRate(this.#assumedHps, this.terms.sharesPerMinute, window);
    this.#startWindow(nowMs);
    if (corrected === undefined) return false;
    const before = this.target;
    this.#assume(corrected, nowMs);
    return !(meetsTarget(before, this.target) && meetsTarget(this.target, before));
  }

  statistics(nowMs: number): ChannelStatistics {
    const elapsedS = (nowMs - (this.#firstJobMs ?? nowMs)) / 1_000;
    const { channelId, userIdentity, nominalHps } = this.terms;
    return {
      channelId,
      userIdentity,
      nominalHps,
      difficulty: difficultyOfTarget(this.target),
      accepted: this.accepted,
      rejected: this.rejected,
      rejectedByReason: { ...this.rejectedByReason },
      difficultySum: this.difficultySum,
      estimatedHps: elapsedS > 0 ? (this.difficultySum * HASHES_PER_DIFFICULTY) / elapsedS : 0,
      lastSequenceNumber: this.#lastSequenceNumber,
    };
  }

  #begin(
    jobId: number,
    template: Template,
    merkleRoot: Uint8Array,
    minNtime: number,
    sentMs: number,
  ): void {
    const { tip, version } = template;
    this.#firstJobMs ??= sentMs;
    this.#active.set(jobId, { tip, version, merkleRoot, minNtime, sentMs, target: this.target });
  }

  #absence(jobId: number): "unknown-job" | "future-job" | "old-tip" {
    if (this.#future.has(jobId)) return "future-job";
    return this.#stale.has(jobId) ? "old-tip" : "unknown-job";
  }

  #assume(hashrateHps: number, nowMs: number): void {
    this.#assumedHps = hashrateHps;
    this.target = this.#targetFor(hashrateHps);
    this.#startWindow(nowMs);
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#windowShares = 0;
    this.#windowDifficulty = 0;
  }

  /** Never easier than the device accepts (SV2 §5.3.2). */
  #targetFor(hashrateHps: number): Uint8Array {
    const wanted = targetForRate(hashrateHps, this.terms.sharesPerMinute);
    return meetsTarget(wanted, this.terms.maxTarget) ? wanted : this.terms.maxTarget;
  }
}
