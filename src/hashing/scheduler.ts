/** Which channel feeds which chain: one channel per chain, more where one is too small, a shared one where a pool gives fewer. */
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel } from "../upstream/channel.ts";
import type { SessionHandlers, UpstreamSession } from "../upstream/session.ts";
import {
  planSearchSpace,
  type SearchDemand,
  type SearchSpace,
  searchSpace,
} from "../work/search-space.ts";
import { bitCount, shareOfVersionSpace } from "../work/version-space.ts";
import type { ChainMiner } from "./chain-miner.ts";

/** Often enough for the shortest epoch (a shared channel on an S19j Pro: 0.2 s). */
const REFRESH_PERIOD_MS = 20;
/** A pool that closes a channel is asked for another one, but not in a loop. */
const REOPEN_AFTER_MS = 5_000;

/** What the scheduler asks of the session. */
type ChannelService = Pick<
  UpstreamSession,
  "openChannel" | "closeChannel" | "updateChannel" | "fail"
>;

export class Scheduler implements SessionHandlers {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #miners: ChainMiner[] = [];
  /** Chains that are gone included: answers to their shares may still come. */
  readonly #byIndex = new Map<number, ChainMiner>();
  /** Chains for which the host steps version bits too, as their channels alone do not suffice. */
  readonly #withHostBits = new Set<ChainMiner>();
  readonly #requests = new Map<number, ChainMiner>();
  readonly #members = new Map<Channel, ChainMiner[]>();
  /** Chains whose request was refused while other answers are still to come. */
  readonly #homeless = new Set<ChainMiner>();
  /** Chains that the present connection's terms leave nothing to do for. */
  readonly #unusable = new Set<ChainMiner>();
  /** Why a chain does not hash, or hashes in vain, as far as the upstream is concerned. */
  readonly #reasons = new Map<ChainMiner, string>();
  readonly #refresh: Disposable;
  readonly #reopenings = new Set<Disposable>();
  #session: ChannelService | undefined;
  #versionMask: number | undefined;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    this.#refresh = clock.every(REFRESH_PERIOD_MS, () => {
      const nowMs = clock.nowMs();
      for (const miner of this.#miners) miner.refresh(nowMs);
    });
  }

  bind(session: ChannelService): void {
    this.#session = session;
  }

  addChain(miner: ChainMiner): void {
    this.#miners.push(miner);
    this.#byIndex.set(miner.index, miner);
    if (this.#versionMask !== undefined) this.#requestChannels(miner, this.#versionMask);
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
    this.#refresh[Symbol.dispose]();
    for (const timer of this.#reopenings) timer[Symbol.dispose]();
    for (const miner of this.#miners) miner.stop();
  }

  chainsOf(channel: Channel): readonly ChainMiner[] {
    return this.#members.get(channel) ?? [];
  }

  reasonFor(miner: ChainMiner): string | null {
    return this.#reasons.get(miner) ?? null;
  }

  /** Share of the chain's work that repeats, 0 to 1, with the channels that it has now. */
  repeatedWork(miner: ChainMiner): number {
    return this.#spaceOf(miner)?.repeatedWork ?? 0;
  }

  onReady(versionMask: number): void {
    this.#versionMask = versionMask;
    this.#unusable.clear();
    for (const miner of this.#miners) {
      // The pool may have been given up over the first of them.
      if (this.#versionMask !== undefined) this.#requestChannels(miner, versionMask);
    }
  }

  onChannelOpened(requestId: number, channel: Channel): void {
    const miner = this.#requests.get(requestId);
    this.#requests.delete(requestId);
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
    if (miner === undefined) {
      this.#houseTheHomeless();
      return;
    }
    if (miner.channels.length > 0) {
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

  onWork(channel: Channel, newBlockAtMs?: number): void {
    const members = this.#members.get(channel);
    if (members === undefined) return;
    for (const miner of members) miner.workChanged(channel, newBlockAtMs);
  }

  onChannelClosed(channel: Channel, reason: string): void {
    this.#log.warn({ channel: channel.channelId, reason }, "the pool closed a channel");
    const members = this.#members.get(channel) ?? [];
    this.#members.delete(channel);
    for (const miner of members) {
      miner.unassign(channel);
      this.#reasons.set(miner, `the pool closed the channel: ${reason}`);
    }
    const timer = this.#clock.after(REOPEN_AFTER_MS, () => {
      this.#reopenings.delete(timer);
      const mask = this.#versionMask;
      if (mask === undefined) return;
      for (const miner of members) {
        const waits = [...this.#requests.values()].includes(miner);
        if (this.#miners.includes(miner) && miner.channels.length === 0 && !waits) {
          this.#requestChannels(miner, mask);
        }
      }
    });
    this.#reopenings.add(timer);
  }

  onDown(): void {
    this.#versionMask = undefined;
    this.#requests.clear();
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

  #requestChannels(miner: ChainMiner, versionMask: number): void {
    const { chipMask, hostMask } = shareOfVersionSpace(versionMask, miner.chain.rollableMask, 1, 0);
    const plan = planSearchSpace(this.#demand(miner, bitCount(chipMask), bitCount(hostMask)));
    if (!plan.usable) {
      this.#reasons.set(miner, plan.reason);
      this.#log.error({ chain: miner.index }, plan.reason);
      this.#unusable.add(miner);
      if (this.#unusable.size === this.#miners.length) this.#session?.fail(plan.reason);
      return;
    }
    for (let i = 0; i < plan.channels; i++) {
      const requestId = this.#session?.openChannel(miner.chain.nominalHps / plan.channels);
      if (requestId !== undefined) this.#requests.set(requestId, miner);
    }
  }

  /** Nobody is left whose answer they could wait for: they ask again themselves. */
  #houseTheHomeless(): void {
    if (this.#requests.size > 0 || this.#versionMask === undefined) return;
    const waiting = [...this.#homeless];
    this.#homeless.clear();
    for (const miner of waiting) this.#requestChannels(miner, this.#versionMask);
  }

  /** Adds the chain to the channel with the fewest chains. */
  #shareWith(miner: ChainMiner): void {
    let best: [Channel, ChainMiner[]] | undefined;
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
  #divide(channel: Channel, members: ChainMiner[]): void {
    const before = this.#members.get(channel);
    this.#members.set(channel, members);
    members.forEach((miner, index) => {
      miner.assign(channel, this.#share(miner, members.length, index));
    });
    if (before !== undefined) {
      const nominalHps = members.reduce((sum, { chain }) => sum + chain.nominalHps, 0);
      this.#session?.updateChannel(channel, nominalHps);
    }
  }

  #share(miner: ChainMiner, parts: number, index: number) {
    const share = shareOfVersionSpace(
      this.#versionMask ?? 0,
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
    return { nominalHps, nonceCoverage, chipVersionBits, hostVersionBits, epochMs };
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
    for (const channel of miner.channels) {
      const members = this.#members.get(channel) ?? [];
      miner.assign(channel, this.#share(miner, members.length, members.indexOf(miner)));
    }
    if (space?.reason === undefined) return;
    this.#reasons.set(miner, space.reason);
    this.#log.warn({ chain: miner.index, repeatedWork: space.repeatedWork }, space.reason);
  }

  /** Of the chain with the channels that it has now; `undefined` when it has none. */
  #spaceOf(miner: ChainMiner): SearchSpace | undefined {
    const [first] = miner.channels;
    if (this.#versionMask === undefined || first === undefined) return undefined;
    const members = this.#members.get(first) ?? [miner];
    const { chipMask, hostMask } = this.#share(miner, members.length, 0);
    return searchSpace({
      ...this.#demand(miner, bitCount(chipMask), bitCount(hostMask)),
      channels: miner.channels.length,
    });
  }
}
