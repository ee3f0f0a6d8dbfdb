import { beforeEach, describe, expect, test } from "vitest";
import { encodeHeader, hashHeader, toDisplayHex } from "../../src/bitcoin/header.ts";
import { difficultyOfTarget } from "../../src/bitcoin/target.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { ntimeAt } from "../../src/work/work.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };
import { Bench, filled } from "./support.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const sent = () => bench.server.calls("mining.submit").map(({ params }) => params);

describe("jobs", () => {
  test("clean_jobs false on the same block: the chips move on, late shares of the earlier job are still sent", async () => {
    await bench.mining();
    const first = bench.work;
    bench.server.notify({ name: "job-2", prefix: "0200" });
    await bench.settle();
    expect(bench.work.tip).toBe(first.tip);
    expect(toHex(bench.work.merkleRoot)).not.toBe(toHex(first.merkleRoot));
    bench.share(1, first);
    bench.share(2);
    expect(sent().map((params) => params[1])).toEqual(["job-1", "job-2"]);
    expect(bench.session?.counts.blocksSeen).toBe(0);
  });

  test("clean_jobs true on the same block abandons what was before, and is no new block", async () => {
    await bench.mining();
    const first = bench.work;
    bench.server.notify({ name: "job-2", clean: true });
    await bench.settle();
    expect(first.tip.live).toBe(false);
    expect(bench.work.tip.live).toBe(true);
    expect(bench.session?.counts.blocksSeen).toBe(0);
    expect(bench.session?.newBlockLatency.snapshot()).toBeNull();
  });

  test.each([true, false])("another previous hash is a new block, clean_jobs %s", async (clean) => {
    await bench.mining();
    const first = bench.work;
    bench.server.notify({ name: "job-2", prevHash: filled(2), clean });
    expect(first.tip.live).toBe(false);
    await bench.settle();
    expect(bench.recorder.events.at(-1)).toBe("work 02");
    expect(bench.session?.counts.blocksSeen).toBe(1);
    expect(bench.recorder.newBlockTimes.at(-1)).toBe(bench.clock.nowMs() - 1);
    expect(bench.session?.newBlockLatency.snapshot()).toMatchObject({ count: 1 });
  });

  test("of many jobs in one chunk the chips get the last, and no earlier tip survives", async () => {
    await bench.mining();
    const first = bench.work;
    const works = bench.recorder.events.length;
    bench.server.send(
      ...["a", "b", "c"].map((name, i) => ({
        id: null,
        method: "mining.notify",
        params: [name, ...notifyTail(filled(i + 2))],
      })),
    );
    expect(bench.recorder.events.slice(works)).toEqual(["work 04"]);
    expect(first.tip.live).toBe(false);
    expect(bench.session?.counts.blocksSeen).toBe(3);
    bench.share(1);
    expect(sent()[0]?.[1]).toBe("c");
  });

  test("an old tip is dead before anything that follows in the same chunk is acted upon", async () => {
    await bench.mining();
    const { work } = bench;
    bench.share(1);
    const [submit] = bench.server.calls("mining.submit");
    const alive: boolean[] = [];
    bench.recorder.onShareAccepted = () => void alive.push(work.tip.live);
    bench.server.send(
      { id: null, method: "mining.notify", params: ["job-2", ...notifyTail(filled(2))] },
      { id: submit?.id, result: true, error: null },
    );
    expect(alive).toEqual([false]);
  });

  test("ntime is the pool's plus the seconds that passed, and no more", async () => {
    await bench.mining();
    const { work } = bench;
    expect(ntimeAt(work, bench.clock.nowMs())).toBe(0x65000000);
    expect(ntimeAt(work, bench.clock.nowMs() + 7_400)).toBe(0x65000007);
  });

  test("difficulty is 1 until the pool says more", async () => {
    await bench.mining();
    expect(difficultyOfTarget(bench.work.target)).toBe(1);
  });

  test("a new difficulty bites on the next job; the present one keeps its own", async () => {
    await bench.mining();
    const { target } = bench.work;
    bench.server.call("mining.set_difficulty", 512);
    await bench.settle();
    expect(bench.work.target).toBe(target);
    expect(difficultyOfTarget(bench.recorder.opened[0]?.target ?? target)).toBeCloseTo(512);
    bench.server.notify({ name: "job-2" });
    await bench.settle();
    expect(difficultyOfTarget(bench.work.target)).toBeCloseTo(512);
  });

  test("a difficulty sent after a job in the same chunk is not that job's", async () => {
    await bench.mining();
    bench.server.send(
      { id: null, method: "mining.notify", params: ["job-2", ...notifyTail(filled(2))] },
      { id: null, method: "mining.set_difficulty", params: [64] },
    );
    expect(difficultyOfTarget(bench.work.target)).toBe(1);
  });

  test.each([0, -5, "x", null, 1e300])("difficulty %s is ignored and said", async (difficulty) => {
    await bench.mining();
    bench.server.call("mining.set_difficulty", difficulty);
    bench.server.notify({ name: "job-2" });
    await bench.settle();
    expect(difficultyOfTarget(bench.work.target)).toBe(1);
    expect(bench.recorder.ends).toEqual([]);
    expect(bench.log.text).toContain("allowed: a number from 2^-32");
  });

  test("a new extranonce1 is for the next job; the lane stays", async () => {
    await bench.mining();
    const before = bench.work;
    bench.server.call("mining.set_extranonce", "0bad", 4);
    await bench.settle();
    expect(bench.work).toBe(before);
    bench.server.notify({ name: "job-2" });
    await bench.settle();
    expect(toHex(bench.work.merkleRoot)).not.toBe(toHex(before.merkleRoot));
    expect(bench.recorder.opened).toHaveLength(1);
    bench.share(1, before);
    expect(sent()).toHaveLength(1);
  });

  test("an extranonce2 of another size opens the channels anew with the next job", async () => {
    await bench.mining();
    const before = bench.work;
    bench.server.call("mining.set_extranonce", "0bad", 2);
    bench.server.notify({ name: "job-2" });
    await bench.settle();
    expect(bench.recorder.events.slice(-4)).toEqual([
      "down asked: the pool changed the size of the extranonce",
      "ready 1fffe000 true",
      "opened with work",
      "work 01",
    ]);
    expect(before.tip.live).toBe(false);
    bench.share(1);
    expect(sent()[0]?.[2]).toHaveLength(4);
    expect(bench.servers).toHaveLength(1);
  });

  test.each([
    ["mining.notify", ["job", "00"]],
    ["mining.set_extranonce", ["0", 4]],
    ["mining.set_version_mask", ["none"]],
  ])(
    "%s that cannot be read ends the connection: what we hash would be wrong",
    async (method, params) => {
      await bench.mining();
      bench.server.call(method, ...params);
      await bench.settle();
      expect(bench.recorder.ends[0]).toMatchObject({ kind: "protocol" });
      expect(bench.recorder.ends[0]?.reason).toContain(method);
    },
  );
});

describe("version masks", () => {
  test("only bits that both allow are rolled, and shares carry those of the pool's mask", async () => {
    await bench.mining({ serve: { mask: "3fffe000" } });
    expect(bench.work.versionMask).toBe(0x1fffe000);
    bench.share(1, bench.work, 0x20002000);
    expect(sent()[0]?.[5]).toBe("20002000");
  });

  test("a narrower mask holds at once: the job begins anew with it, and no share of before is sent", async () => {
    await bench.mining();
    const before = bench.work;
    const alive: boolean[] = [];
    const { recorder } = bench;
    const onDown = recorder.onDown.bind(recorder);
    recorder.onDown = (end) => {
      alive.push(before.tip.live);
      onDown(end);
    };
    bench.server.call("mining.set_version_mask", "00ffe000");
    await bench.settle();
    expect(alive).toEqual([false]);
    expect(bench.recorder.events.slice(-4)).toEqual([
      "down asked: the pool changed the version mask",
      "ready ffe000 true",
      "opened with work",
      "work 01",
    ]);
    expect(before.tip.live).toBe(false);
    expect(bench.work).toMatchObject({ versionMask: 0x00ffe000, poolJobId: 2 });
    bench.share(1, bench.work, 0x20abe000);
    expect(sent()[0]).toMatchObject({ 1: "job-1", 5: "00abe000" });
  });

  test("a mask that leaves us what we have changes nothing", async () => {
    await bench.mining();
    const events = bench.recorder.events.length;
    bench.server.call("mining.set_version_mask", "3fffe000");
    await bench.settle();
    expect(bench.recorder.events).toHaveLength(events);
  });

  test("a mask before authorize is answered is part of the terms", async () => {
    bench.listen((server) => {
      server.serve();
      const { onLine } = server;
      server.onLine = (line, end) => {
        if (line.method === "mining.authorize") server.call("mining.set_version_mask", "00c00000");
        onLine(line, end);
      };
    });
    await bench.start();
    expect(bench.recorder.events[0]).toBe("ready c00000 true");
  });

  test("without version rolling there is no mask to set", async () => {
    await bench.mining({ session: { versionMask: 0 } });
    bench.server.call("mining.set_version_mask", "1fffe000");
    await bench.settle();
    expect(bench.work.versionMask).toBe(0);
    expect(bench.log.text).toContain("version rolling was not agreed on");
  });
});

describe("lanes", () => {
  test("every channel hashes its own coinbase, and rolls it", async () => {
    bench.recorder.wanted = 3;
    await bench.mining();
    const roots = new Set(
      bench.recorder.opened.map(({ work }) => toHex(work?.merkleRoot ?? filled(0))),
    );
    expect(roots.size).toBe(3);
    expect(bench.recorder.opened[0]?.roll(0)).toBe(true);
    expect(roots.has(toHex(bench.recorder.opened[0]?.work?.merkleRoot ?? filled(0)))).toBe(false);
    expect(new Set(bench.session?.channels.map(({ channelId }) => channelId)).size).toBe(3);
  });

  test("without an extranonce of ours there is one channel, which does not roll", async () => {
    bench.recorder.wanted = 2;
    await bench.mining({ serve: { extranonce2Size: 0 } });
    expect(bench.recorder.events).toEqual([
      "ready 1fffe000 false",
      "opened without work",
      "refused the pool's extranonce has no room for another lane",
      "work 01",
    ]);
    bench.share(1);
    expect(sent()[0]?.[2]).toBe("");
  });

  test("one byte of extranonce holds many channels, none of which rolls", async () => {
    bench.recorder.wanted = 4;
    await bench.mining({ serve: { extranonce2Size: 1 } });
    expect(bench.recorder.opened).toHaveLength(4);
    expect(bench.recorder.opened[0]?.roll(0)).toBe(false);
    expect(bench.recorder.terms?.rollsExtranonce).toBe(false);
  });

  test("32 bytes are taken", async () => {
    await bench.mining({ serve: { extranonce2Size: 32 } });
    bench.share(1);
    expect(sent()[0]?.[2]).toHaveLength(64);
  });

  test("a closed channel is gone; its last share still counts for the pool", async () => {
    const session = await bench.mining();
    const { work } = bench;
    const [channel] = bench.recorder.opened;
    if (channel === undefined) throw new Error("no channel");
    session.closeChannel(channel);
    expect(session.channels).toEqual([]);
    expect(session.phase).toBe("opening");
    bench.share(1, work);
    expect(sent()).toHaveLength(1);
  });
});

test("a recorded job, extranonce and nonce become the recorded mining.submit", async () => {
  const { stratum, hash_be } = vectors.jobs.find((job) => "stratum" in job && job.stratum) ?? {};
  if (stratum === undefined) throw new Error("the capture is gone");
  // Our first lane begins at extranonce2 00000000; the recorded share had 17000000: the 24th lane.
  bench.recorder.wanted = 24;
  bench.listen((server) => server.serve({ extranonce1: stratum.extranonce1 }));
  const session = await bench.start();
  bench.server.call("mining.notify", ...stratum.notify_params);
  await bench.settle();
  const work = bench.recorder.opened
    .map((channel) => channel.work)
    .find((candidate) => toHex(candidate?.extranonce ?? filled(0)) === stratum.extranonce2);
  if (work === undefined) throw new Error("no such lane");
  const [job, extranonce2, ntime, nonce, bits] = stratum.submit_params_after_user as string[];
  const version = (work.version & ~work.versionMask) | Number.parseInt(bits ?? "", 16);
  const header = encodeHeader({
    version,
    prevHash: work.tip.prevHash,
    merkleRoot: work.merkleRoot,
    ntime: work.minNtime,
    nbits: work.tip.nbits,
    nonce: Number.parseInt(nonce ?? "", 16),
  });
  expect(toDisplayHex(hashHeader(header))).toBe(hash_be);
  session.submit(
    work,
    0,
    Number.parseInt(nonce ?? "", 16),
    Number.parseInt(ntime ?? "", 16),
    version,
  );
  expect(sent()).toEqual([["acct.worker", job, extranonce2, ntime, nonce, bits]]);
});

function notifyTail(prevHash: Uint8Array): unknown[] {
  // One byte repeated is the same in every word order.
  return [toHex(prevHash), "0100", "ff00", [], "20000000", "1d00ffff", "65000000", true];
}
