/** Which channel feeds which chain: one channel per chain, more where one is too small, a shared one where a pool gives fewer. */
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { LinkTerms, PoolLink, WorkChannel } from "../upstream/pool-link.ts";
import {
  planSearchSpace,
  type SearchDemand,
  type SearchSpace,
  searchSpace,
} from "../work/search-space.ts";
import { bitCount, shareOfVersionSpace } from "../work/version-space.ts";
import type { ChainMiner } from "./chain-miner.ts";
import type { Feed } from "./feed.ts";

/** A pool that closes a channel is asked for another one, but not in a loop. */
const REOPEN_AFTER_MS = 5_000;
/** The first one in a while is replaced at once: chips may be waiting for it. */
const REOPEN_AT_ONCE_AFTER_MS = 60_000;

/** A change of rate beyond this part of it is told. */
const RATE_TOLERANCE = 0.05;

/** What the scheduler asks of the link to its pool. */
type ChannelService = Pick<PoolLink, "openChannel" | "closeChannel" | "updateChannel" | "fail">;

export class Scheduler {
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #log: Logger;
  readonly #miners: ChainMiner[] = [];
  /** Chains that are gone included: answers to their shares may still come. */
  readonly #byIndex = new Map<number, ChainMiner>();
  /** Chains for which the host steps version bits too, as their channels alone do not suffice. */
  readonly #withHostBits = new Set<ChainMiner>();
  readonly #requests = new Map<number, ChainMiner>();
  readonly #members = new Map<WorkChannel, ChainMiner[]>();
  /** Chains whose request was refused while other answers are still to come. */
  readonly #homeless = new Set<ChainMiner>();
  /** Chains that the present connection's terms leave nothing to do for. */
  readonly #unusable = new Set<ChainMiner>();
  /** Why a chain does not hash, or hashes in vain, as far as the upstream is concerned. */
  readonly #reasons = new Map<ChainMiner, string>();
  readonly #reopenings = new Set<Disposable>();
  /** What was asked for with each request that is not answered yet, H/s. */
  readonly #asked = new Map<number, number>();
  /** What the pool was told of each channel, H/s. */
  readonly #claims = new WeakMap<WorkChannel, number>();
  #closedMs = Number.NEGATIVE_INFINITY;
  #session: ChannelService | undefined;
  /** Of the connection that stands; `undefined`: none does. */
  #terms: LinkTerms | undefined;

  constructor(clock: Clock, feed: Feed, log: Logger) {
    this.#clock = clock;
    this.#feed = feed;
    this.#log = log;
  }

  bind(session: ChannelService): void {
    this.#session = session;
  }

  get hasChains(): boolean {
    return this.#miners.length > 0;
  }

  addChain(miner: ChainMiner): void {
    this.#miners.push(miner);
    this.#byIndex.set(miner.index, miner);
    if (this.#terms !== undefined) this.#requestChannels(miner, this.#terms);
  }

  /** The chain is gone: its channels go with it, or to the chains that share them. */
  removeChain(miner: ChainMiner): void {
    const at = this.#miners.indexOf(miner);
    if (at < 0) return;
    this.#miners.splice(at, 1);
    for (const [requestId, owner] of this.#requests) {
      if (owner === miner) this.#requests.delete(requestId);
    }
    this.#homeless.delete(miner);
    for (const [channel, members] of this.#members) {
      const left = members.filter((member) => member !== miner);
      if (left.length === members.length) continue;
      miner.unassign(channel);
      if (left.length === 0) {
        this.#members.delete(channel);
        this.#session?.closeChannel(channel, "chain-gone");
      } else {
        this.#divide(channel, left);
        for (const member of left) this.#settle(member);
      }
    }
    this.#reasons.delete(miner);
    this.#withHostBits.delete(miner);
    this.#unusable.delete(miner);
    this.#houseTheHomeless();
  }

  stop(): void {
    for (const timer of this.#reopenings) timer[Symbol.dispose]();
    this.#reopenings.clear();
  }

  chainsOf(channel: WorkChannel): readonly ChainMiner[] {
    return this.#members.get(channel) ?? [];
  }

  reasonFor(miner: ChainMiner): string | null {
    return this.#reasons.get(miner) ?? null;
  }

  /** Share of the chain's work that repeats, 0 to 1, with the channels that it has now. */
  repeatedWork(miner: ChainMiner): number {
    return this.#spaceOf(miner)?.repeatedWork ?? 0;
  }

  onReady(terms: LinkTerms): void {
    this.#terms = terms;
    this.#unusable.clear();
    for (const miner of this.#miners) {
      // The pool may have been given up over the first of them.
      if (this.#terms !== undefined) this.#requestChannels(miner, terms);
    }
  }

  /** Tells the pool once more what rate to expect: while it stood by, it may have concluded that there is none. */
  renewClaims(): void {
    for (const [channel, members] of this.#members) this.#claim(channel, members);
  }

  /** Called again and again: a target that fitted fast chips does not fit the same ones throttled (SV2 §5.3.7). */
  followRates(): void {
    // Until every answer is there, a chain's parts are not what was asked for.
    if (this.#requests.size > 0) return;
    for (const [channel, members] of this.#members) {
      const toldHps = this.#claims.get(channel) ?? 0;
      const hps = this.#claimOf(members);
      if (Math.abs(hps - toldHps) > toldHps * RATE_TOLERANCE) this.#claim(channel, members);
    }
  }

  onChannelOpened(requestId: number, channel: WorkChannel): void {
    const miner = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    this.#claims.set(channel, this.#asked.get(requestId) ?? 0);
    this.#asked.delete(requestId);
    if (miner === undefined) {
      this.#session?.closeChannel(channel, "not-needed");
      this.#houseTheHomeless();
      return;
    }
    this.#homeless.delete(miner);
    this.#log.info({ channel: channel.channelId, chain: miner.index }, "channel opened");
    this.#divide(channel, [miner]);
    this.#settle(miner);
    for (const waiting of this.#homeless) this.#shareWith(waiting);
    this.#homeless.clear();
  }

  onChannelRefused(requestId: number, code: string): void {
    const miner = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    this.#asked.delete(requestId);
    if (miner === undefined) {
      this.#houseTheHomeless();
      return;
    }
    if (miner.channelsOf(this.#feed).length > 0) {
      this.#settle(miner);
    } else if (this.#members.size > 0) {
      this.#log.warn(
        { chain: miner.index, code },
        "channel refused, sharing another chain's channel",
      );
      this.#shareWith(miner);
    } else if (this.#requests.size > 0) {
      this.#homeless.add(miner);
    } else {
      this.#session?.fail(`the pool refuses every channel: ${code}`);
    }
  }

  onWork(channel: WorkChannel, newBlockAtMs?: number): void {
    const members = this.#members.get(channel);
    if (members === undefined) return;
    for (const miner of members) miner.workChanged(channel, newBlockAtMs);
  }

  onChannelClosed(channel: WorkChannel, reason: string): void {
    this.#log.warn({ channel: channel.channelId, reason }, "the pool closed a channel");
    const members = this.#members.get(channel) ?? [];
    this.#members.delete(channel);
    for (const miner of members) {
      miner.unassign(channel);
      if (miner.channelsOf(this.#feed).length > 0) this.#settle(miner);
      else this.#reasons.set(miner, `the pool closed the channel: ${reason}`);
    }
    const nowMs = this.#clock.nowMs();
    const isFirst = nowMs - this.#closedMs > REOPEN_AT_ONCE_AFTER_MS;
    this.#closedMs = nowMs;
    const timer = this.#clock.after(isFirst ? 0 : REOPEN_AFTER_MS, () => {
      this.#reopenings.delete(timer);
      const terms = this.#terms;
      if (terms === undefined) return;
      for (const miner of members) {
        const waits = [...this.#requests.values()].includes(miner);
        if (this.#miners.includes(miner) && !waits) this.#requestChannels(miner, terms);
      }
    });
    this.#reopenings.add(timer);
  }

  onDown(): void {
    this.#terms = undefined;
    this.#requests.clear();
    this.#asked.clear();
    this.#homeless.clear();
    for (const timer of this.#reopenings) timer[Symbol.dispose]();
    this.#reopenings.clear();
    for (const [channel, members] of this.#members) {
      for (const miner of members) miner.unassign(channel);
    }
    this.#members.clear();
  }

  onShareAccepted(chainIndex: number): void {
    const miner = this.#byIndex.get(chainIndex);
    if (miner !== undefined) miner.accepted++;
  }

  onShareRejected(chainIndex: number): void {
    const miner = this.#byIndex.get(chainIndex);
    if (miner !== undefined) miner.rejected++;
  }

  #requestChannels(miner: ChainMiner, { versionMask }: LinkTerms): void {
    const { chipMask, hostMask } = shareOfVersionSpace(versionMask, miner.chain.rollableMask, 1, 0);
    const plan = planSearchSpace(this.#demand(miner, bitCount(chipMask), bitCount(hostMask)));
    if (!plan.usable) {
      this.#reasons.set(miner, plan.reason);
      this.#log.error({ chain: miner.index }, plan.reason);
      this.#unusable.add(miner);
      if (this.#unusable.size === this.#miners.length) this.#session?.fail(plan.reason);
      return;
    }
    const lacking = plan.channels - miner.channelsOf(this.#feed).length;
    for (let i = 0; i < lacking; i++) {
      const claimHps = (this.#feed.part * miner.chain.nominalHps) / plan.channels;
      const requestId = this.#session?.openChannel(claimHps);
      if (requestId === undefined) continue;
      this.#requests.set(requestId, miner);
      this.#asked.set(requestId, claimHps);
    }
  }

  /** Nobody is left whose answer they could wait for: they ask again themselves. */
  #houseTheHomeless(): void {
    if (this.#requests.size > 0 || this.#terms === undefined) return;
    const waiting = [...this.#homeless];
    this.#homeless.clear();
    for (const miner of waiting) this.#requestChannels(miner, this.#terms);
  }

  /** Adds the chain to the channel with the fewest chains. */
  #shareWith(miner: ChainMiner): void {
    let best: [WorkChannel, ChainMiner[]] | undefined;
    for (const entry of this.#members) {
      if (best === undefined || entry[1].length < best[1].length) best = entry;
    }
    if (best === undefined) return;
    const { chipMask } = this.#share(miner, 1, 0);
    if (2 ** bitCount(chipMask) <= best[1].length) {
      this.#reasons.set(
        miner,
        "the pool gives no further channel, and a fixed version cannot be shared",
      );
      return;
    }
    const members = [...best[1], miner];
    this.#divide(best[0], members);
    for (const member of members) this.#settle(member);
  }

  /** Gives each of the chains its part of the channel's version space and tells the pool the rate of all. */
  #divide(channel: WorkChannel, members: ChainMiner[]): void {
    const before = this.#members.get(channel);
    this.#members.set(channel, members);
    members.forEach((miner, index) => {
      miner.assign(channel, this.#feed, this.#share(miner, members.length, index));
    });
    if (before !== undefined) this.#claim(channel, members);
  }

  #claim(channel: WorkChannel, members: readonly ChainMiner[]): void {
    const hps = this.#claimOf(members);
    this.#claims.set(channel, hps);
    this.#session?.updateChannel(channel, hps);
  }

  /** What the pool may expect of a channel: its part of what its chains hash, each of which may have several. */
  #claimOf(members: readonly ChainMiner[]): number {
    const perChannel = (miner: ChainMiner) =>
      miner.chain.nominalHps / Math.max(1, miner.channelsOf(this.#feed).length);
    return this.#feed.part * members.reduce((sum, miner) => sum + perChannel(miner), 0);
  }

  #share(miner: ChainMiner, parts: number, index: number) {
    const share = shareOfVersionSpace(
      this.#terms?.versionMask ?? 0,
      miner.chain.rollableMask,
      parts,
      index,
    );
    return this.#withHostBits.has(miner) ? share : { ...share, hostMask: 0 };
  }

  #demand(
    miner: ChainMiner,
    chipVersionBits: number,
    hostVersionBits: number,
  ): Omit<SearchDemand, "channels"> {
    const { nominalHps, nonceCoverage } = miner.chain;
    const epochMs = miner.chain.epochMs(chipVersionBits);
    const rollsExtranonce = this.#terms?.rollsExtranonce ?? false;
    return {
      nominalHps,
      nonceCoverage,
      chipVersionBits,
      hostVersionBits,
      epochMs,
      rollsExtranonce,
    };
  }

  /**
   * Once a chain has all the channels that it will get: do they suffice? If not, version bits stepped by the host are the
   * next remedy, where the operator's mask has any; what then still repeats is told.
   */
  #settle(miner: ChainMiner): void {
    for (const waiting of this.#requests.values()) if (waiting === miner) return;
    this.#withHostBits.delete(miner);
    this.#reasons.delete(miner);
    let space = this.#spaceOf(miner);
    if (space !== undefined && space.repeatedWork > 0) {
      this.#withHostBits.add(miner);
      space = this.#spaceOf(miner);
    }
    for (const channel of miner.channelsOf(this.#feed)) {
      const members = this.#members.get(channel) ?? [];
      const share = this.#share(miner, members.length, members.indexOf(miner));
      miner.assign(channel, this.#feed, share);
    }
    if (space?.reason === undefined) return;
    this.#reasons.set(miner, space.reason);
    this.#log.warn({ chain: miner.index, repeatedWork: space.repeatedWork }, space.reason);
  }

  /** Of the chain with the channels that it has now; `undefined` when it has none. */
  #spaceOf(miner: ChainMiner): SearchSpace | undefined {
    const channels = miner.channelsOf(this.#feed);
    const [first] = channels;
    if (this.#terms === undefined || first === undefined) return undefined;
    const members = this.#members.get(first) ?? [miner];
    const { chipMask, hostMask } = this.#share(miner, members.length, 0);
    return searchSpace({
      ...this.#demand(miner, bitCount(chipMask), bitCount(hostMask)),
      channels: channels.length,
    });
  }
}
