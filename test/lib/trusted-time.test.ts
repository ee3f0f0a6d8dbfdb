import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TimeFacts, timeWorthKeeping, trustedTime } from "../../src/lib/trusted-time.ts";

const NOW = 1_790_000_000;
const BUILT = 1_780_000_000;
const facts: TimeFacts = {
  wallUnixSeconds: NOW,
  sync: "synchronised",
  builtUnixSeconds: BUILT,
  keptUnixSeconds: undefined,
  keptForS: 0,
};

describe("the time by which certificates are judged", () => {
  test("is the clock's where it is synchronised", () => {
    expect(trustedTime(facts)).toEqual({
      unixSeconds: NOW,
      source: "synchronised",
      note: "the clock is synchronised",
    });
  });

  test.each(["unsynchronised", "unknown"] as const)(
    "is the clock's where it is %s and not behind the floor",
    (sync) => {
      const time = trustedTime({ ...facts, sync, keptUnixSeconds: NOW - 100 });
      expect(time).toMatchObject({ unixSeconds: NOW, source: "unsynchronised" });
    },
  );

  test("is not before the program was built, on a board that wakes up in 1970", () => {
    const time = trustedTime({ ...facts, sync: "unsynchronised", wallUnixSeconds: 17 });
    expect(time).toMatchObject({ unixSeconds: BUILT, source: "floor" });
    expect(time.note).toBe(
      "the clock is not synchronised and says 1970-01-01T00:00:17Z, 20601 days before the time at which this program was built: it is later than it says, and 2026-05-28T20:26:40Z is assumed",
    );
  });

  test("goes on from the last time known to be right as seconds pass", () => {
    const kept = { ...facts, sync: "unknown", wallUnixSeconds: 17, keptUnixSeconds: NOW } as const;
    expect(trustedTime({ ...kept, keptForS: 60.9 })).toMatchObject({
      unixSeconds: NOW + 60,
      source: "floor",
      note: expect.stringContaining("the last time known to be right"),
    });
  });

  test("a clock that lags by the little that a correction takes is not overruled", () => {
    const lagging = { ...facts, sync: "unsynchronised", keptUnixSeconds: NOW + 10 } as const;
    expect(trustedTime(lagging)).toMatchObject({ unixSeconds: NOW, source: "unsynchronised" });
    expect(trustedTime({ ...lagging, keptUnixSeconds: NOW + 11 }).source).toBe("floor");
  });

  test("a wrong time that was kept does not lock the device out once the clock is synchronised", () => {
    const future = { ...facts, keptUnixSeconds: NOW + 10 * 365 * 86_400 };
    expect(trustedTime({ ...future, sync: "unsynchronised" }).source).toBe("floor");
    const time = trustedTime(future);
    expect(time).toMatchObject({ unixSeconds: NOW, source: "synchronised" });
    expect(time.note).toContain("3650 days behind the last time known to be right");
    expect(timeWorthKeeping(future.keptUnixSeconds, time)).toBe(NOW);
  });
});

const seconds = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 }),
  fc.integer({ min: -15, max: 15 }).map((offset) => NOW + offset),
);
const anyFacts = fc.record({
  wallUnixSeconds: seconds,
  sync: fc.constantFrom("synchronised", "unsynchronised", "unknown"),
  builtUnixSeconds: seconds,
  keptUnixSeconds: fc.option(seconds, { nil: undefined }),
  keptForS: fc.double({ min: 0, max: 1e9, noNaN: true }),
});

test("without a synchronised clock, time is never before the floor by more than a correction takes, and nothing is kept", () => {
  fc.assert(
    fc.property(anyFacts, (any) => {
      const time = trustedTime(any);
      expect(Number.isSafeInteger(time.unixSeconds)).toBe(true);
      expect(time.note).not.toBe("");
      if (any.sync === "synchronised") {
        expect(time.unixSeconds).toBe(any.wallUnixSeconds);
        return;
      }
      const floor = Math.max(any.builtUnixSeconds, any.keptUnixSeconds ?? 0);
      expect(time.unixSeconds).toBeGreaterThanOrEqual(floor - 10);
      expect(time.unixSeconds).toBeGreaterThanOrEqual(any.wallUnixSeconds);
      expect(timeWorthKeeping(any.keptUnixSeconds, time)).toBe(any.keptUnixSeconds);
    }),
    { numRuns: 1_000 },
  );
});
