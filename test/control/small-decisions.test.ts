/** The decisions that are a few lines each. */
import { describe, expect, test } from "vitest";
import { type CoverageFacts, coverageOf } from "../../src/control/coverage.ts";
import {
  excusedProof,
  newFanProof,
  stepFanProof,
  tooFewForMs,
} from "../../src/control/fan-proof.ts";
import { limitsWithin } from "../../src/control/limits-within.ts";
import { MinerSilence } from "../../src/control/miner-silence.ts";
import { StartOrder } from "../../src/control/start-order.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { boardLimits, known, sensor, unknown } from "./builders.ts";

describe("fans are proven by their tachometers", () => {
  test("slower than 300 turns a minute is standing still, and no answer is too", () => {
    const proof = stepFanProof(newFanProof(0), [299, 300, undefined, 6_000], 4, 1_000);
    expect(proof).toMatchObject({ turning: 2, areProven: false });
  });

  test("once enough turn they are proven", () => {
    expect(stepFanProof(newFanProof(0), [900, 900], 2, 1_000).areProven).toBe(true);
  });

  test("the time with too few counts from the last look that found enough", () => {
    let proof = stepFanProof(newFanProof(0), [900, 900], 2, 1_000);
    proof = stepFanProof(proof, [900, 0], 2, 2_000);
    proof = stepFanProof(proof, [900, undefined], 2, 3_000);
    expect(tooFewForMs(proof, 11_000)).toBe(10_000);
    expect(tooFewForMs(stepFanProof(proof, [900, 400], 2, 11_000), 11_000)).toBe(0);
  });
});

test("time in which nobody could count fans is no time without them", () => {
  const proof = stepFanProof(newFanProof(0), [900, 0], 2, 1_000);
  expect(tooFewForMs(excusedProof(proof, 4_000, 6_000), 6_000)).toBe(2_000);
});

describe("coverage is derived", () => {
  const healthy: CoverageFacts = {
    isPresent: true,
    sensors: [sensor(known(50))],
    backstop: { by: "supply", withinS: 10 },
    isBackstopArmed: true,
  };
  test.each<[CoverageFacts["isPresent"] | string, Partial<CoverageFacts>, string, RegExp]>([
    ["all there", {}, "protected", /10 s/],
    ["no board", { isPresent: false }, "absent", /plugged/],
    ["a limit without a sensor", { sensors: [] }, "blind", /no sensor/],
    [
      "a sensor without a limit",
      { sensors: [sensor(known(50), "air", "air", null)] },
      "blind",
      /no sensor/,
    ],
    [
      "one of two sensors unknown",
      { sensors: [sensor(known(50)), sensor(unknown("stale"), "other")] },
      "blind",
      /other: stale/,
    ],
    [
      "a dead guard that nobody notices",
      { backstop: { by: "nothing", why: "USB" } },
      "blind",
      /guard death: blind \(USB\)/,
    ],
    [
      "a watchdog that is not there",
      { backstop: { by: "watchdog", withinS: 15 }, isBackstopArmed: false },
      "blind",
      /guard death/,
    ],
    [
      "a sensor that disagrees with its neighbour",
      { sensors: [sensor(known(60), "one"), sensor(known(38), "two")] },
      "protected",
      /two reads 22\.0 °C less than one/,
    ],
  ])("%s", (_, change, protection, reason) => {
    const coverage = coverageOf({ ...healthy, ...change });
    expect(coverage.protection).toBe(protection);
    expect(coverage.reason).toMatch(reason);
  });
});

describe("an operator's limits", () => {
  const declared = { board: boardLimits };
  const problemsOf = (limits: Parameters<typeof limitsWithin>[1]) => {
    try {
      limitsWithin(declared, limits);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
      throw error;
    }
    return [];
  };

  test("may be lower, and replace the declaration's for that place", () => {
    const own = { targetC: 45, hotC: 55, dangerousC: 60 };
    expect(limitsWithin(declared, { board: own }).board).toEqual({ ...boardLimits, ...own });
    expect(limitsWithin(declared)).toEqual(declared);
  });

  test("may reach the ceiling and not go above it", () => {
    expect(problemsOf({ board: { targetC: 55, hotC: 65, dangerousC: 75 } })).toEqual([]);
    expect(problemsOf({ board: { targetC: 55, hotC: 65, dangerousC: 75.1 } })).toEqual([
      "machine.limits.board.dangerousC",
    ]);
  });

  test("that make no sense are all named at once", () => {
    const limits = { targetC: 66, hotC: 65, dangerousC: 99 };
    expect(problemsOf({ board: limits, regulator: limits })).toEqual([
      "machine.limits.board",
      "machine.limits.board.dangerousC",
      "machine.limits.regulator",
    ]);
    expect(problemsOf({ board: { targetC: Number.NaN, hotC: 65, dangerousC: 70 } })).toEqual([
      "machine.limits.board",
    ]);
  });
});

describe("the miner's silence", () => {
  const ticking = (silence: MinerSilence, fromMs: number, toMs: number) => {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) silence.tick(nowMs);
  };

  test("grows with every tick and ends with a beat", () => {
    const silence = new MinerSilence(100);
    silence.beat();
    ticking(silence, 0, 1_500);
    expect(silence.silentMs).toBe(1_500);
    silence.beat();
    expect(silence.silentMs).toBe(0);
  });

  test("when guard and miner are frozen for 4 s together, next to nothing counts", () => {
    const silence = new MinerSilence(100);
    silence.beat();
    ticking(silence, 0, 500);
    ticking(silence, 4_500, 4_500);
    expect(silence.silentMs).toBeLessThan(1_000);
  });

  test("without a miner there is none", () => {
    const silence = new MinerSilence(100);
    ticking(silence, 0, 60_000);
    expect(silence.silentMs).toBeNull();
    silence.beat();
    silence.stop();
    expect(silence.silentMs).toBeNull();
  });
});

test("boards are powered one after the other", () => {
  const starts = new StartOrder(2_000);
  const granted = [0, 100, 1_999, 2_000, 2_100, 4_000].filter((nowMs) => starts.mayStart(nowMs));
  expect(granted).toEqual([0, 2_000, 4_000]);
});
