import { expect, test } from "vitest";
import type { OperatorResult, OperatorSide } from "./operator.ts";
import { operatorFigures } from "./operator-goals.ts";
import { summaryOf } from "./statistics.ts";

function side(outsideMs: number): OperatorSide {
  return { outside: summaryOf([outsideMs]), inside: summaryOf([0.2]), operatorShare: 0.05 };
}

function result(withMs: number, withoutMs: number): OperatorResult {
  return {
    ...{ pages: 20, pollers: 20, interruptions: [], pollsPerS: 20, messagesPerS: 40 },
    without: side(withoutMs),
    withoutHalves: [summaryOf([withoutMs]), summaryOf([withoutMs])],
    with: side(withMs),
  };
}

test.each([
  ["a fifth more is allowed", 1.2, 1, true],
  ["more is not", 1.21, 1, false],
  ["however short it is", 0.13, 0.1, false],
])("%s", (_, withMs, withoutMs, met) => {
  const p99 = operatorFigures(result(withMs, withoutMs)).find(({ name }) => name === "p99");
  expect(p99?.goal?.met).toBe(met);
});

test("both times are shown beside their ratio", () => {
  const [p50] = operatorFigures(result(0.6, 0.5));
  expect(p50?.value).toBe("600 µs = 1.20 × without 500 µs");
});
