/** One channel on the pool's side (a Stratum V1 connection has one): its jobs, its target, and what became of its shares. */
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import { PendingAcknowledgements } from "./acknowledgements.ts";
import { JobBook } from "./job-book.ts";
import {
  type JobWork,
  judgeShare,
  type RejectReason,
  type Share,
  type ShareRules,
  type ShareVerdict,
} from "./share-validator.ts";
import { type RateClaim, TargetKeeper } from "./target-keeper.ts";
import { merkleRootOf, type Template } from "./templates.ts";
import { HASHES_PER_DIFFICULTY } from "./vardiff.ts";

export type ChannelKind = "standard" | "extended" | "v1";

export interface ChannelTerms extends RateClaim {
  readonly channelId: number;
  readonly kind: ChannelKind;
  readonly userIdentity: string;
  /** The pool's part of the extranonce; on a standard channel all of it. */
  readonly extranoncePrefix: Uint8Array;
  /** The device's part; 0 on a standard channel. */
  readonly extranonceSize: number;
  readonly sharesPerMinute: number;
  readonly versionRollingAllowed: boolean;
}

export interface ChannelStatistics {
  readonly channelId: number;
  readonly kind: ChannelKind;
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
  /** For jobs from now on. */
  extranoncePrefix: Uint8Array;
  extranonceSize: number;
  accepted = 0;
  rejected = 0;
  readonly rejectedByReason: Partial<Record<RejectReason, number>> = {};
  difficultySum = 0;
  /** The template whose job the device was told last. */
  told: Template | undefined;
  readonly #jobs = new JobBook();
  readonly #targets: TargetKeeper;
  #lastSequenceNumber: number | undefined;
  #firstJobMs: number | undefined;

  constructor(terms: ChannelTerms, nowMs: number) {
    this.terms = terms;
    this.extranoncePrefix = terms.extranoncePrefix;
    this.extranonceSize = terms.extranonceSize;
    this.#targets = new TargetKeeper(terms, terms.sharesPerMinute, nowMs);
  }

  get channelId(): number {
    return this.terms.channelId;
  }

  /** The target that the next job gets. */
  get target(): Uint8Array {
    return this.#targets.target;
  }

  set target(target: Uint8Array) {
    this.#targets.target = target;
  }

  /** A job for a block whose previous hash is still to be announced. Returns its merkle root, where it has one already. */
  addFutureJob(template: Template): Uint8Array | undefined {
    const work = this.#workOn(template);
    this.#jobs.addFuture(template, work);
    this.told = template;
    return work.merkleRoot;
  }

  /** The previous hash is announced: that job begins, with the present target, and all others are over. */
  activate(jobId: number, minNtime: number, nowMs: number): void {
    this.#jobs.activate(jobId, minNtime, nowMs, this.target);
    this.#firstJobMs ??= nowMs;
  }

  /** A job on the present tip, to be worked on at once; earlier ones on the tip stay valid. Returns its merkle root, if any. */
  addActiveJob(template: Template, minNtime: number, nowMs: number): Uint8Array | undefined {
    const work = this.#workOn(template);
    this.#jobs.addActive(template, work, minNtime, nowMs, this.target);
    this.told = template;
    return work.merkleRoot;
  }

  /** The quirk "immediate-target": the new target counts for jobs that were sent before it too. */
  applyTargetToRunningJobs(): void {
    this.#jobs.retarget(this.target);
  }

  submit(share: Share, rules: ShareRules, nowMs: number): ShareVerdict {
    const context = {
      job: this.#jobs.find(share.jobId),
      lastSequenceNumber: this.#lastSequenceNumber,
      nowMs,
      isKnown: (key: string) => this.#jobs.isKnown(key),
    };
    const verdict = judgeShare(share, context, rules);
    const { sequenceNumber } = share;
    if (sequenceNumber !== undefined)
      this.#lastSequenceNumber = Math.max(this.#lastSequenceNumber ?? 0, sequenceNumber);
    if (verdict.verdict === "rejected") {
      this.countRejected(verdict.reason);
      return verdict;
    }
    this.#jobs.remember(verdict.key);
    this.accepted++;
    this.difficultySum += verdict.difficulty;
    this.#targets.count(verdict.difficulty);
    this.pending.add(sequenceNumber ?? 0, verdict.difficulty);
    return verdict;
  }

  /** Of a job that is being worked on. */
  versionOf(jobId: number): number | undefined {
    const job = this.#jobs.find(jobId);
    return typeof job === "string" ? undefined : job.version;
  }

  countRejected(reason: RejectReason): void {
    this.rejected++;
    this.rejectedByReason[reason] = (this.rejectedByReason[reason] ?? 0) + 1;
  }

  /** The device changed its claim. */
  update(nominalHps: number, maxTarget: Uint8Array, nowMs: number): void {
    this.#targets.update({ nominalHps, maxTarget }, nowMs);
  }

  /** Looks at the shares since the last look. True when the target changed. */
  adjust(nowMs: number, likeTheReferencePool = false): boolean {
    return this.#targets.adjust(nowMs, likeTheReferencePool);
  }

  get claim(): RateClaim {
    return this.#targets.claim;
  }

  statistics(nowMs: number): ChannelStatistics {
    const elapsedS = (nowMs - (this.#firstJobMs ?? nowMs)) / 1_000;
    const { channelId, kind, userIdentity } = this.terms;
    return {
      channelId,
      kind,
      userIdentity,
      nominalHps: this.claim.nominalHps,
      difficulty: difficultyOfTarget(this.target),
      accepted: this.accepted,
      rejected: this.rejected,
      rejectedByReason: { ...this.rejectedByReason },
      difficultySum: this.difficultySum,
      estimatedHps: elapsedS > 0 ? (this.difficultySum * HASHES_PER_DIFFICULTY) / elapsedS : 0,
      lastSequenceNumber: this.#lastSequenceNumber,
    };
  }

  #workOn(template: Template): JobWork {
    const { extranoncePrefix, extranonceSize } = this;
    return {
      template,
      extranoncePrefix,
      extranonceSize,
      merkleRoot: extranonceSize === 0 ? merkleRootOf(template, extranoncePrefix) : undefined,
      versionRollingAllowed: this.terms.versionRollingAllowed,
    };
  }
}
