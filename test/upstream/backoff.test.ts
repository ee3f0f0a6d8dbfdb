import fc from "fast-check";
import { expect, test } from "vitest";
import {
  backoffMs,
  NETWORK_BACKOFF,
  REFUSAL_BACKOFF,
  TIME_BACKOFF,
} from "../../src/upstream/backoff.ts";

test("the first pause is about a second, later ones grow to a minute at most", () => {
  expect(backoffMs(NETWORK_BACKOFF, 1, 1)).toBe(1_000);
  expect(backoffMs(NETWORK_BACKOFF, 2, 1)).toBe(2_000);
  expect(backoffMs(NETWORK_BACKOFF, 50, 1)).toBe(60_000);
  expect(backoffMs(REFUSAL_BACKOFF, 1, 0)).toBe(15_000);
});

test("who waits for a clock to be set tries kindly: at first after 15 s, later every 5 min", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => backoffMs(TIME_BACKOFF, failures, 1))).toEqual([
    15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000,
  ]);
});

test("jitter never takes away more than half, nor adds", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(NETWORK_BACKOFF, REFUSAL_BACKOFF, TIME_BACKOFF),
      fc.integer({ min: 0, max: 2_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (policy, failures, fraction) => {
        const waitMs = backoffMs(policy, failures, fraction);
        expect(waitMs).toBeGreaterThanOrEqual(policy.firstMs / 2);
        expect(waitMs).toBeLessThanOrEqual(policy.maxMs);
      },
    ),
  );
});
