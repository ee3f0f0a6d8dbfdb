import { beforeEach, describe, expect, test } from "vitest";
import { Bench, type Line } from "./support.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const submits = () => bench.server.calls("mining.submit");

describe("shares", () => {
  test("an accepted one comes back as it was sent, with its work and its time", async () => {
    await bench.mining({ serve: { verdict: (line, server) => server.answer(line, true) } });
    bench.share(0x0a0b0c0d);
    await bench.settle();
    expect(submits()[0]?.params).toEqual([
      "acct.worker",
      "job-1",
      "00000000",
      "65000000",
      "0a0b0c0d",
      "00000000",
    ]);
    expect(bench.recorder.accepted).toEqual([
      { chainIndex: 0, hashes: 4295032833n, sentMs: bench.clock.nowMs() - 1 },
    ]);
    expect(bench.session?.counts).toMatchObject({ accepted: 1, rejected: 0 });
    expect(bench.recorder.opened[0]?.shares).toMatchObject({ accepted: 1, unacknowledged: 0 });
  });

  test("many are under way at once, and answers find theirs in any order", async () => {
    await bench.mining();
    for (let nonce = 1; nonce <= 100; nonce++) bench.share(nonce);
    expect(bench.recorder.opened[0]?.shares.unacknowledged).toBe(100);
    const lines = submits();
    expect(new Set(lines.map(({ id }) => id)).size).toBe(100);
    for (const line of lines.toReversed()) {
      const odd = Number.parseInt(String(line.params[4]), 16) % 2 === 1;
      bench.server.answer(line, odd, odd ? null : [23, "Low difficulty share", null]);
    }
    expect(bench.recorder.accepted).toHaveLength(50);
    expect(bench.recorder.rejected).toHaveLength(50);
    expect(bench.recorder.opened[0]?.shares).toMatchObject({
      accepted: 50,
      rejected: 50,
      unacknowledged: 0,
    });
    expect(bench.session?.counts.rejectedByReason).toEqual({ "23 Low difficulty share": 50 });
  });

  test.each([
    [20, "Other/Unknown"],
    [21, "Job not found"],
    [22, "Duplicate share"],
    [23, "Low difficulty share"],
    [24, "Unauthorized worker"],
    [25, "Not subscribed"],
  ])("code %d is told with its meaning, with words and without", async (code, words) => {
    await bench.mining();
    bench.share(1);
    bench.share(2);
    const [first, second] = submits() as [Line, Line];
    bench.server.answer(first, null, [code, words, null]);
    bench.server.answer(second, null, [code]);
    expect(bench.recorder.rejected).toEqual([`${code} ${words}`, `${code} ${words}`]);
  });

  test.each([
    [{ code: 21, message: "stale" }, null, "21 stale"],
    ["Stale share", null, "Stale share"],
    [null, false, "rejected without a reason"],
    [null, null, "rejected without a reason"],
    [[21, "a\u001b[2Jb", null], false, "21 a\ufffd[2Jb"],
  ])("error %j with result %j", async (error, result, code) => {
    await bench.mining();
    bench.share(1);
    bench.server.answer(submits()[0] as Line, result, error);
    expect(bench.recorder.rejected).toEqual([code]);
  });

  test("an id given back as text is understood; a second answer, or one to nothing, changes nothing", async () => {
    await bench.mining();
    bench.share(1);
    const { id } = submits()[0] as Line;
    bench.server.send(
      { id: String(id), result: true, error: null },
      { id, result: false, error: [22, "Duplicate", null] },
      { id: 4_711, result: true, error: null },
      { id: null, result: true, error: null },
    );
    expect(bench.recorder.accepted).toHaveLength(1);
    expect(bench.recorder.rejected).toEqual([]);
    expect(bench.recorder.ends).toEqual([]);
  });

  test("a pool that never answers is remembered 4096 shares, older ones are lost", async () => {
    await bench.mining();
    for (let nonce = 0; nonce < 4_100; nonce++) bench.share(nonce);
    expect(bench.recorder.lost).toBe(4);
    expect(bench.recorder.opened[0]?.shares.unacknowledged).toBe(4_096);
    bench.server.answer(submits()[0] as Line, true);
    expect(bench.recorder.accepted).toEqual([]);
  });

  test("a job name given anew takes the share of the old one with it, unless it is the same job", async () => {
    await bench.mining();
    const first = bench.work;
    bench.server.notify();
    await bench.settle();
    bench.share(1, first);
    expect(submits()).toHaveLength(1);
    const second = bench.work;
    bench.server.notify({ prefix: "0300" });
    await bench.settle();
    bench.share(2, second);
    expect(submits()).toHaveLength(1);
    expect(bench.recorder.lost).toBe(1);
    bench.share(3);
    expect(submits()).toHaveLength(2);
  });

  test("a numbered job is named by its number", async () => {
    await bench.mining();
    bench.server.notify({ name: 99 });
    await bench.settle();
    bench.share(1);
    expect(submits()[0]?.params[1]).toBe(99);
  });

  test("user names are quoted as JSON wants them", async () => {
    await bench.mining({ session: { user: 'a"b\\c\n' } });
    bench.share(1);
    expect(submits()[0]?.params[0]).toBe('a"b\\c\n');
  });
});

describe("suggested difficulty", () => {
  const suggestions = () =>
    bench.server.calls("mining.suggest_difficulty").map(({ params }) => params[0]);

  test("a number is suggested once, after authorize", async () => {
    await bench.mining({ session: { suggestDifficulty: 1_024 } });
    await bench.clock.advance(100_000);
    expect(suggestions()).toEqual([1_024]);
    const methods = bench.server.received.map(({ method }) => method);
    expect(methods.indexOf("mining.suggest_difficulty")).toBeGreaterThan(
      methods.indexOf("mining.authorize"),
    );
  });

  test("auto follows the hash rate, by factors of two and at most once a minute", async () => {
    const session = await bench.mining({ session: { suggestDifficulty: "auto" } });
    expect(suggestions()).toEqual([1_397]);
    const [channel] = bench.recorder.opened;
    if (channel === undefined) throw new Error("no channel");
    session.updateChannel(channel, 1.9e12);
    await bench.clock.advance(70_000);
    expect(suggestions()).toHaveLength(1);
    session.updateChannel(channel, 4e12);
    session.updateChannel(channel, 5e12);
    await bench.clock.advance(1_000);
    expect(suggestions()).toEqual([1_397, 6_985]);
    session.updateChannel(channel, 50e12);
    bench.server.notify();
    await bench.clock.advance(30_000);
    expect(suggestions()).toHaveLength(2);
  });

  test("a pool that does not know it is told the target instead", async () => {
    await bench.mining({ session: { suggestDifficulty: 2 } });
    const [asked] = bench.server.calls("mining.suggest_difficulty");
    bench.server.answer(asked as Line, null, [20, "unknown", null]);
    await bench.settle();
    expect(bench.server.calls("mining.suggest_target")[0]?.params).toEqual([
      `000000007fff8${"0".repeat(51)}`,
    ]);
  });

  test("without a wish nothing is suggested", async () => {
    await bench.mining();
    expect(suggestions()).toEqual([]);
  });
});
