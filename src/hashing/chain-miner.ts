/** One chain of chips at work: gives it headers, judges its nonces, counts. */
import type { Clock } from "../ports/clock.ts";
import { ChipRates } from "../telemetry/chip-rates.ts";
import { HashrateEstimator } from "../telemetry/hashrate.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { Channel } from "../upstream/channel.ts";
import { type HeaderSpace, JobRegistry, sameHeaders } from "../work/job-registry.ts";
import { NonceCheck, type NonceOutcome } from "../work/nonce-check.ts";
import { bitCount, spreadOverMask, type VersionShare } from "../work/version-space.ts";
import { ntimeAt, type Work } from "../work/work.ts";
import { ChipErrors } from "./chip-errors.ts";
import type { HashChain } from "./hash-chain.ts";

/** A job is replaced when this share of the chips' epoch has passed: they repeat it silently after the whole. */
const REFRESH_AT_EPOCH_SHARE = 0.9;

/** A command to stop may be lost on a noisy line, and chips that nobody feeds repeat their last job at full power. */
const REPEAT_IDLE_AFTER_MS = 1_000;

/** Sends a share; the work's tip is live and the job's target met. */
export type SubmitShare = (
  work: Work,
  chainIndex: number,
  nonce: number,
  ntime: number,
  version: number,
) => void;

const noOutcomes: Readonly<Record<NonceOutcome, number>> = {
  submit: 0,
  "below-share-target": 0,
  duplicate: 0,
  stale: 0,
  "hardware-error": 0,
  "unknown-job": 0,
};

/** A channel that feeds the chain, with the chain's part of its version space. */
interface Source {
  readonly channel: Channel;
  share: VersionShare;
  /** The headers last given to the chips from this channel. */
  space: HeaderSpace | undefined;
  hostCounter: number;
}

export class ChainMiner {
  readonly index: number;
  readonly chain: HashChain;
  readonly hashrate: HashrateEstimator;
  /** From the received chunk with a new block to this chain's job handed to the kernel. */
  readonly newBlockLatency: LatencyRecorder;
  readonly chipRates: ChipRates;
  readonly chipErrors: ChipErrors;
  readonly outcomes: Record<NonceOutcome, number>;
  accepted: number;
  rejected: number;
  readonly #startedMs: number;
  readonly #clock: Clock;
  readonly #submit: SubmitShare;
  readonly #registry: JobRegistry;
  readonly #check: NonceCheck;
  readonly #hashesPerNonce: number;
  readonly #sources: Source[] = [];
  #active: Source | undefined;
  #dispatchedAtMs = 0;
  #toldToIdleAtMs = Number.NEGATIVE_INFINITY;

  /** `earlier`: the same chain before it was brought up again; its counts go on. */
  constructor(
    index: number,
    chain: HashChain,
    clock: Clock,
    submit: SubmitShare,
    earlier?: ChainMiner,
  ) {
    this.index = index;
    this.chain = chain;
    this.#clock = clock;
    this.#submit = submit;
    this.#registry = new JobRegistry(chain.chipJobIds);
    this.#check = new NonceCheck(this.#registry, chain.ticketZeroBits);
    this.#hashesPerNonce = 2 ** chain.ticketZeroBits;
    this.#startedMs = clock.nowMs();
    this.hashrate = earlier?.hashrate ?? new HashrateEstimator(this.#startedMs);
    this.newBlockLatency = earlier?.newBlockLatency ?? new LatencyRecorder();
    this.outcomes = earlier?.outcomes ?? { ...noOutcomes };
    this.accepted = earlier?.accepted ?? 0;
    this.rejected = earlier?.rejected ?? 0;
    this.chipRates = new ChipRates(chain.chipsFound, this.#startedMs);
    this.chipErrors = new ChipErrors(chain.chipsFound);
    // Bring-up leaves the chips ready to hash, perhaps with the job of an earlier run.
    this.#idle(this.#startedMs);
    chain.onNonce((chipJobId, nonce, versionBits, chipIndex) =>
      this.#judge(chipJobId, nonce, versionBits, chipIndex),
    );
  }

  get channels(): readonly Channel[] {
    return this.#sources.map(({ channel }) => channel);
  }

  get isHashing(): boolean {
    return this.#active !== undefined;
  }

  /** Lets the channel feed this chain, within this part of its version space; again to change the part. */
  assign(channel: Channel, share: VersionShare): void {
    const known = this.#sources.find((source) => source.channel === channel);
    if (known === undefined) {
      this.#sources.push({ channel, share, space: undefined, hostCounter: 0 });
    } else if (sameShare(known.share, share)) {
      return;
    } else {
      known.share = share;
    }
    if (channel.work !== undefined) this.workChanged(channel);
  }

  unassign(channel: Channel): void {
    const at = this.#sources.findIndex((source) => source.channel === channel);
    if (at < 0) return;
    const [removed] = this.#sources.splice(at, 1);
    if (removed === this.#active) this.#continueElsewhere();
  }

  /**
   * The channel's work was replaced: the chips get it before this returns, or are told to stop. `newBlockAtMs`: when the
   * new block arrived that is the reason.
   */
  workChanged(channel: Channel, newBlockAtMs?: number): void {
    for (const source of this.#sources) {
      if (source.channel !== channel) continue;
      if (channel.work !== undefined) this.#dispatch(source, channel.work, this.#clock.nowMs());
      else if (source === this.#active) this.#continueElsewhere();
      if (newBlockAtMs !== undefined) this.newBlockLatency.add(this.#clock.nowMs() - newBlockAtMs);
      return;
    }
  }

  /** Gives the chips new headers when ntime moved on or they are nearly through; called every few ten milliseconds. */
  refresh(nowMs: number): void {
    const active = this.#active;
    if (active?.space === undefined) {
      if (nowMs - this.#toldToIdleAtMs >= REPEAT_IDLE_AFTER_MS) this.#idle(nowMs);
      return;
    }
    const ticked = isFresh(active, nowMs);
    const epochMs = this.chain.epochMs(bitCount(active.share.chipMask));
    if (!ticked && nowMs - this.#dispatchedAtMs < epochMs * REFRESH_AT_EPOCH_SHARE) return;
    const next = this.#nextFresh(active, nowMs);
    if (next?.channel.work !== undefined) {
      this.#dispatch(next, next.channel.work, nowMs);
    } else if (active.share.hostMask !== 0 && active.channel.work !== undefined) {
      active.hostCounter++;
      this.#dispatch(active, active.channel.work, nowMs);
    }
    // Otherwise the chips repeat themselves until ntime moves; the search-space report has said so.
  }

  /** Stops the chips; nothing feeds them any more. */
  stop(): void {
    this.#sources.length = 0;
    this.#idle(this.#clock.nowMs());
  }

  /** The source after `active`, in turn, that offers headers not given out yet. */
  #nextFresh(active: Source, nowMs: number): Source | undefined {
    const start = this.#sources.indexOf(active);
    for (let step = 1; step <= this.#sources.length; step++) {
      const source = this.#sources[(start + step) % this.#sources.length];
      if (source !== undefined && isFresh(source, nowMs)) return source;
    }
    return undefined;
  }

  #continueElsewhere(): void {
    const other = this.#sources.find(({ channel }) => channel.work !== undefined);
    if (other?.channel.work !== undefined) {
      this.#dispatch(other, other.channel.work, this.#clock.nowMs());
    } else {
      this.#idle(this.#clock.nowMs());
    }
  }

  #idle(nowMs: number): void {
    this.#active = undefined;
    this.#toldToIdleAtMs = nowMs;
    this.chain.idle();
  }

  #dispatch(source: Source, work: Work, nowMs: number): void {
    const ntime = ntimeAt(work, nowMs);
    if (source.space?.work !== work || source.space.ntime !== ntime) source.hostCounter = 0;
    const { chipMask, hostMask, fixedBits } = source.share;
    const baseVersion =
      ((work.version & ~work.versionMask) |
        fixedBits |
        spreadOverMask(hostMask, source.hostCounter)) >>>
      0;
    // The same headers again keep their memory of nonces seen.
    const space = sameHeaders(source.space, work, ntime, baseVersion, chipMask)
      ? source.space
      : { work, ntime, baseVersion, chipMask, seen: new Set<number>() };
    source.space = space;
    const chipJobId = this.#registry.assign(space);
    this.chain.setVersionMask(chipMask);
    this.chain.dispatch({
      chipJobId,
      version: baseVersion,
      prevHash: work.tip.prevHash,
      merkleRoot: work.merkleRoot,
      ntime,
      nbits: work.tip.nbits,
    });
    this.#active = source;
    this.#dispatchedAtMs = nowMs;
  }

  #judge(chipJobId: number, nonce: number, versionBits: number, chipIndex: number): void {
    const check = this.#check;
    const outcome = check.check(chipJobId, nonce, versionBits);
    if (outcome === "submit" && check.space !== undefined) {
      const { work, ntime } = check.space;
      this.#submit(work, this.index, nonce, ntime, check.version);
    }
    this.outcomes[outcome]++;
    if (outcome === "hardware-error") this.chipErrors.add(chipIndex, false);
    if (outcome === "submit" || outcome === "below-share-target" || outcome === "stale") {
      const nowMs = this.#clock.nowMs();
      this.hashrate.add(nowMs, this.#hashesPerNonce);
      this.chipErrors.add(chipIndex, true);
      this.chipRates.add(chipIndex, nowMs, this.#hashesPerNonce);
    }
  }
}

function sameShare(a: VersionShare, b: VersionShare): boolean {
  return a.chipMask === b.chipMask && a.hostMask === b.hostMask && a.fixedBits === b.fixedBits;
}

/** Whether the source offers headers that were not given to the chips yet. */
function isFresh(source: Source, nowMs: number): boolean {
  const { work } = source.channel;
  if (work === undefined) return false;
  return source.space?.work !== work || source.space.ntime !== ntimeAt(work, nowMs);
}
