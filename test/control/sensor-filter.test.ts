import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  excused,
  newSensorMemory,
  readingOf,
  type SensorMemory,
  takeSample,
} from "../../src/control/sensor-filter.ts";

const rules = { staleAfterMs: 3_000 };
const SECOND = 1_000;

/** One sample a second; a text is a read that failed. */
function memoryAfter(samples: readonly (number | string)[], periodMs = SECOND): SensorMemory {
  return samples.reduce<SensorMemory>((memory, sample, i) => {
    const atMs = i * periodMs;
    return takeSample(
      memory,
      typeof sample === "number" ? { atMs, valueC: sample } : { atMs, failed: sample },
    );
  }, newSensorMemory());
}

/** What is known right after the last of them. */
function seen(samples: readonly (number | string)[]): number | string {
  const reading = readingOf(memoryAfter(samples), (samples.length - 1) * SECOND, rules);
  return reading.is === "known" ? reading.valueC : reading.why;
}

describe("one bad sample neither trips nor hides anything", () => {
  test.each<[string, (number | string)[], number | string]>([
    ["a jump up", [50, 50, 90], 50],
    ["a jump down", [50, 50, 20], 50],
    ["nonsense", [50, 50, 200], 50],
    ["NaN", [50, 50, Number.NaN], 50],
    ["a failed read", [50, 50, "nack"], 50],
    ["a jump, then the truth again", [50, 50, 90, 51], 51],
  ])("%s", (_, samples, expected) => {
    expect(seen(samples)).toBe(expected);
  });
});

describe("two of three are believed", () => {
  test.each<[string, (number | string)[], number | string]>([
    ["a jump that stays", [50, 90, 91], 91],
    ["a jump with a failed read in between", [50, 90, "nack", 91], 91],
    ["two jumps that disagree", [50, 90, 20], 50],
    ["nonsense twice", [50, 200, 200], "implausible"],
    ["nonsense twice of three", [50, 200, 50, 200], "implausible"],
    ["nonsense is over", [50, 200, 200, 50, 50], 50],
    ["heat as fast as it gets", [50, 54, 58, 62, 66, 70], 70],
    ["a rise that is steeper, as far as two say so", [50, 58, 67], 58],
    ["a rise that is steeper and goes on", [50, 58, 67, 77], 67],
    ["and where it ends", [50, 58, 67, 77, 78], 78],
    ["a fall that is steeper is not", [90, 80, 69, 57], 90],
    ["a rise from below what is known is not", [50, 20, 38], 50],
    ["a rise with a failed read in between is not", [50, 58, "nack", 67], 50],
  ])("%s", (_, samples, expected) => {
    expect(seen(samples)).toBe(expected);
  });

  test("a sample told again is no second witness", () => {
    let memory = memoryAfter([50, 50, 90]);
    for (let i = 1; i <= 10; i++)
      memory = takeSample(memory, { atMs: 2 * SECOND + i * 7, valueC: 90 });
    expect(readingOf(memory, 2_100, rules)).toMatchObject({ is: "known", valueC: 50 });
  });
});

describe("what rises too steeply is as hot as two samples say, and no newer for it", () => {
  test.each<[string, (number | string)[], number | string]>([
    ["steadily", [35, 52, 69, 86], 69],
    ["a sensor that then dies", [35, 52, 69, "nack"], 52],
    ["out of range", [30, 60, 90, 130], 60],
    ["a sawtooth", [22, 42, 62, 10], 42],
  ])("every three seconds, for three polls: %s", (_, samples, expected) => {
    const memory = memoryAfter(samples, 3_000);
    const at = (nowMs: number) => readingOf(memory, nowMs, { staleAfterMs: 9_000 });
    expect(at(9_000)).toMatchObject({ is: "known", valueC: expected });
    expect(at(9_001)).toMatchObject({ is: "unknown", why: "stale" });
  });

  test("what is unknown stays so, whatever rises", () => {
    expect(seen([50, 0, 120, 30, 90, 10, 60, 100])).toBe("stale");
  });

  test("a sample that is not believed makes nothing colder, and nothing newer", () => {
    const sample = fc.oneof(
      fc.double({ min: 15, max: 125, noNaN: true }),
      fc.constant("nack"),
      fc.integer({ min: 126, max: 200 }),
    );
    fc.assert(
      fc.property(fc.array(sample, { minLength: 3, maxLength: 20 }), (samples) => {
        const memory = memoryAfter(samples);
        const before = memoryAfter(samples.slice(0, -1));
        const isNewlyGood = memory.last.at(-1)?.is === "good";
        if (isNewlyGood || memory.good === undefined) return;
        expect(memory.good.atMs).toBe(before.good?.atMs);
        expect(memory.good.valueC).toBeGreaterThanOrEqual(before.good?.valueC ?? 0);
      }),
    );
  });
});

describe("what is old is unknown", () => {
  test("nothing was read yet", () => {
    expect(readingOf(newSensorMemory(), 0, rules)).toMatchObject({ why: "never-read" });
    expect(seen(["nack"])).toBe("lost");
  });

  test("three polls without an answer, and not a moment earlier", () => {
    const memory = memoryAfter([50, 50, "nack", "nack", "nack"]);
    expect(readingOf(memory, 4_000, rules)).toMatchObject({
      is: "known",
      valueC: 50,
      ageMs: 3_000,
    });
    const stale = readingOf(memory, 4_001, rules);
    expect(stale).toMatchObject({ is: "unknown", why: "stale" });
    expect(stale.is === "unknown" && stale.detail).toContain("nack");
  });

  test("a sensor whose samples make no sense together goes stale too", () => {
    const noisy = [50, 80, 20, 95, 0, 70, 10];
    expect(seen(noisy)).toBe("stale");
  });

  test("time in which nobody could look is no age", () => {
    const late = excused(memoryAfter([50, 50]), 4_000, 5_000);
    expect(readingOf(late, 5_000, rules)).toMatchObject({ is: "known", valueC: 50, ageMs: 0 });
    expect(readingOf(late, 8_001, rules)).toMatchObject({ is: "unknown", why: "stale" });
  });

  test("an answer brings it back", () => {
    expect(seen([50, "nack", "nack", "nack", "nack", 52, 52])).toBe(52);
  });
});
