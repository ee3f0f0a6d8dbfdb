/** Which channel feeds which chain: one channel per chain, more where one is too small, a shared one where a pool gives fewer. */
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { Channel } from "../upstream/channel.ts";
import type { SessionHandlers, UpstreamSession } from "../upstream/session.ts";
import { planSearchSpace, type SearchDemand, searchSpace } from "../work/search-space.ts";
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

interface ChainPlan {
  /** Host-stepped version bits are used for this chain. */
  readonly hostBits: boolean;
}

export class Scheduler implements SessionHandlers {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #miners: ChainMiner[] = [];
  readonly #plans = new Map<ChainMiner, ChainPlan>();
  readonly #requests = new Map<number, ChainMiner>();
  readonly #members = new Map<Channel, ChainMiner[]>();
  /** Chains whose request was refused while other answers are still to come. */
  readonly #homeless = new Set<ChainMiner>();
  /** Why a chain does not hash, or hashes in vain, as far as the upstream is concerned. */
  readonly #reasons = new Map<ChainMiner, string>();
  readonly #refresh: Disposable;
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
      }
    }
  }

  stop(): void {
    this.#refresh[Symbol.dispose]();
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
    const channels = miner.channels;
    if (this.#versionMask === undefined || channels.length === 0) return 0;
    const members = this.#members.get(channels[0] as Channel)?.length ?? 1;
    const { chipMask, hostMask } = this.#share(miner, members, 0);
    return searchSpace({
      ...this.#demand(miner, bitCount(chipMask), bitCount(hostMask)),
      channels: channels.length,
    }).repeatedWork;
  }

  onReady(versionMask: number): void {
    this.#versionMask = versionMask;
    for (const miner of this.#miners) this.#requestChannels(miner, versionMask);
  }

  onChannelOpened(requestId: number, channel: Channel): void {
    const miner = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    if (miner === undefined) {
      this.#session?.closeChannel(channel, "not-needed");
      return;
    }
    this.#reasons.delete(miner);
    this.#log.info({ channel: channel.channelId, chain: miner.index }, "channel opened");
    this.#divide(channel, [miner]);
    for (const waiting of this.#homeless) this.#shareWith(waiting);
    this.#homeless.clear();
  }

  onChannelRefused(requestId: number, code: string): void {
    const miner = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    if (miner === undefined) return;
    if (miner.channels.length > 0) {
      this.#reportShortfall(miner);
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

  onWork(channel: Channel): void {
    const members = this.#members.get(channel);
    if (members !== undefined) for (const miner of members) miner.workChanged(channel);
  }

  onChannelClosed(channel: Channel, reason: string): void {
    this.#log.warn({ channel: channel.channelId, reason }, "the pool closed a channel");
    const members = this.#members.get(channel) ?? [];
    this.#members.delete(channel);
    for (const miner of members) {
      miner.unassign(channel);
      this.#reasons.set(miner, `the pool closed the channel: ${reason}`);
    }
    this.#clock.after(REOPEN_AFTER_MS, () => {
      const mask = this.#versionMask;
      if (mask === undefined) return;
      for (const miner of members) {
        if (this.#miners.includes(miner) && miner.channels.length === 0) {
          this.#requestChannels(miner, mask);
        }
      }
    });
  }

  onDown(): void {
    this.#versionMask = undefined;
    this.#requests.clear();
    this.#homeless.clear();
    for (const [channel, members] of this.#members) {
      for (const miner of members) miner.unassign(channel);
    }
    this.#members.clear();
  }

  onShareAccepted(chainIndex: number): void {
    const miner = this.#miners.find(({ index }) => index === chainIndex);
    if (miner !== undefined) miner.accepted++;
  }

  onShareRejected(chainIndex: number): void {
    const miner = this.#miners.find(({ index }) => index === chainIndex);
    if (miner !== undefined) miner.rejected++;
  }

  #requestChannels(miner: ChainMiner, versionMask: number): void {
    const { chipMask, hostMask } = shareOfVersionSpace(versionMask, miner.chain.rollableMask, 1, 0);
    const plan = planSearchSpace(this.#demand(miner, bitCount(chipMask), bitCount(hostMask)));
    if (!plan.usable) {
      this.#reasons.set(miner, plan.reason);
      this.#log.error({ chain: miner.index }, plan.reason);
      if (this.#miners.every((other) => this.#reasons.has(other))) this.#session?.fail(plan.reason);
      return;
    }
    this.#plans.set(miner, { hostBits: plan.hostVersionBits > 0 });
    for (let i = 0; i < plan.channels; i++) {
      const requestId = this.#session?.openChannel(miner.chain.nominalHps / plan.channels);
      if (requestId !== undefined) this.#requests.set(requestId, miner);
    }
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
    this.#divide(best[0], [...best[1], miner]);
    for (const member of best[1]) this.#reportShortfall(member);
    this.#reportShortfall(miner);
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
    return this.#plans.get(miner)?.hostBits === true ? share : { ...share, hostMask: 0 };
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

  #reportShortfall(miner: ChainMiner): void {
    const repeatedWork = this.repeatedWork(miner);
    if (repeatedWork === 0) return;
    const percent = (100 * repeatedWork).toFixed(1);
    const reason = `search space exhausted, ${percent} % of work repeats`;
    this.#reasons.set(miner, reason);
    this.#log.warn({ chain: miner.index, repeatedWork }, reason);
  }
}
