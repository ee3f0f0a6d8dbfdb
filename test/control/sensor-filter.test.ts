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
    ["a rise that is steeper and goes on", [50, 58, 67, 77, 88, 100], 88],
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

test("what rises steeply never goes stale, however steeply", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 5.1, max: 30, noNaN: true }), { maxLength: 8 }),
      (steps) => {
        const rising = [20, 20];
        for (const step of steps) rising.push((rising.at(-1) ?? 0) + step);
        const samples = rising.filter((valueC) => valueC <= 125);
        const before = samples.at(-2) ?? 0;
        const told = seen(samples);
        expect(typeof told).toBe("number");
        // One sample behind at most, or the first suspect, which is as far behind.
        expect(Number(told)).toBeGreaterThanOrEqual(Math.min(before, samples.at(-1) ?? 0));
      },
    ),
  );
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
