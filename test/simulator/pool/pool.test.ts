import { describe, expect, test } from "vitest";
import { parseLeniencies } from "../../../simulator/pool/leniencies.ts";
import { parseQuirks } from "../../../simulator/pool/quirks.ts";
import { difficultyOfTarget, targetFromDifficulty } from "../../../src/bitcoin/target.ts";
import { viewOf } from "../../../src/lib/bytes.ts";
import { RequestExtensions } from "../../../src/sv2/extension-messages.ts";
import {
  CloseChannel,
  OpenExtendedMiningChannel,
  OpenStandardMiningChannel,
  SetTarget,
  SubmitSharesExtended,
  UpdateChannel,
} from "../../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../../src/sv2/protocols.ts";
import { PoolBench, START_UNIX_SECONDS } from "./pool-bench.ts";
import { EASIEST_TARGET } from "./scripted-client.ts";

const names = (client: { received: readonly { name: string }[] }) =>
  client.received.map(({ name }) => name);

describe("set-up of a connection", () => {
  test("the answer says version 2 and no flags", async () => {
    const bench = new PoolBench();
    const client = await bench.connect();
    client.setUp();
    await bench.settle();
    expect(client.received).toEqual([
      { name: "SetupConnection.Success", usedVersion: 2, flags: 0 },
    ]);
  });

  test.each([
    ["another protocol", { protocol: 1 }, "unsupported-protocol", 0],
    ["a version that is too new", { minVersion: 3, maxVersion: 4 }, "protocol-version-mismatch", 0],
    ["a version that is too old", { minVersion: 1, maxVersion: 1 }, "protocol-version-mismatch", 0],
    ["work selection", { flags: 0b111 }, "unsupported-feature-flags", 0b010],
    ["flags that nobody defined", { flags: 0xffffffff }, "unsupported-feature-flags", 0xfffffffa],
    ["an empty vendor", { vendor: "" }, "empty-vendor", 0],
  ])("%s is refused with a code, then the connection ends", async (_, values, errorCode, flags) => {
    const bench = new PoolBench();
    const client = await bench.connect();
    client.setUp(values);
    await bench.settle();
    expect(client.received).toEqual([{ name: "SetupConnection.Error", flags, errorCode }]);
    expect(client.ended).toBe(true);
    expect(bench.pool.clients).toEqual([]);
  });

  test("an empty vendor passes under the leniency, and is counted", async () => {
    const bench = new PoolBench({ leniencies: parseLeniencies(["empty-vendor"]) });
    const client = await bench.connect();
    client.setUp({ vendor: "" });
    await bench.settle();
    expect(names(client)).toEqual(["SetupConnection.Success"]);
    expect(bench.pool.statistics().forgiven).toEqual({ "empty-vendor": 1 });
  });

  test("anything before SetupConnection, or a second one, ends the connection", async () => {
    const bench = new PoolBench();
    const early = await bench.connect();
    early.open(1, 1);
    const twice = await bench.connect();
    twice.setUp();
    twice.setUp();
    await bench.settle();
    expect([early.ended, twice.ended]).toEqual([true, true]);
  });

  test("a connection that never sets up is dropped after 10 s, one without channel after a minute", async () => {
    const bench = new PoolBench();
    const mute = await bench.connect();
    const idle = await bench.connect();
    idle.setUp();
    await bench.clock.advance(10_001);
    expect([mute.ended, idle.ended]).toEqual([true, false]);
    await bench.clock.advance(60_000);
    expect(idle.ended).toBe(true);
  });

  test("extensions that are not supported are refused", async () => {
    const bench = new PoolBench({ extension: "none" });
    const client = await bench.miner();
    client.send(encodeMessage(RequestExtensions, { requestId: 9, requestedExtensions: [1, 2] }));
    await bench.settle();
    expect(client.last("RequestExtensions.Error")).toMatchObject({
      requestId: 9,
      unsupportedExtensions: [1, 2],
      requiredExtensions: [],
    });
  });
});

describe("opening channels", () => {
  test("gives the target for the claimed rate, then the future job, then the previous hash", async () => {
    const bench = new PoolBench({ sharesPerMinute: 6 });
    const client = await bench.miner(1, 1e12);
    expect(names(client).slice(1)).toEqual([
      "OpenStandardMiningChannel.Success",
      "NewMiningJob",
      "SetNewPrevHash",
    ]);
    const opened = client.last("OpenStandardMiningChannel.Success");
    expect(opened).toMatchObject({ requestId: 1, channelId: 2, groupChannelId: 1 });
    // 1 TH/s at 6 shares a minute: one share in 10 s, 1e13 hashes, 1e13 ÷ 2^32 = 2328.3.
    expect(difficultyOfTarget(opened.target)).toBeCloseTo(2328.27, 1);
    expect(client.last("NewMiningJob")).toMatchObject({ channelId: 2, minNtime: undefined });
    expect(client.last("SetNewPrevHash")).toMatchObject({
      channelId: 2,
      jobId: client.last("NewMiningJob").jobId,
      minNtime: START_UNIX_SECONDS,
    });
  });

  test("the target is never easier than the device accepts", async () => {
    const bench = new PoolBench();
    const client = await bench.connect();
    const maxTarget = targetFromDifficulty(5_000);
    client.setUp();
    client.open(1, 1, maxTarget);
    await bench.settle();
    expect(client.last("OpenStandardMiningChannel.Success").target).toEqual(maxTarget);
  });

  test("every channel of every device has a merkle root and an extranonce of its own", async () => {
    const bench = new PoolBench();
    const clients = [await bench.miner(3), await bench.miner(3)];
    const roots = clients.flatMap((client) =>
      client.all("NewMiningJob").map(({ merkleRoot }) => merkleRoot.join()),
    );
    expect(new Set(roots).size).toBe(6);
    expect(clients[0]?.all("OpenStandardMiningChannel.Success").map((m) => m.channelId)).toEqual([
      2, 3, 4,
    ]);
  });

  test("a claim of NaN, infinity, minus zero or less is refused, and so is a target of 0", async () => {
    const bench = new PoolBench();
    const client = await bench.connect();
    client.setUp();
    const { payload, ...header } = openFrame();
    for (const bits of [0x7fc00000, 0x7f800000, 0x80000000, 0xbf800000]) {
      const forged: Uint8Array = payload.slice();
      viewOf(forged).setUint32(4 + 1 + "user".length, bits, true);
      client.send({ ...header, payload: forged });
    }
    client.open(2, 1, new Uint8Array(32));
    await bench.settle();
    expect(client.all("OpenMiningChannel.Error").map(({ errorCode }) => errorCode)).toEqual([
      ...Array.from({ length: 4 }, () => "invalid-nominal-hashrate"),
      "max-target-out-of-range",
    ]);
  });

  test("extended channels are refused, their shares too", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    client.send(
      encodeMessage(OpenExtendedMiningChannel, {
        requestId: 5,
        userIdentity: "",
        nominalHashRate: 1,
        maxTarget: EASIEST_TARGET,
        minExtranonceSize: 4,
      }),
    );
    client.send(
      encodeMessage(SubmitSharesExtended, {
        channelId: 2,
        sequenceNumber: 1,
        jobId: 1,
        nonce: 0,
        ntime: 0,
        version: 0,
        extranonce: new Uint8Array(4),
      }),
    );
    await bench.settle();
    expect(client.last("OpenMiningChannel.Error").requestId).toBe(5);
    expect(client.last("SubmitShares.Error").errorCode).toBe("invalid-channel-id");
  });
});

function openFrame() {
  return encodeMessage(OpenStandardMiningChannel, {
    requestId: 1,
    userIdentity: "user",
    nominalHashRate: 1,
    maxTarget: EASIEST_TARGET,
  });
}

describe("shares", () => {
  test("good ones are acknowledged one by one with a batch size of 1", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    for (const nonce of [1, 2, 3]) client.submit(2, { nonce });
    await bench.settle();
    expect(client.all("SubmitShares.Success")).toEqual(
      [1, 2, 3].map((lastSequenceNumber) => ({
        name: "SubmitShares.Success",
        channelId: 2,
        lastSequenceNumber,
        newSubmitsAcceptedCount: 1,
        newSharesSum: 0n,
      })),
    );
  });

  test("a batch of ten is acknowledged once; a bad share in between is refused at once and not counted", async () => {
    const bench = new PoolBench({ shareBatchSize: 9 });
    const client = await bench.miner();
    for (let nonce = 0; nonce < 10; nonce++)
      client.submit(2, nonce === 4 ? { nonce, jobId: 999 } : { nonce });
    await bench.settle();
    expect(names(client).slice(-2)).toEqual(["SubmitShares.Error", "SubmitShares.Success"]);
    expect(client.last("SubmitShares.Error")).toMatchObject({ sequenceNumber: 5 });
    expect(client.last("SubmitShares.Success")).toMatchObject({
      lastSequenceNumber: 10,
      newSubmitsAcceptedCount: 9,
    });
  });

  test("a batch that does not fill is acknowledged after its time, or never", async () => {
    const flushing = new PoolBench({ shareBatchSize: 10, acknowledgeWithinMs: 1_000 });
    const never = new PoolBench({ shareBatchSize: 10 });
    for (const bench of [flushing, never]) {
      const client = await bench.miner();
      client.submit(2, { nonce: 1 });
      await bench.clock.advance(500);
      client.submit(2, { nonce: 2 });
      await bench.clock.advance(499);
      expect(client.all("SubmitShares.Success")).toEqual([]);
      await bench.clock.advance(3_600_000);
      expect(client.all("SubmitShares.Success").map((m) => m.newSubmitsAcceptedCount)).toEqual(
        bench === flushing ? [2] : [],
      );
    }
  });

  test("the sum of a batch is that of the difficulties of the jobs' targets, and of this batch alone", async () => {
    const bench = new PoolBench({ nbits: 0x207fffff });
    const client = await bench.miner();
    bench.pool.setTarget(1, 2, targetFromDifficulty(2.5));
    for (let round = 0; round < 2; round++) {
      bench.pool.newTemplate();
      await bench.settle();
      // A hash that meets the network target is good whatever the job's target is, which spares the test real work.
      client.submit(2, { nonce: client.search(2, halfOfAll) });
      await bench.settle();
    }
    expect(client.all("SubmitShares.Success").map((m) => m.newSharesSum)).toEqual([2n, 2n]);
  });

  test("every batch that does not fill gets its time anew", async () => {
    const bench = new PoolBench({ shareBatchSize: 2, acknowledgeWithinMs: 1_000 });
    const client = await bench.miner();
    for (const nonces of [[1], [2, 3], [4]]) {
      for (const nonce of nonces) client.submit(2, { nonce });
      await bench.clock.advance(1_500);
    }
    expect(client.all("SubmitShares.Success").map((m) => m.newSubmitsAcceptedCount)).toEqual([
      1, 2, 1,
    ]);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("a target is frozen with its job; an equal hash passes, a worse one does not", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    bench.pool.setTarget(1, 2, halfOfAll);
    await bench.settle();
    const nonce = client.search(2, halfOfAll, { missing: true });
    client.submit(2, { nonce });
    await bench.settle();
    expect(client.last("SubmitShares.Success").newSubmitsAcceptedCount).toBe(1);
    bench.pool.newTemplate();
    await bench.settle();
    client.submit(2, { nonce: client.search(2, halfOfAll, { missing: true }) });
    client.submit(2, { nonce: client.search(2, halfOfAll) });
    await bench.settle();
    expect(client.last("SubmitShares.Error").errorCode).toBe("difficulty-too-low");
    expect(bench.pool.statistics()).toMatchObject({ accepted: 2, rejected: 1 });
  });

  test("jobs of the same tip stay good, those of an earlier one are stale, unknown ones invalid", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    const first = client.job(2).job;
    bench.pool.newTemplate();
    await bench.settle();
    client.submit(2, { nonce: 1, jobId: first.jobId, ntime: START_UNIX_SECONDS });
    bench.pool.newBlock();
    await bench.settle();
    client.submit(2, { nonce: 2, jobId: first.jobId });
    client.submit(2, { nonce: 3, jobId: 12_345 });
    client.submit(2, { nonce: 4 });
    client.submit(2, { nonce: 4 });
    await bench.settle();
    expect(client.all("SubmitShares.Error").map(({ errorCode }) => errorCode)).toEqual([
      "stale-share",
      "invalid-job-id",
      "duplicate-share",
    ]);
    expect(bench.pool.statistics()).toMatchObject({
      accepted: 2,
      rejected: 3,
      rejectedByReason: { "old-tip": 1, "unknown-job": 1, duplicate: 1 },
    });
  });

  test("one second of ntime per second since the job was sent, not more", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    await bench.clock.advance(5_000);
    client.submit(2, { nonce: 1, ntime: START_UNIX_SECONDS + 5 });
    client.submit(2, { nonce: 2, ntime: START_UNIX_SECONDS + 6 });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({
      accepted: 1,
      rejectedByReason: { "ntime-ahead": 1 },
    });
  });

  test("a leniency lets them pass and counts them", async () => {
    const bench = new PoolBench({ leniencies: parseLeniencies(["ntime-ahead=120s"]) });
    const client = await bench.miner();
    client.submit(2, { nonce: 1, ntime: START_UNIX_SECONDS + 60 });
    client.submit(2, { nonce: 2 });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 2, forgiven: { "ntime-ahead": 1 } });
  });

  test("a share of a channel that is not there is refused", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(2);
    client.send(encodeMessage(CloseChannel, { channelId: 2, reasonCode: "shutdown" }));
    client.submit(2, { nonce: 1 });
    client.submit(3, { nonce: 1 });
    await bench.settle();
    expect(client.last("SubmitShares.Error")).toMatchObject({
      channelId: 2,
      errorCode: "invalid-channel-id",
    });
    expect(client.last("SubmitShares.Success").channelId).toBe(3);
  });

  test("a share that meets the network target is a block: acknowledged, then new work for everybody", async () => {
    const bench = new PoolBench({ nbits: 0x207fffff, shareBatchSize: 10 });
    const finder = await bench.miner();
    const other = await bench.miner();
    finder.submit(2, { nonce: finder.search(2, halfOfAll) });
    await bench.settle();
    expect(names(finder).slice(-3)).toEqual([
      "SubmitShares.Success",
      "NewMiningJob",
      "SetNewPrevHash",
    ]);
    expect(names(other).slice(-2)).toEqual(["NewMiningJob", "SetNewPrevHash"]);
    expect(bench.pool.statistics()).toMatchObject({ blocksFound: 1, height: 950_001 });
    expect(other.last("SetNewPrevHash").prevHash).toEqual(finder.last("SetNewPrevHash").prevHash);
  });

  test("the hash rate is estimated from the accepted shares", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(1, 1);
    for (let second = 0; second < 60; second++) {
      client.submit(2, { nonce: second });
      await bench.clock.advance(1_000);
    }
    expect(bench.pool.statistics().channels[0]?.estimatedHps).toBeCloseTo(1, 3);
  });
});

describe("new work", () => {
  test("blocks and templates come on schedule, for every channel in one write", async () => {
    const bench = new PoolBench({ blockIntervalMs: 30_000, templateIntervalMs: 10_000 });
    const client = await bench.miner(3);
    const before = client.received.length;
    bench.network.chunking = "as-written";
    await bench.clock.advance(10_000);
    expect(names(client).slice(before)).toEqual(["NewMiningJob", "NewMiningJob", "NewMiningJob"]);
    expect(client.last("NewMiningJob").minNtime).toBe(START_UNIX_SECONDS + 10);
    await bench.clock.advance(20_000);
    expect(
      client
        .all("SetNewPrevHash")
        .slice(-3)
        .map(({ channelId }) => channelId),
    ).toEqual([2, 3, 4]);
    expect(bench.pool.statistics().height).toBe(950_001);
  });

  test("the previous hash may go to the group; its job id is then that of every channel", async () => {
    const bench = new PoolBench({ prevHashTo: "group" });
    const client = await bench.miner(3);
    bench.pool.newBlock();
    await bench.settle();
    expect(names(client).slice(-4)).toEqual([
      "NewMiningJob",
      "NewMiningJob",
      "NewMiningJob",
      "SetNewPrevHash",
    ]);
    const { channelId, jobId } = client.last("SetNewPrevHash");
    expect(channelId).toBe(1);
    expect(
      new Set(
        client
          .all("NewMiningJob")
          .slice(-3)
          .map((job) => job.jobId),
      ),
    ).toEqual(new Set([jobId]));
    for (const id of [2, 3, 4]) client.submit(id, { nonce: 1 });
    await bench.settle();
    expect(bench.pool.statistics().accepted).toBe(3);
  });

  test("min_ntime follows the wall clock, but never back", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    bench.clock.shiftWallClock(-3_600);
    bench.pool.newBlock();
    await bench.settle();
    expect(client.last("SetNewPrevHash").minNtime).toBe(START_UNIX_SECONDS);
    bench.clock.shiftWallClock(3_700);
    bench.pool.newTemplate();
    await bench.settle();
    expect(client.last("NewMiningJob").minNtime).toBe(START_UNIX_SECONDS + 100);
  });
});

describe("targets", () => {
  test("UpdateChannel is answered with SetTarget; the running job keeps its target", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(1, 1);
    client.send(update(2, 1e6));
    await bench.settle();
    expect(difficultyOfTarget(client.last("SetTarget").maximumTarget)).toBeCloseTo(
      1e6 / 2 ** 32,
      8,
    );
    client.submit(2, { nonce: 1 });
    await bench.settle();
    expect(bench.pool.statistics().accepted).toBe(1);
  });

  test("a nonsensical UpdateChannel is refused", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(1, 1);
    client.send(update(77, 1));
    client.send(update(2, 1, new Uint8Array(32)));
    await bench.settle();
    expect(client.all("UpdateChannel.Error").map(({ errorCode }) => errorCode)).toEqual([
      "invalid-channel-id",
      "max-target-out-of-range",
    ]);
  });

  test("vardiff raises the target of a silent channel by SetTarget alone, and leaves a fitting one", async () => {
    const bench = new PoolBench({ vardiffPeriodMs: 60_000 });
    const client = await bench.miner(2, 1);
    const target = () => client.all("SetTarget").map(({ channelId }) => channelId);
    for (let second = 0; second < 60; second++) {
      client.submit(2, { nonce: second });
      await bench.clock.advance(1_000);
    }
    expect(target()).toEqual([]);
    const fast = await bench.miner(1, 1e6);
    await bench.clock.advance(60_000);
    expect(fast.all("SetTarget")).toHaveLength(1);
    expect(difficultyOfTarget(fast.last("SetTarget").maximumTarget)).toBeCloseTo(
      1e6 / 2 ** 32 / 4,
      8,
    );
    expect(fast.all("NewMiningJob")).toHaveLength(1);
  });
});

const update = (
  channelId: number,
  nominalHashRate: number,
  maximumTarget: Uint8Array = EASIEST_TARGET,
) => encodeMessage(UpdateChannel, { channelId, nominalHashRate, maximumTarget });

describe("quirks of real pools", () => {
  const withQuirks = (...texts: string[]) => new PoolBench({ quirks: parseQuirks(texts) });

  test("echo-flags, fixed-version and require-extended show in the set-up answer", async () => {
    for (const [quirk, flags] of [
      ["echo-flags", 0b101],
      ["fixed-version", 0b01],
      ["require-extended", 0b10],
    ] as const) {
      const client = await withQuirks(quirk).miner();
      expect(client.last("SetupConnection.Success").flags).toBe(flags);
    }
  });

  test("max-channels=1 refuses the second channel of a connection, not of another", async () => {
    const bench = withQuirks("max-channels=1");
    for (const client of [await bench.miner(2), await bench.miner(2)]) {
      expect(client.last("OpenStandardMiningChannel.Success").requestId).toBe(1);
      expect(client.last("OpenMiningChannel.Error")).toMatchObject({
        requestId: 2,
        errorCode: "channel-capacity-exhausted",
      });
    }
  });

  test("fixed-version refuses a rolled version", async () => {
    const bench = withQuirks("fixed-version");
    const client = await bench.miner();
    client.submit(2, { nonce: 1, version: 0x20002000 });
    await bench.settle();
    expect(client.last("SubmitShares.Error").errorCode).toBe("version-rolling-not-allowed");
  });

  test("immediate-target counts for the running job", async () => {
    const bench = withQuirks("immediate-target");
    const client = await bench.miner();
    bench.pool.setTarget(1, 2, halfOfAll);
    await bench.settle();
    client.submit(2, { nonce: client.search(2, halfOfAll, { missing: true }) });
    await bench.settle();
    expect(client.last("SubmitShares.Error").errorCode).toBe("difficulty-too-low");
  });

  test("lifetime-counters puts totals into the acknowledgement of a block", async () => {
    const bench = new PoolBench({
      nbits: 0x207fffff,
      quirks: parseQuirks(["lifetime-counters"]),
    });
    const client = await bench.miner();
    for (let round = 0; round < 3; round++) {
      client.submit(2, { nonce: client.search(2, halfOfAll) });
      await bench.settle();
    }
    expect(client.all("SubmitShares.Success").map((m) => m.newSubmitsAcceptedCount)).toEqual([
      1, 2, 3,
    ]);
  });

  test("group-zero and job-bit-clear change what is on the wire", async () => {
    const client = await withQuirks("group-zero", "job-bit-clear").miner();
    expect(client.last("OpenStandardMiningChannel.Success").groupChannelId).toBe(0);
    expect(client.channelBits).toEqual([false, false, false, true]);
  });
});

describe("what a test can make the pool do", () => {
  test("close a channel, reconnect devices, go silent, reset, send any frame", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(2);
    bench.pool.closeChannel(1, 2, "maintenance");
    bench.pool.reconnect("other", 5);
    bench.pool.sendRaw(
      1,
      encodeMessage(SetTarget, { channelId: 9, maximumTarget: EASIEST_TARGET }),
    );
    await bench.settle();
    expect(client.last("CloseChannel")).toMatchObject({ channelId: 2, reasonCode: "maintenance" });
    expect(client.last("Reconnect")).toMatchObject({ newHost: "other", newPort: 5 });
    expect(client.last("SetTarget").channelId).toBe(9);
    bench.pool.silent(true);
    bench.pool.newBlock();
    client.submit(3, { nonce: 1 });
    const count = client.received.length;
    await bench.clock.advance(60_000);
    expect(client.received.length).toBe(count);
    bench.pool.silent(false);
    bench.pool.newBlock();
    await bench.settle();
    expect(client.received.length).toBe(count + 2);
    bench.pool.reset();
    await bench.settle();
    expect(client.ended).toBe(true);
    expect(() => bench.pool.closeChannel(1, 3)).toThrow(/client 1; connected are: none/);
  });

  test("stop ends every connection and leaves no timer behind", async () => {
    const bench = new PoolBench({
      blockIntervalMs: 1_000,
      templateIntervalMs: 1_000,
      vardiffPeriodMs: 1_000,
      acknowledgeWithinMs: 1_000,
      shareBatchSize: 10,
    });
    const client = await bench.miner();
    client.submit(2, { nonce: 1 });
    const waiting = await bench.connect();
    bench.pool.stop();
    await bench.settle();
    expect([client.ended, waiting.ended]).toEqual([true, true]);
    expect(bench.clock.pendingTimers).toBe(0);
    const late = await bench.connect();
    expect(late.ended).toBe(true);
  });
});

/** Half of all hashes: the top bit is clear. */
const halfOfAll = new Uint8Array(32).fill(0xff, 0, 31).fill(0x7f, 31);
