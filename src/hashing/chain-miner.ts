/** One chain of chips at work: gives it headers, judges its nonces, counts. */
import { meetsTarget } from "../bitcoin/target.ts";
import type { Clock } from "../ports/clock.ts";
import { ChipRates } from "../telemetry/chip-rates.ts";
import { HashrateEstimator } from "../telemetry/hashrate.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { WorkChannel } from "../upstream/pool-link.ts";
import { type HeaderSpace, JobRegistry, sameHeaders } from "../work/job-registry.ts";
import { NonceCheck, type NonceOutcome } from "../work/nonce-check.ts";
import { Turns } from "../work/turns.ts";
import { bitCount, spreadOverMask, type VersionShare } from "../work/version-space.ts";
import { ntimeAt, type Work } from "../work/work.ts";
import { ChipErrors } from "./chip-errors.ts";
import type { Feed } from "./feed.ts";
import type { HashChain } from "./hash-chain.ts";

/** A job is replaced when this share of the chips' epoch has passed: they repeat it silently after the whole. */
const REFRESH_AT_EPOCH_SHARE = 0.9;

/** A command to stop may be lost on a noisy line, and chips that nobody feeds repeat their last job at full power. */
const REPEAT_IDLE_AFTER_MS = 1_000;

const noOutcomes: Readonly<Record<NonceOutcome, number>> = {
  submit: 0,
  "below-share-target": 0,
  duplicate: 0,
  stale: 0,
  "hardware-error": 0,
  "unknown-job": 0,
};

/** The headers of one job id, and whose they are: a share goes back where its work came from. */
interface OwnedSpace extends HeaderSpace {
  readonly feed: Feed;
}

/** A channel that feeds the chain, with the chain's part of its version space. */
interface Source {
  readonly channel: WorkChannel;
  readonly feed: Feed;
  share: VersionShare;
  /** The headers last given to the chips from this channel. */
  space: OwnedSpace | undefined;
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
  readonly #registry: JobRegistry<OwnedSpace>;
  readonly #check: NonceCheck<OwnedSpace>;
  readonly #hashesPerNonce: number;
  readonly #sources: Source[] = [];
  /** Among feeds that share the chain's time. */
  readonly #turns = new Turns<Feed>();
  #active: Source | undefined;
  #turnSinceMs = 0;
  #dispatchedAtMs = 0;
  #toldToIdleAtMs = Number.NEGATIVE_INFINITY;

  /** `earlier`: the same chain before it was brought up again; its counts go on. */
  constructor(index: number, chain: HashChain, clock: Clock, earlier?: ChainMiner) {
    this.index = index;
    this.chain = chain;
    this.#clock = clock;
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

  channelsOf(feed: Feed): readonly WorkChannel[] {
    return this.#sources.filter((source) => source.feed === feed).map(({ channel }) => channel);
  }

  /** Each stands for the same work, whatever became of it afterwards; a duplicate stands for none. */
  get verifiedNonces(): number {
    const { outcomes } = this;
    return outcomes.submit + outcomes["below-share-target"] + outcomes.stale;
  }

  get isHashing(): boolean {
    return this.#active !== undefined;
  }

  /** The feed whose work the chips have now. */
  get hashingFor(): Feed | undefined {
    return this.#active?.feed;
  }

  /** Lets the channel feed this chain, within this part of its version space; again to change the part. */
  assign(channel: WorkChannel, feed: Feed, share: VersionShare): void {
    const known = this.#sources.find((source) => source.channel === channel);
    if (known === undefined) {
      this.#sources.push({ channel, feed, share, space: undefined, hostCounter: 0 });
    } else if (sameShare(known.share, share)) {
      return;
    } else {
      known.share = share;
    }
    if (channel.work !== undefined) this.workChanged(channel);
  }

  unassign(channel: WorkChannel): void {
    const at = this.#sources.findIndex((source) => source.channel === channel);
    if (at < 0) return;
    const [removed] = this.#sources.splice(at, 1);
    if (removed === this.#active) this.#continueElsewhere(this.#clock.nowMs());
  }

  /**
   * The channel's work was replaced: the chips get it before this returns, or are told to stop; unless it is another
   * feed's turn. `newBlockAtMs`: when the new block arrived that is the reason.
   */
  workChanged(channel: WorkChannel, newBlockAtMs?: number): void {
    for (const source of this.#sources) {
      if (source.channel !== channel) continue;
      if (channel.work === undefined) {
        if (source === this.#active) this.#continueElsewhere(this.#clock.nowMs());
      } else if (this.#mayStart(source)) {
        this.#dispatch(source, channel.work, this.#clock.nowMs());
      } else return;
      if (newBlockAtMs !== undefined) this.newBlockLatency.add(this.#clock.nowMs() - newBlockAtMs);
      return;
    }
  }

  /** Weights of feeds changed: a feed without weight loses the chain at once, and an idle chain gets work at once. */
  reconsider(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#active === undefined || this.#active.feed.weight <= 0) this.#continueElsewhere(nowMs);
  }

  /** Gives the chips new headers when ntime moved on or they are nearly through; called every few ten milliseconds. */
  refresh(nowMs: number): void {
    const active = this.#active;
    if (active?.space === undefined) {
      if (nowMs - this.#toldToIdleAtMs >= REPEAT_IDLE_AFTER_MS) this.#idle(nowMs);
      return;
    }
    const ticked = isFresh(active, nowMs);
    const epochMs = this.chain.epochMs(bitCount(active.space.chipMask));
    if (!ticked && nowMs - this.#dispatchedAtMs < epochMs * REFRESH_AT_EPOCH_SHARE) return;
    // Turns last a tick of ntime: a second.
    const feed = ticked ? this.#feedOfNextTurn(nowMs) : active.feed;
    const next = this.#nextFresh(active, feed, nowMs);
    if (next?.channel.work !== undefined) {
      this.#dispatch(next, next.channel.work, nowMs);
    } else if (active.share.hostMask !== 0 && active.channel.work !== undefined) {
      active.hostCounter++;
      this.#dispatch(active, active.channel.work, nowMs);
    } else if (active.channel.roll(nowMs) && active.channel.work !== undefined) {
      this.#dispatch(active, active.channel.work, nowMs);
    }
    // Otherwise the chips repeat themselves until ntime moves; the search-space report has said so.
  }

  /** Stops the chips; nothing feeds them any more. */
  stop(): void {
    this.#sources.length = 0;
    this.#idle(this.#clock.nowMs());
  }

  /** Work of a feed whose turn it is not waits; with one feed that never happens. */
  #mayStart(source: Source): boolean {
    if (source.feed.weight <= 0) return false;
    const active = this.#active;
    return active === undefined || active.feed === source.feed || active.feed.weight <= 0;
  }

  #feedOfNextTurn(nowMs: number): Feed | undefined {
    const active = this.#active;
    if (active !== undefined) this.#turns.spent(active.feed, nowMs - this.#turnSinceMs);
    this.#turnSinceMs = nowMs;
    const feeds: Feed[] = [];
    for (const { feed, channel } of this.#sources)
      if (channel.work !== undefined && !feeds.includes(feed)) feeds.push(feed);
    return this.#turns.next(feeds);
  }

  /** The source of the feed after `active`, in turn, that offers headers not given out yet. */
  #nextFresh(active: Source, feed: Feed | undefined, nowMs: number): Source | undefined {
    const start = this.#sources.indexOf(active);
    for (let step = 1; step <= this.#sources.length; step++) {
      const source = this.#sources[(start + step) % this.#sources.length];
      if (source?.feed === feed && source !== undefined && isFresh(source, nowMs)) return source;
    }
    return undefined;
  }

  #continueElsewhere(nowMs: number): void {
    const feed = this.#feedOfNextTurn(nowMs);
    const other = this.#sources.find(
      (source) => source.feed === feed && source.channel.work !== undefined,
    );
    if (other?.channel.work !== undefined) this.#dispatch(other, other.channel.work, nowMs);
    else this.#idle(nowMs);
  }

  #idle(nowMs: number): void {
    this.#active = undefined;
    this.#toldToIdleAtMs = nowMs;
    this.chain.idle();
  }

  #dispatch(source: Source, work: Work, nowMs: number): void {
    const ntime = ntimeAt(work, nowMs);
    if (source.space?.work !== work || source.space.ntime !== ntime) source.hostCounter = 0;
    // A job may allow fewer version bits than the connection did (V1 set_version_mask, extended jobs of SV2).
    const chipMask = (source.share.chipMask & work.versionMask) >>> 0;
    const ownBits =
      source.share.fixedBits | spreadOverMask(source.share.hostMask, source.hostCounter);
    const baseVersion = ((work.version & ~work.versionMask) | (ownBits & work.versionMask)) >>> 0;
    // The same headers again keep their memory of nonces seen.
    const space = sameHeaders(source.space, work, ntime, baseVersion, chipMask)
      ? source.space
      : { feed: source.feed, work, ntime, baseVersion, chipMask, seen: new Set<number>() };
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
    if (this.#active === undefined) this.#turnSinceMs = nowMs;
    this.#active = source;
    this.#dispatchedAtMs = nowMs;
  }

  #judge(chipJobId: number, nonce: number, versionBits: number, chipIndex: number): void {
    const check = this.#check;
    const outcome = check.check(chipJobId, nonce, versionBits);
    const { space } = check;
    if (outcome === "submit" && space !== undefined)
      space.feed.submit(space.work, this.index, nonce, space.ntime, check.version, check.hash);
    this.outcomes[outcome]++;
    if (outcome === "hardware-error") this.chipErrors.add(chipIndex, false);
    if (outcome === "submit" || outcome === "below-share-target" || outcome === "stale") {
      const nowMs = this.#clock.nowMs();
      this.hashrate.add(nowMs, this.#hashesPerNonce);
      this.chipErrors.add(chipIndex, true);
      this.chipRates.add(chipIndex, nowMs, this.#hashesPerNonce);
      space?.feed.credit(this.#hashesPerNonce);
      if (outcome === "stale" && space !== undefined && meetsTarget(check.hash, space.work.target))
        space.feed.creditStale(this.index, space.work);
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
