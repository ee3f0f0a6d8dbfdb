import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { ChainMiner } from "../../src/hashing/chain-miner.ts";
import { Scheduler } from "../../src/hashing/scheduler.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Channel } from "../../src/upstream/channel.ts";
import { BIP320_MASK, BIP323_MASK } from "../../src/work/work.ts";
import { RecordingChain } from "../support/recording-chain.ts";
import { recordingFeed } from "../support/recording-feed.ts";

/** What the scheduler asked of the session. */
class Desk {
  readonly requests: number[] = [];
  readonly closed: number[] = [];
  readonly updates: [number, number][] = [];
  readonly failures: string[] = [];
  openChannel(nominalHps: number): number {
    this.requests.push(nominalHps);
    return this.requests.length;
  }
  closeChannel(channel: Channel): void {
    this.closed.push(channel.channelId);
  }
  updateChannel(channel: Channel, nominalHps: number): void {
    this.updates.push([channel.channelId, nominalHps]);
  }
  fail(reason: string): void {
    this.failures.push(reason);
  }
}

function setUp(
  chainOptions: ConstructorParameters<typeof RecordingChain>[0][],
  versionMask = BIP320_MASK,
) {
  const clock = new VirtualClock();
  const desk = new Desk();
  const feed = recordingFeed();
  const scheduler = new Scheduler(clock, feed, silentLog);
  scheduler.bind(desk);
  const chains = chainOptions.map((options) => new RecordingChain(options));
  const miners = chains.map((chain, index) => new ChainMiner(index, chain, clock));
  for (const miner of miners) scheduler.addChain(miner);
  const open = (channelId: number) =>
    new Channel({
      channelId,
      groupChannelId: 1,
      target: new Uint8Array(32).fill(0xff),
      extranoncePrefix: new Uint8Array(),
      versionMask,
    });
  const work = (channel: Channel, jobId: number) => {
    channel.newMiningJob(
      {
        jobId,
        minNtime: undefined,
        version: 0x20000000,
        merkleRoot: new Uint8Array(32).fill(jobId),
      },
      clock.nowMs(),
    );
    channel.setNewPrevHash(
      { jobId, prevHash: new Uint8Array(32).fill(jobId), minNtime: 1_000, nbits: 1 },
      clock.nowMs(),
    );
    scheduler.onWork(channel);
  };
  return { clock, desk, feed, scheduler, chains, miners, open, work };
}

describe("which channel feeds which chain", () => {
  test("one channel per chain, each declared at its chain's rate", () => {
    const { desk, scheduler, chains, open, work } = setUp([{ nominalHps: 5 }, { nominalHps: 7 }]);
    expect(desk.requests).toEqual([]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    expect(desk.requests).toEqual([5, 7]);
    const channels = [open(2), open(3)] as const;
    scheduler.onChannelOpened(1, channels[0]);
    scheduler.onChannelOpened(2, channels[1]);
    work(channels[1], 9);
    expect(chains.map(({ jobs }) => jobs.length)).toEqual([0, 1]);
  });

  test("a chain that comes up later gets its channel then", () => {
    const { clock, desk, scheduler } = setUp([]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.addChain(new ChainMiner(0, new RecordingChain({ nominalHps: 3 }), clock));
    expect(desk.requests).toEqual([3]);
  });

  test("refused chains share a channel and split its version space; the pool is told the sum", () => {
    const { desk, scheduler, chains, open, work } = setUp([{}, {}, {}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.onChannelRefused(1, "too-many-channels");
    const channel = open(2);
    scheduler.onChannelOpened(2, channel);
    scheduler.onChannelRefused(3, "too-many-channels");
    expect(desk.updates.at(-1)).toEqual([2, 3e6]);
    work(channel, 4);
    const versions = chains.map(({ lastJob }) => lastJob?.version);
    expect(new Set(versions).size).toBe(3);
    for (const chain of chains) expect(chain.versionMask).toBe(0x07ffe000);
    expect(desk.failures).toEqual([]);
  });

  test("chains that share too small a space say how much of their work repeats", () => {
    const fast = { nominalHps: 34e12, epochMs: 1_636 };
    const { scheduler, miners, open } = setUp([fast, fast, fast]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.onChannelOpened(1, open(2));
    scheduler.onChannelRefused(2, "no");
    scheduler.onChannelRefused(3, "no");
    for (const miner of miners) {
      expect(scheduler.repeatedWork(miner)).toBeCloseTo(0.59, 2);
      expect(scheduler.reasonFor(miner)).toMatch(/search space exhausted, 59 % of work repeats/);
    }
  });

  test("a chain whose first of two channels is refused does not share with itself", () => {
    const { desk, scheduler, chains, miners, open, work } = setUp([
      { nominalHps: 60e12, epochMs: 700 },
    ]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.onChannelRefused(1, "no");
    const channel = open(2);
    scheduler.onChannelOpened(2, channel);
    work(channel, 1);
    expect(scheduler.chainsOf(channel)).toEqual(miners);
    expect(chains[0]?.versionMask).toBe(BIP320_MASK);
    expect(desk.updates).toEqual([]);
  });

  test("a chain that waits for another's channel is not forgotten when that chain goes", () => {
    const { desk, feed, scheduler, miners, open } = setUp([{}, {}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.onChannelRefused(1, "one channel only");
    scheduler.removeChain(miners[1] as ChainMiner);
    expect(desk.requests).toHaveLength(3);
    scheduler.onChannelOpened(2, open(2));
    expect(desk.closed).toEqual([2]);
    scheduler.onChannelOpened(3, open(3));
    expect(miners[0]?.channelsOf(feed)).toHaveLength(1);
  });

  test("a shortfall is told even when the pool grants every channel", () => {
    const { scheduler, miners, open } = setUp([{ nominalHps: 34e12, epochMs: 50 }]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    for (let i = 1; i <= 4; i++) scheduler.onChannelOpened(i, open(i + 1));
    expect(miners[0] && scheduler.reasonFor(miners[0])).toMatch(/80 % of work repeats/);
  });

  test("when channels are refused, allowed BIP323 bits are the next remedy", () => {
    const two = setUp([{ nominalHps: 60e12, epochMs: 700 }], BIP323_MASK);
    two.scheduler.onReady({ versionMask: BIP323_MASK, rollsExtranonce: false });
    two.scheduler.onChannelOpened(1, two.open(2));
    two.scheduler.onChannelRefused(2, "no");
    expect(two.miners[0] && two.scheduler.repeatedWork(two.miners[0])).toBe(0);
    expect(two.miners[0] && two.scheduler.reasonFor(two.miners[0])).toBeNull();

    const fast = { nominalHps: 34e12, epochMs: 1_636 };
    const shared = setUp([fast, fast, fast], BIP323_MASK);
    shared.scheduler.onReady({ versionMask: BIP323_MASK, rollsExtranonce: false });
    shared.scheduler.onChannelOpened(1, shared.open(2));
    shared.scheduler.onChannelRefused(2, "no");
    shared.scheduler.onChannelRefused(3, "no");
    for (const miner of shared.miners) expect(shared.scheduler.repeatedWork(miner)).toBe(0);
  });

  test("one chain without a use for this pool does not take it from the others", () => {
    const { desk, scheduler, open } = setUp(
      [{ nominalHps: 4e9, epochMs: 1 }, { nominalHps: 1e12 }],
      0,
    );
    scheduler.onReady({ versionMask: 0, rollsExtranonce: false });
    for (let i = 1; i <= desk.requests.length; i++) scheduler.onChannelOpened(i, open(i + 1));
    expect(desk.failures).toEqual([]);
  });

  test("a pool that refuses every channel is given up with its code", () => {
    const { desk, scheduler } = setUp([{}, {}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    scheduler.onChannelRefused(1, "unknown-user");
    expect(desk.failures).toEqual([]);
    scheduler.onChannelRefused(2, "unknown-user");
    expect(desk.failures).toEqual(["the pool refuses every channel: unknown-user"]);
  });

  test("a chain too fast for one channel asks for more, each at its part of the rate", () => {
    const { desk, scheduler } = setUp([{ nominalHps: 60e12, epochMs: 700 }]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    expect(desk.requests).toEqual([30e12, 30e12]);
  });

  test("host-stepped version bits are used only where channels do not suffice", () => {
    const slow = setUp([{ nominalHps: 60e12, epochMs: 700 }], BIP323_MASK);
    slow.scheduler.onReady({ versionMask: BIP323_MASK, rollsExtranonce: false });
    expect(slow.desk.requests).toHaveLength(2);
    const fast = setUp([{ nominalHps: 60e12, epochMs: 100 }], BIP323_MASK);
    fast.scheduler.onReady({ versionMask: BIP323_MASK, rollsExtranonce: false });
    expect(fast.desk.requests).toHaveLength(1);
    const [miner] = fast.miners;
    fast.scheduler.onChannelOpened(1, fast.open(2));
    expect(miner && fast.scheduler.repeatedWork(miner)).toBe(0);
  });

  test("a fixed version makes a fast chain unusable, with that reason", () => {
    const { desk, scheduler, miners } = setUp([{ nominalHps: 1e12 }]);
    scheduler.onReady({ versionMask: 0, rollsExtranonce: false });
    expect(desk.requests).toEqual([]);
    expect(desk.failures[0]).toMatch(/fixed version.*4\.3 GH\/s/);
    expect(miners[0] && scheduler.reasonFor(miners[0])).toMatch(/fixed version/);
  });

  test("a fixed version cannot be shared: the second chain stays idle with that reason", () => {
    const { scheduler, miners, chains, open, work } = setUp(
      [{ epochMs: 1e9 }, { epochMs: 1e9 }],
      0,
    );
    scheduler.onReady({ versionMask: 0, rollsExtranonce: false });
    const channel = open(2);
    scheduler.onChannelOpened(1, channel);
    scheduler.onChannelRefused(2, "no");
    work(channel, 1);
    expect(chains.map(({ jobs }) => jobs.length)).toEqual([1, 0]);
    expect(miners[1] && scheduler.reasonFor(miners[1])).toMatch(/fixed version cannot be shared/);
  });

  test("a lost pool stops every chain at once", () => {
    const { scheduler, chains, open, work } = setUp([{}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    const channel = open(2);
    scheduler.onChannelOpened(1, channel);
    work(channel, 1);
    channel.close();
    scheduler.onDown();
    expect(chains[0]?.told.at(-1)).toBe("idle");
  });

  test("a closed channel stops its chain, and another channel is asked for after a pause", async () => {
    const { clock, desk, scheduler, chains, open, work } = setUp([{}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    const channel = open(2);
    scheduler.onChannelOpened(1, channel);
    work(channel, 1);
    channel.close();
    scheduler.onChannelClosed(channel, "maintenance");
    expect(chains[0]?.told.at(-1)).toBe("idle");
    expect(desk.requests).toHaveLength(1);
    await clock.advance(5_000);
    expect(desk.requests).toHaveLength(2);
    scheduler.onChannelOpened(2, open(3));
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("the wish for another channel dies with the connection", async () => {
    const { clock, desk, scheduler, open } = setUp([{}]);
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    const channel = open(2);
    scheduler.onChannelOpened(1, channel);
    scheduler.onChannelClosed(channel, "maintenance");
    scheduler.onDown();
    scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    await clock.advance(10_000);
    expect(desk.requests).toHaveLength(2);
    scheduler.onChannelClosed(channel, "again");
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("an answer about a share of a chain that is gone still counts for it", () => {
    const { scheduler, miners } = setUp([{}, {}]);
    scheduler.removeChain(miners[0] as ChainMiner);
    scheduler.onShareAccepted(0);
    expect(miners[0]?.accepted).toBe(1);
  });

  test("when a chain is gone its own channel is closed, a shared one goes on with the others", () => {
    const alone = setUp([{}]);
    alone.scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    alone.scheduler.onChannelOpened(1, alone.open(2));
    alone.scheduler.removeChain(alone.miners[0] as ChainMiner);
    expect(alone.desk.closed).toEqual([2]);

    const shared = setUp([{}, {}]);
    shared.scheduler.onReady({ versionMask: BIP320_MASK, rollsExtranonce: false });
    const channel = shared.open(2);
    shared.scheduler.onChannelOpened(1, channel);
    shared.scheduler.onChannelRefused(2, "no");
    shared.scheduler.removeChain(shared.miners[0] as ChainMiner);
    expect(shared.desk.closed).toEqual([]);
    expect(shared.desk.updates.at(-1)).toEqual([2, 1e6]);
    shared.work(channel, 3);
    expect(shared.chains[1]?.versionMask).toBe(BIP320_MASK);
  });
});
