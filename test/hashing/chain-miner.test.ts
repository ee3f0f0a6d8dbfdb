import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { targetFromBigInt, targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { ChainMiner } from "../../src/hashing/chain-miner.ts";
import { Channel } from "../../src/upstream/channel.ts";
import { shareOfVersionSpace } from "../../src/work/version-space.ts";
import { BIP320_MASK, BIP323_MASK } from "../../src/work/work.ts";
import { RecordingChain } from "../support/recording-chain.ts";
import { recordingFeed } from "../support/recording-feed.ts";

const EASIEST = new Uint8Array(32).fill(0xff);

interface Submitted {
  readonly poolJobId: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
}

function setUp(
  options: { target?: Uint8Array; ticketZeroBits?: number; epochMs?: number; mask?: number } = {},
) {
  const clock = new VirtualClock();
  const chain = new RecordingChain(options);
  const submitted: Submitted[] = [];
  const feed = recordingFeed((work, _chainIndex, nonce, ntime, version) =>
    submitted.push({ poolJobId: work.poolJobId, nonce, ntime, version }),
  );
  const miner = new ChainMiner(0, chain, clock);
  const mask = options.mask ?? BIP320_MASK;
  const openChannel = (channelId = 2) =>
    new Channel({
      channelId,
      groupChannelId: 1,
      target: options.target ?? EASIEST,
      extranoncePrefix: new Uint8Array(),
      versionMask: mask,
    });
  const share = shareOfVersionSpace(mask, BIP320_MASK, 1, 0);
  return { clock, chain, submitted, miner, feed, openChannel, share };
}

function newBlock(channel: Channel, jobId: number, nowMs: number, version = 0x20000000): void {
  channel.newMiningJob(
    { jobId, minNtime: undefined, version, merkleRoot: new Uint8Array(32).fill(jobId) },
    nowMs,
  );
  channel.setNewPrevHash(
    { jobId, prevHash: new Uint8Array(32).fill(0xa0 + jobId), minNtime: 1_000, nbits: 0x1d00ffff },
    nowMs,
  );
}

describe("dispatch", () => {
  test("work that changed is on the wire before the call returns", () => {
    const { chain, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    expect(chain.jobs).toHaveLength(0);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    expect(chain.lastJob).toMatchObject({ ntime: 1_000, version: 0x20000000, nbits: 0x1d00ffff });
  });

  test("ntime moves with the monotonic clock, one job a second, never ahead", async () => {
    const { clock, chain, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, clock.nowMs());
    miner.workChanged(channel);
    for (let i = 0; i < 150; i++) {
      await clock.advance(20);
      miner.refresh(clock.nowMs());
    }
    expect(chain.jobs.map(({ ntime }) => ntime)).toEqual([1_000, 1_001, 1_002, 1_003]);
    expect(new Set(chain.jobs.map(({ chipJobId }) => chipJobId)).size).toBe(4);
  });

  test("version bits inside the mask that the pool had set are cleared for the chips to roll", () => {
    const { chain, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0, 0x3fffe004);
    miner.workChanged(channel);
    expect(chain.lastJob?.version).toBe(0x20000004);
    expect(chain.versionMask).toBe(BIP320_MASK);
  });

  test("with BIP323 bits the host steps them when the chips are nearly through a job", async () => {
    const { clock, chain, miner, feed, openChannel } = setUp({ epochMs: 500, mask: BIP323_MASK });
    const channel = openChannel();
    miner.assign(channel, feed, shareOfVersionSpace(BIP323_MASK, BIP320_MASK, 1, 0));
    newBlock(channel, 1, clock.nowMs());
    miner.workChanged(channel);
    for (let i = 0; i < 49; i++) {
      await clock.advance(20);
      miner.refresh(clock.nowMs());
    }
    const versions = chain.jobs.map(({ version }) => version);
    expect(versions).toEqual([0x20000000, 0x20000020, 0x20000040]);
    expect(chain.jobs.every(({ ntime }) => ntime === 1_000)).toBe(true);
  });

  test("two channels take turns, so that fast chips never repeat within a second", async () => {
    const { clock, chain, miner, feed, openChannel, share } = setUp({ epochMs: 600 });
    const channels = [openChannel(2), openChannel(3)];
    for (const [i, channel] of channels.entries()) {
      miner.assign(channel, feed, share);
      newBlock(channel, i + 1, clock.nowMs());
      miner.workChanged(channel);
    }
    chain.told.length = 0;
    for (let i = 0; i < 100; i++) {
      await clock.advance(20);
      miner.refresh(clock.nowMs());
    }
    const headers = chain.jobs.map(({ merkleRoot, ntime }) => `${merkleRoot[0]}@${ntime}`);
    expect(new Set(headers).size).toBe(headers.length);
    expect(headers.length).toBeGreaterThanOrEqual(3);
  });

  test("chips that came up are told to stop until there is work, again and again: a command may be lost", () => {
    const { chain, miner } = setUp();
    expect(chain.told).toEqual(["idle"]);
    for (let nowMs = 0; nowMs <= 5_000; nowMs += 20) miner.refresh(nowMs);
    expect(chain.told.length).toBeGreaterThanOrEqual(5);
    expect(chain.told.length).toBeLessThanOrEqual(7);
  });

  test("without valid work the chips are told to stop, at once", () => {
    const { chain, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    channel.setNewPrevHash({ jobId: 99, prevHash: new Uint8Array(32), minNtime: 1, nbits: 1 }, 1);
    miner.workChanged(channel);
    expect(chain.told.at(-1)).toBe("idle");
    miner.refresh(100_000);
    expect(chain.told.at(-1)).toBe("idle");
  });
});

describe("each nonce counts as exactly one thing", () => {
  /** Finds nonces whose hash has at least `zeroBits` leading zero bits, or fewer, for a dispatched job. */
  function search(chain: RecordingChain, wanted: (zeros: number) => boolean, from = 0): number {
    const job = chain.lastJob;
    if (job === undefined) throw new Error("no job");
    for (let nonce = from; ; nonce++) {
      const hash = hashHeader(encodeHeader({ ...job, nonce }));
      if (wanted(Math.clz32((hash[31] ?? 0) * 2 ** 24 + (hash[30] ?? 0) * 2 ** 16))) return nonce;
    }
  }

  test("submitted, below the share target, duplicate, hardware error, unknown job, stale", () => {
    const target = targetFromBigInt(1n << 244n);
    const { chain, submitted, miner, feed, openChannel, share } = setUp({
      ticketZeroBits: 6,
      target,
    });
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    const id = chain.lastJob?.chipJobId ?? 0;
    const good = search(chain, (zeros) => zeros >= 12);
    const fair = search(chain, (zeros) => zeros >= 6 && zeros < 11);
    const bad = search(chain, (zeros) => zeros < 6);
    chain.report(id, good);
    chain.report(id, good);
    chain.report(id, fair);
    chain.report(id, bad);
    chain.report(200, good);
    const late = search(chain, (zeros) => zeros >= 12, good + 1);
    newBlock(channel, 2, 10);
    miner.workChanged(channel);
    chain.report(id, late);
    expect(miner.outcomes).toEqual({
      submit: 1,
      "below-share-target": 1,
      duplicate: 1,
      "hardware-error": 1,
      "unknown-job": 1,
      stale: 1,
    });
    expect(submitted).toEqual([{ poolJobId: 1, nonce: good, ntime: 1_000, version: 0x20000000 }]);
  });

  test("case 92: a repeated nonce below the share target is a duplicate, not new work", () => {
    const { chain, miner, feed, openChannel, share } = setUp({ target: new Uint8Array(32) });
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    for (let i = 0; i < 3; i++) chain.report(chain.lastJob?.chipJobId ?? 0, 5);
    expect(miner.outcomes).toMatchObject({ "below-share-target": 1, duplicate: 2 });
    expect(miner.chipRates.means(1_000)).toEqual([1]);
  });

  test("case 66: a late nonce of an earlier job on the same tip goes out under its own job id", () => {
    const { chain, submitted, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    const first = chain.lastJob?.chipJobId ?? 0;
    channel.newMiningJob(
      { jobId: 2, minNtime: 1_001, version: 0x20000000, merkleRoot: new Uint8Array(32).fill(2) },
      500,
    );
    miner.workChanged(channel);
    chain.report(first, 7);
    expect(submitted).toMatchObject([{ poolJobId: 1, nonce: 7 }]);
  });

  test("a nonce with version bits that the chips were not given is a hardware error", () => {
    const { chain, submitted, miner, feed, openChannel } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, shareOfVersionSpace(BIP320_MASK, BIP320_MASK, 4, 1));
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    chain.report(chain.lastJob?.chipJobId ?? 0, 1, 0x10000000);
    expect(miner.outcomes["hardware-error"]).toBe(1);
    expect(submitted).toHaveLength(0);
  });

  test("an id that was given out again while an answer was on its way still finds the older job", () => {
    const { chain, submitted, miner, feed, openChannel, share } = setUp({ ticketZeroBits: 8 });
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    const id = chain.lastJob?.chipJobId ?? 0;
    const nonce = search(chain, (zeros) => zeros >= 8);
    for (let jobId = 2; jobId <= 1 + chain.chipJobIds.length; jobId++) {
      channel.newMiningJob(
        {
          jobId,
          minNtime: 1_000 + jobId,
          version: 0x20000000,
          merkleRoot: new Uint8Array(32).fill(jobId),
        },
        1,
      );
      miner.workChanged(channel);
    }
    expect(chain.lastJob?.chipJobId).toBe(id);
    chain.report(id, nonce);
    expect(submitted).toMatchObject([{ poolJobId: 1, nonce }]);
  });

  test("the same headers dispatched again do not let a nonce count twice", () => {
    const { chain, submitted, miner, feed, openChannel, share } = setUp();
    const channel = openChannel();
    miner.assign(channel, feed, share);
    newBlock(channel, 1, 0);
    miner.workChanged(channel);
    chain.report(chain.lastJob?.chipJobId ?? 0, 5);
    miner.workChanged(channel);
    chain.report(chain.lastJob?.chipJobId ?? 0, 5);
    miner.assign(channel, feed, shareOfVersionSpace(BIP320_MASK, BIP320_MASK, 2, 0));
    chain.report(chain.lastJob?.chipJobId ?? 0, 5);
    expect(submitted).toHaveLength(1);
    expect(miner.outcomes.duplicate).toBe(2);
  });

  test("a hash exactly at the target is a share, one above is not (§5.3.21)", () => {
    const probe = setUp();
    const channel = probe.openChannel();
    probe.miner.assign(channel, probe.feed, probe.share);
    newBlock(channel, 1, 0);
    probe.miner.workChanged(channel);
    const job = probe.chain.lastJob;
    if (job === undefined) throw new Error("no job");
    const hash = hashHeader(encodeHeader({ ...job, nonce: 3 }));
    const below = hash.slice();
    below[0] = (below[0] ?? 0) - 1;
    for (const [target, shares] of [
      [hash, 1],
      [below, 0],
      [targetFromDifficulty(1e12), 0],
    ] as const) {
      const { chain, miner, feed, openChannel, share, submitted } = setUp({ target });
      const own = openChannel();
      miner.assign(own, feed, share);
      newBlock(own, 1, 0);
      miner.workChanged(own);
      chain.report(chain.lastJob?.chipJobId ?? 0, 3);
      expect(submitted).toHaveLength(shares);
    }
  });
});
