import { expect, test } from "vitest";
import { boundsFor, type MemorySample, trendOf } from "./judge.ts";

/** One sample every 10 s for 20 minutes. */
function samples(pssMB: (atS: number) => number): MemorySample[] {
  return Array.from({ length: 121 }, (_, i) => 10 * i).map((atS) => ({
    atS,
    pssMB: pssMB(atS),
    anonymousMB: pssMB(atS) / 2,
  }));
}

test("a process that grows while it warms up and never again has not grown", () => {
  const trend = trendOf(
    "operator",
    samples((atS) => Math.min(60, 30 + atS / 6)),
    180,
  );
  expect(trend).toMatchObject({ firstMB: 60, lastMB: 60, growthMB: 0, slopeMBPerHour: 0 });
});

test("a leak of 30 MB an hour is told as such, and is more than a soak of 20 minutes allows", () => {
  const { warmUpS, growthMB } = boundsFor(20);
  const trend = trendOf(
    "miner",
    samples((atS) => 30 + (30 * atS) / 3_600),
    warmUpS,
  );
  expect(trend.slopeMBPerHour).toBeCloseTo(30);
  expect(trend.growthMB).toBeGreaterThan(growthMB);
  expect(trend.anonymousGrowthMB).toBeCloseTo(trend.growthMB / 2);
});

test("a peak of a few samples is no growth, and is told", () => {
  const trend = trendOf(
    "operator",
    samples((atS) => (atS > 1_000 && atS < 1_050 ? 80 : 40)),
    180,
  );
  expect(trend).toMatchObject({ growthMB: 0, highestMB: 80 });
});

test("a short soak warms up for a quarter of its time and is allowed more", () => {
  expect(boundsFor(2)).toMatchObject({ warmUpS: 30, growthMB: 15 });
  expect(boundsFor(20)).toMatchObject({ warmUpS: 180, growthMB: 5 });
});

test("too few samples are no verdict", () => {
  expect(() => trendOf("guard", samples(() => 1).slice(0, 4), 20)).toThrow(RangeError);
});
