import { describe, expect, test } from "vitest";
import type { PoolOptions } from "../../../simulator/pool/options.ts";
import { parseQuirks, quirkTable } from "../../../simulator/pool/quirks.ts";
import { TargetKeeper } from "../../../simulator/pool/target-keeper.ts";
import { HASHES_PER_DIFFICULTY } from "../../../simulator/pool/vardiff.ts";
import { difficultyOfTarget, targetFromDifficulty } from "../../../src/bitcoin/target.ts";
import { UpdateChannel } from "../../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../../src/sv2/protocols.ts";
import { PoolBench, START_UNIX_SECONDS } from "./pool-bench.ts";
import { EASIEST_TARGET } from "./scripted-client.ts";

const withQuirks = (...texts: string[]) => new PoolBench({ quirks: parseQuirks(texts) });
const under = (options: Partial<PoolOptions>, ...texts: string[]) =>
  new PoolBench({ ...options, quirks: parseQuirks(texts) });
const update = (nominalHashRate: number, maximumTarget: Uint8Array = EASIEST_TARGET) =>
  encodeMessage(UpdateChannel, { channelId: 2, nominalHashRate, maximumTarget });

describe("the table of quirks", () => {
  test("has a switch for every disagreement that a pool can show", () => {
    const text = Object.values(quirkTable)
      .map(({ description }) => description)
      .join(" ");
    for (const number of [4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 22])
      expect(text).toContain(`(Q${number})`);
  });

  test("a quirk may be turned on and off while the pool runs", async () => {
    const bench = new PoolBench();
    const client = await bench.miner();
    const ahead = START_UNIX_SECONDS + 7_200;
    client.submit(2, { nonce: 1, ntime: ahead });
    await bench.settle();
    bench.pool.setQuirk("ntime-from-tip");
    client.submit(2, { nonce: 2, ntime: ahead });
    await bench.settle();
    bench.pool.clearQuirk("ntime-from-tip");
    client.submit(2, { nonce: 3, ntime: ahead });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 2 });
  });
});

describe("set-up", () => {
  test("accept-any-setup says Success to another protocol, version and flags (Q17)", async () => {
    const client = await withQuirks("accept-any-setup").connect();
    client.setUp({ protocol: 1, minVersion: 9, maxVersion: 9, flags: 0xffffffff, vendor: "" });
    await Promise.resolve();
    expect(client.last("SetupConnection.Success").usedVersion).toBe(2);
  });

  test("late-close leaves a second between the error and the end (Q17)", async () => {
    const bench = withQuirks("late-close");
    const client = await bench.connect();
    client.setUp({ protocol: 1 });
    await bench.clock.advance(999);
    expect(client.last("SetupConnection.Error").errorCode).toBe("unsupported-protocol");
    client.setUp();
    expect(client.ended).toBe(false);
    await bench.clock.advance(2);
    expect(client.ended).toBe(true);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("echo-flags-in-error returns the flags though something else was wrong (Q17)", async () => {
    const bench = withQuirks("echo-flags-in-error");
    const client = await bench.connect();
    client.setUp({ protocol: 1, flags: 0b101 });
    await bench.settle();
    expect(client.last("SetupConnection.Error")).toMatchObject({ flags: 0b101 });
  });

  test.each([
    ["certificate-version=1", "bad-certificate"],
    ["certificate-starts-in=60s", "certificate-time"],
    ["certificate-expired-for=60s", "certificate-time"],
    ["certificate-starts-in=9s", undefined],
    ["certificate-backdated", undefined],
    ["one-static-key", undefined],
  ])("%s: %s (Q14, Q15)", async (quirk, code) => {
    const authoritySecret = new Uint8Array(32).fill(9);
    const { schnorr } = await import("@noble/curves/secp256k1.js");
    const bench = under({ authoritySecret }, quirk);
    const client = await bench.connect(schnorr.getPublicKey(authoritySecret));
    client.setUp();
    await bench.settle();
    if (code === undefined) expect(client.last("SetupConnection.Success").usedVersion).toBe(2);
    else expect(client.failure).toMatchObject({ code });
  });
});

describe("channels and targets", () => {
  test("max-target-error refuses what is otherwise obeyed (Q19)", async () => {
    const maxTarget = targetFromDifficulty(5_000);
    const open = async (bench: PoolBench) => {
      const client = await bench.connect();
      client.setUp();
      client.open(1, 1e6, maxTarget);
      await bench.settle();
      return client;
    };
    const strict = await open(withQuirks("max-target-error"));
    expect(strict.last("OpenMiningChannel.Error").errorCode).toBe("max-target-out-of-range");
    const usual = await open(new PoolBench());
    expect(usual.last("OpenStandardMiningChannel.Success").target).toEqual(maxTarget);
  });

  test("UpdateChannel: answered when the target changes, always, or on demand alone (Q20)", async () => {
    const answersTo = async (bench: PoolBench, ...frames: ReturnType<typeof update>[]) => {
      const client = await bench.miner(1, 1e6);
      const counts = [];
      for (const frame of frames) {
        const before = client.all("SetTarget").length;
        client.send(frame);
        await bench.settle();
        counts.push(client.all("SetTarget").length - before);
      }
      return counts;
    };
    const hard = targetFromDifficulty(1);
    const frames = [update(1e6), update(2e6), update(2e6, hard)];
    expect(await answersTo(new PoolBench(), ...frames)).toEqual([0, 1, 1]);
    expect(await answersTo(withQuirks("answer-updates"), ...frames)).toEqual([1, 1, 1]);
    expect(await answersTo(withQuirks("quiet-updates"), ...frames)).toEqual([0, 0, 1]);
  });

  test("reference-vardiff divides a silent device's rate by two, then by two again (Q22)", async () => {
    const bench = under({ vardiffPeriodMs: 60_000 }, "reference-vardiff");
    const client = await bench.miner(1, 4e9);
    await bench.clock.advance(120_000);
    const [first, second] = client.all("SetTarget").map((m) => difficultyOfTarget(m.maximumTarget));
    expect([first, second].map((value) => (value as number) / (4e9 / 2 ** 32))).toEqual([
      expect.closeTo(0.5, 3),
      expect.closeTo(0.25, 3),
    ]);
  });
});

describe("vardiff like the reference pool's (Q22)", () => {
  test("a deviation of 54 % is believed after two minutes, not after one", () => {
    const hps = 1e12;
    const keeper = new TargetKeeper({ nominalHps: hps, maxTarget: EASIEST_TARGET }, 60, 0);
    const minutesOfWork = () => keeper.count((0.46 * hps * 60) / HASHES_PER_DIFFICULTY);
    minutesOfWork();
    expect(keeper.adjust(60_000, true)).toBe(false);
    minutesOfWork();
    expect(keeper.adjust(120_000, true)).toBe(true);
    expect(difficultyOfTarget(keeper.target)).toBeCloseTo((0.46 * hps) / HASHES_PER_DIFFICULTY, 3);
  });
});

describe("shares", () => {
  test("any-version takes bits outside the mask (Q16)", async () => {
    const bench = withQuirks("any-version");
    const client = await bench.miner();
    client.submit(2, { nonce: 1, version: 1 });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 0 });
  });

  test("ntime-from-tip still has the tip's lower bound (Q5)", async () => {
    const bench = withQuirks("ntime-from-tip");
    const client = await bench.miner();
    await bench.clock.advance(10_000);
    bench.pool.newTemplate();
    await bench.settle();
    client.submit(2, { nonce: 1, ntime: START_UNIX_SECONDS });
    client.submit(2, { nonce: 2, ntime: START_UNIX_SECONDS - 1 });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 1 });
  });

  test("batch-submissions counts the refused ones too (Q8)", async () => {
    const bench = under({ shareBatchSize: 4 }, "batch-submissions");
    const client = await bench.miner();
    for (const nonce of [1, 2, 2, 3]) client.submit(2, { nonce });
    await bench.settle();
    expect(client.last("SubmitShares.Success")).toMatchObject({
      lastSequenceNumber: 4,
      newSubmitsAcceptedCount: 3,
    });
  });

  test("a batch that a bad share fills is acknowledged behind its refusal (Q8)", async () => {
    const bench = under({ shareBatchSize: 2 }, "batch-submissions");
    const client = await bench.miner();
    for (const nonce of [1, 1]) client.submit(2, { nonce });
    await bench.settle();
    expect(client.received.slice(-2).map(({ name }) => name)).toEqual([
      "SubmitShares.Error",
      "SubmitShares.Success",
    ]);
  });

  test("zero-sums (Q9)", async () => {
    const bench = under({ nbits: 0x207fffff }, "zero-sums");
    const client = await bench.miner();
    bench.pool.setTarget(1, 2, targetFromDifficulty(8));
    bench.pool.newTemplate();
    await bench.settle();
    client.submit(2, { nonce: client.search(2, HALF_OF_ALL) });
    await bench.settle();
    expect(client.last("SubmitShares.Success").newSharesSum).toBe(0n);
  });

  test("late-errors come behind later acknowledgements, and not after the end", async () => {
    const bench = withQuirks("late-errors=2s");
    const client = await bench.miner();
    client.submit(2, { nonce: 1, jobId: 99 });
    client.submit(2, { nonce: 1 });
    await bench.clock.advance(1_999);
    expect(client.all("SubmitShares.Error")).toEqual([]);
    expect(client.last("SubmitShares.Success").lastSequenceNumber).toBe(2);
    await bench.clock.advance(1);
    expect(client.last("SubmitShares.Error").sequenceNumber).toBe(1);
    client.submit(2, { nonce: 1 });
    await bench.settle();
    bench.pool.stop();
    await bench.settle();
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("old-codes and unknown-codes (Q18)", async () => {
    for (const [quirk, code] of [
      ["old-codes", "requested-max-target-out-of-range"],
      ["unknown-codes", "X_MAX_TARGET_OUT_OF_RANGE"],
    ] as const) {
      const bench = withQuirks(quirk);
      const client = await bench.miner(1, 1);
      client.send(update(1, new Uint8Array(32)));
      await bench.settle();
      expect(client.last("UpdateChannel.Error").errorCode).toBe(code);
    }
  });
});

describe("Stratum V1", () => {
  test("v1-no-configure, v1-silent-configure, v1-no-version-rolling", async () => {
    const configured = async (...quirks: string[]) => {
      const client = await withQuirks(...quirks).minerV1();
      return client.isAnswered(1) ? client.answer(1) : "silence";
    };
    expect(await configured("v1-no-configure")).toMatchObject({
      error: [20, "Unknown method mining.configure", null],
    });
    expect(await configured("v1-silent-configure")).toBe("silence");
    expect(await configured("v1-no-version-rolling")).toMatchObject({
      result: { "version-rolling": false },
    });
  });

  test("errors may be objects, strings, or nothing but false", async () => {
    const refused = async (quirk: string) => {
      const bench = withQuirks(quirk);
      const client = await bench.minerV1();
      const id = client.submit({ nonce: 1, job: "fff" });
      await bench.settle();
      return client.answer(id);
    };
    expect((await refused("v1-error-objects")).error).toEqual({
      code: 21,
      message: "Job not found",
      data: null,
    });
    expect((await refused("v1-error-strings")).error).toBe("Job not found");
    expect(await refused("v1-result-false")).toMatchObject({ result: false, error: null });
  });

  test("v1-no-error-key, v1-crlf, v1-goal", async () => {
    const client = await withQuirks("v1-no-error-key", "v1-crlf", "v1-goal").minerV1();
    expect(client.answer(4)).toEqual({ id: 4, result: true });
    expect(
      client.raw
        .split("\n")
        .slice(0, -1)
        .every((line) => line.endsWith("\r")),
    ).toBe(true);
    expect(client.all("mining.set_goal")).toHaveLength(1);
  });

  test("v1-late-authorize: the job comes a second before the answer", async () => {
    const bench = withQuirks("v1-late-authorize");
    const client = await bench.minerV1();
    expect([client.all("mining.notify").length, client.isAnswered(4)]).toEqual([1, false]);
    await bench.clock.advance(1_000);
    expect(client.answer(4).result).toBe(true);
  });

  test("v1-jobs-at-subscribe and v1-difficulty-first", async () => {
    const bench = withQuirks("v1-jobs-at-subscribe", "v1-difficulty-first");
    const client = await bench.connectV1();
    const id = client.request("mining.subscribe", []);
    await bench.settle();
    expect(client.lines.map(({ method, id: answered }) => method ?? answered)).toEqual([
      "mining.set_difficulty",
      id,
      "mining.set_difficulty",
      "mining.notify",
    ]);
  });

  test("v1-clean-always and v1-clean-never", async () => {
    for (const [quirk, flags] of [
      ["v1-clean-always", [true, true, true]],
      ["v1-clean-never", [false, false, false]],
    ] as const) {
      const bench = withQuirks(quirk);
      const client = await bench.minerV1();
      bench.pool.newTemplate();
      bench.pool.newBlock();
      await bench.settle();
      expect(client.all("mining.notify").map((params) => params[8])).toEqual(flags);
    }
  });

  test("v1-no-resume, v1-no-extranonce-subscribe, v1-whole-difficulty", async () => {
    const bench = withQuirks("v1-no-resume", "v1-no-extranonce-subscribe", "v1-whole-difficulty");
    const first = await bench.minerV1(2.7);
    expect(first.last("mining.set_difficulty")).toEqual([2]);
    const refused = first.request("mining.extranonce.subscribe", []);
    await bench.settle();
    expect(first.answer(refused).error).toEqual([
      20,
      "Unknown method mining.extranonce.subscribe",
      null,
    ]);
    const { id, extranonce1 } = first.subscription;
    first.close();
    await bench.settle();
    const again = await bench.connectV1();
    again.request("mining.subscribe", ["x", id]);
    await bench.settle();
    expect(again.subscription.extranonce1).not.toBe(extranonce1);
  });

  test("immediate-target counts for the running job here as well", async () => {
    const bench = withQuirks("immediate-target");
    const client = await bench.minerV1();
    bench.pool.setTarget(1, 1, targetFromDifficulty(1_000));
    const id = client.submit({ nonce: 1 });
    await bench.settle();
    expect(client.answer(id).error).toEqual([23, "Low difficulty share", null]);
  });
});

const HALF_OF_ALL = new Uint8Array(32).fill(0xff, 0, 31).fill(0x7f, 31);
