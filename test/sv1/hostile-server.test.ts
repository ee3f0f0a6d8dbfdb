import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bench, filled, notifyParams } from "./support.ts";

const MEBIBYTE = 1_048_576;

/** What is really in use, after everything else was collected. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}

describe("a hostile server", () => {
  test("every message arrives whole when each byte comes alone", async () => {
    const bench = new Bench();
    bench.network.chunking = "every-byte";
    await bench.mining({ serve: { verdict: (line, server) => server.answer(line, true) } });
    bench.share(1);
    await bench.settle();
    expect(bench.recorder.accepted).toHaveLength(1);
  });

  test("a line without end is cut off at 64 KiB", async () => {
    const bench = new Bench();
    await bench.mining();
    bench.server.raw("x".repeat(70_000));
    await bench.settle();
    expect(bench.recorder.ends[0]).toEqual({
      kind: "protocol",
      reason: "a line of more than 64 KiB",
    });
  });

  test("garbage ends the connection, a little of it does not", async () => {
    const bench = new Bench();
    await bench.mining();
    bench.server.raw("GET / HTTP/1.1\r\nHost: pool\r\n\r\n");
    await bench.settle();
    expect(bench.recorder.ends).toEqual([]);
    for (let i = 0; i < 20; i++) bench.server.raw(`${"x".repeat(999)}\n`);
    await bench.settle();
    expect(bench.recorder.ends[0]?.reason).toContain("16 KiB per second");
  });

  test("10 000 jobs, each on a new block, leave no memory and only the last job behind", async () => {
    const bench = new Bench();
    await bench.mining();
    const flood = (from: number) => {
      for (let i = from; i < from + 5_000; i++) {
        bench.recorder.events.length = 0;
        bench.recorder.newBlockTimes.length = 0;
        const prevHash = filled(0);
        new DataView(prevHash.buffer).setUint32(0, i);
        bench.server.notify({ name: `job-${i}`, prevHash, prefix: "02".repeat(200) });
      }
    };
    flood(0);
    const before = heapBytes();
    flood(5_000);
    expect(heapBytes() - before).toBeLessThan(MEBIBYTE);
    expect(bench.session?.counts.blocksSeen).toBe(10_000);
    bench.share(1);
    expect(bench.server.calls("mining.submit")[0]?.params[1]).toBe("job-9999");
  });

  test.each([
    ["mining.set_version_mask", [["00002000"], ["1fffe000"]]],
    [
      "mining.set_extranonce",
      [
        ["08", 4],
        ["08", 6],
      ],
    ],
  ] as const)("who changes the terms back and forth by %s is left", async (method, params) => {
    const bench = new Bench();
    await bench.mining();
    for (let i = 0; i < 100 && bench.session?.phase === "mining"; i++) {
      bench.server.call(method, ...(params[i % 2] ?? []));
      bench.server.notify({ name: `job-${i}` });
      await bench.settle();
    }
    expect(bench.recorder.ends.map(({ kind }) => kind)).toEqual([
      ...new Array<string>(5).fill("asked"),
      "protocol",
    ]);
    expect(bench.session?.reason).toMatch(
      /^the pool changed .*, more than 5 times within 1 minute/,
    );
  });

  test("who changes them now and then is not left", async () => {
    const bench = new Bench();
    await bench.mining();
    for (let i = 0; i < 20; i++) {
      bench.server.call("mining.set_version_mask", i % 2 === 0 ? "00002000" : "1fffe000");
      await bench.clock.advance(13_000);
      bench.server.notify({ name: `job-${i}` });
    }
    expect(bench.recorder.ends.filter(({ kind }) => kind !== "asked")).toEqual([]);
  });

  test("answers under 100 000 ids that nobody asked for leave nothing behind", async () => {
    const bench = new Bench();
    await bench.mining();
    const before = bench.log.lines;
    for (let i = 0; i < 1_000; i++) {
      const lines = Array.from({ length: 100 }, (_, k) => `{"id":${1e6 + 100 * i + k},"result":1}`);
      bench.server.raw(`${lines.join("\n")}\n`);
      await bench.clock.advance(300);
      if (i % 50 === 0) bench.server.notify();
    }
    expect(bench.recorder.ends).toEqual([]);
    expect(bench.log.lines - before).toBeLessThan(20);
  });

  test("unknown requests are answered as long as they are few: no amplifier", async () => {
    const bench = new Bench();
    await bench.mining();
    for (let i = 0; i < 5_000; i++) bench.server.send({ id: i, method: "x" });
    const answered = bench.server.received.filter(({ error }) => error !== undefined).length;
    expect(answered).toBeLessThan(1_000);
    expect(bench.recorder.ends[0]?.kind).toBe("protocol");
  });

  test("nothing that a server says is thrown back at us or keeps us from reconnecting", async () => {
    const value = fc.oneof(
      { weight: 2, arbitrary: fc.jsonValue() },
      fc.constantFrom<unknown>(null, true, false, "", "1fffe000", 4, 0, -1, 1e308, "08", [], {}),
      fc.constantFrom<unknown>(notifyParams(), [[["mining.notify", "x"]], "0102", 4]),
    );
    const method = fc.constantFrom(
      ...["mining.notify", "mining.set_difficulty", "mining.set_extranonce"],
      ...["mining.set_version_mask", "client.reconnect", "client.show_message", "mining.ping"],
      ...["client.get_version", "mining.set_goal", "mining.authorize", "toString"],
    );
    const params = fc.oneof(
      fc.array(value, { maxLength: 9 }),
      value,
      fc.tuple(fc.nat(8), value).map(([at, one]) => notifyParams().with(at, one)),
    );
    const id = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(null), value);
    const line = fc.oneof(
      fc.record({ id, method, params }).map((call) => JSON.stringify(call)),
      fc.record({ id, result: value, error: value }).map((answer) => JSON.stringify(answer)),
      fc.record({ id, result: value, error: fc.constant(null) }).map((a) => JSON.stringify(a)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 30 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        async (lines, serves, pauses) => {
          const bench = new Bench();
          bench.listen((server) => serves && server.serve());
          const session = await bench.start({
            suggestDifficulty: "auto",
            subscribeExtranonce: true,
          });
          for (const text of lines) {
            bench.server.raw(`${text}\n`);
            await bench.clock.advance(pauses);
            const [channel] = session.channels;
            if (channel?.work !== undefined) bench.share(1, channel.work);
            channel?.roll(bench.clock.nowMs());
          }
          await bench.clock.advance(700_000);
          expect(session.counts.connects).toBeGreaterThan(1);
          expect(bench.log.text).not.toContain("hunter2");
          await session.stop();
          await bench.settle();
          expect(bench.clock.pendingTimers).toBe(0);
          expect(bench.network.openEnds).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
