import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spanText, utcText } from "../../src/lib/utc-time.ts";

describe("a point in time", () => {
  test("reads as ISO 8601 in UTC, for every second that a calendar knows", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          // Around ends of days, where leap days are.
          fc
            .tuple(fc.integer({ min: -2_000, max: 100_000 }), fc.integer({ min: -2, max: 2 }))
            .map(([day, offset]) => day * 86_400 + offset),
          fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
        ),
        (unixSeconds) => {
          const expected = new Date(unixSeconds * 1_000).toISOString().replace(".000Z", "Z");
          expect(utcText(unixSeconds)).toBe(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("that is no whole number of seconds is refused", () => {
    expect(() => utcText(1.5)).toThrow(RangeError);
    expect(() => utcText(Number.NaN)).toThrow(RangeError);
  });
});

test.each([
  [0, "0 s"],
  [11, "11 s"],
  [-11, "11 s"],
  [60, "1 min"],
  [119, "1 min 59 s"],
  [3_600, "1 h"],
  [12_345, "3 h 25 min"],
  [86_400, "1 day"],
  [3 * 86_400 + 7_200, "3 days 2 h"],
  [412 * 86_400 + 5_000, "412 days"],
])("a span of %d s reads as %s", (seconds, expected) => {
  expect(spanText(seconds)).toBe(expected);
});
