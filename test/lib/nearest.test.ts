import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "../../src/lib/nearest.ts";

describe("the nearest known word", () => {
  test.each([
    ["chpis", ["chip", "chips", "chains"], "chips"],
    ["simlate", ["run", "simulate", "simulate-pool"], "simulate"],
    ["Frequencymhz", ["frequencyMHz"], "frequencyMHz"],
    ["bm1326", ["BM1362", "BM1370"], "BM1362"],
  ])("of %s is found among %j", (word, known, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test("is nothing when no word is close", () => {
    expect(nearest("temperature", ["chips", "pool"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
});

test("the edit distance is a distance: zero to itself, the same both ways, never above the longer word", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      if (a !== b) expect(editDistance(a, b)).toBeGreaterThan(0);
    }),
  );
});
