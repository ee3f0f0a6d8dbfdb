import fc from "fast-check";
import { expect, test } from "vitest";
import { RateBound } from "../../src/upstream/rate-bound.ts";
import { newRedirectBound } from "../../src/upstream/redirect.ts";

test("ten redirects an hour, and an hour after the first another one", () => {
  const bound = newRedirectBound();
  const taken = (fromMs: number, count: number) =>
    Array.from({ length: count }, (_, i) => bound.take(fromMs + i)).filter(Boolean).length;
  expect(taken(1_000, 15)).toBe(10);
  expect(taken(3_600_000, 15)).toBe(0);
  expect(bound.take(3_601_000)).toBe(true);
  expect(bound.take(3_601_000)).toBe(false);
  bound.giveBack();
  expect(bound.take(3_601_000)).toBe(true);
  bound.clear();
  expect(taken(3_601_000, 15)).toBe(10);
});

test("within no period are there more than allowed, and none is refused without need", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.oneof(fc.constantFrom(0, 1, 99, 100, 101), fc.nat(150)), { maxLength: 40 }),
      (most, pausesMs) => {
        const bound = new RateBound(most, 100);
        const takenMs: number[] = [];
        let nowMs = 0;
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs;
          const recent = takenMs.filter((atMs) => atMs > nowMs - 100).length;
          expect(bound.take(nowMs)).toBe(recent < most);
          if (recent < most) takenMs.push(nowMs);
        }
      },
    ),
  );
});
