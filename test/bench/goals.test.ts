import { expect, test } from "vitest";
import { figuresOf } from "./goals.ts";
import type { NewBlockResult } from "./new-block.ts";
import { summaryOf } from "./statistics.ts";
import { tableOf } from "./table.ts";

function newBlock(p50Ms: number, over: Partial<NewBlockResult> = {}): NewBlockResult {
  return {
    chains: 3,
    addressing: "per-channel",
    threadPool: "idle",
    floor: summaryOf([0.1]),
    program: summaryOf([p50Ms]),
    inside: summaryOf([0.4]),
    ...over,
  };
}

const verdicts = (result: NewBlockResult) =>
  figuresOf({ newBlock: [result] }).map(({ goal }) => goal?.met);

test.each<[string, NewBlockResult, readonly (boolean | undefined)[]]>([
  ["twice the floor is allowed", newBlock(0.2), [true, true, true]],
  ["more is not", newBlock(0.21), [false, true, true]],
  ["12 chains may take three times", newBlock(0.3, { chains: 12 }), [true, true, undefined]],
  [
    "but not with one message for all",
    newBlock(0.3, { chains: 12, addressing: "group" }),
    [false, true, undefined],
  ],
  ["a tail below a millisecond is no tail", newBlock(0.99), [false, true, true]],
  ["a longer one is, unless the floor has it too", newBlock(1.01), [false, false, true]],
  ["a third of it, that is", newBlock(1.2, { floor: summaryOf([0.4]) }), [false, true, true]],
  [
    "inside the process it is 0.5 ms",
    newBlock(0.2, { inside: summaryOf([0.51]) }),
    [true, true, false],
  ],
  [
    "who gets a processor first is no merit of the program",
    newBlock(0.9, { threadPool: "computing" }),
    [undefined, true, undefined],
  ],
])("%s", (_, result, expected) => {
  expect(verdicts(result)).toEqual(expected);
});

test("the table marks what missed its goal, and says a bench's name once", () => {
  const lines = tableOf(figuresOf({ newBlock: [newBlock(0.21)] })).split("\n");
  expect(lines[2]).toMatch(/^new block, 3 chains, per-channel {2}p50 .*2\.10 × floor.*MISS$/);
  expect(lines[3]).toMatch(/^ +p99 .*pass$/);
});
