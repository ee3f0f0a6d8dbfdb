import { expect, test } from "vitest";
import { summaryOf } from "./statistics.ts";

test("percentiles are measurements that were made, whatever their order", () => {
  const samples = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
  expect(summaryOf(samples)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
});

test("one measurement is all of its percentiles", () => {
  expect(summaryOf([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 });
});

test("no measurement has no percentile", () => {
  expect(() => summaryOf([])).toThrow("no samples");
});
