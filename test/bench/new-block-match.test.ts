import { expect, test } from "vitest";
import { latenciesOf } from "./new-block-match.ts";

const chain = (atMs: number, durationMs: number) => ({ recorder: 0, atMs, durationMs });
const machine = (atMs: number, durationMs: number) => ({ recorder: 1, atMs, durationMs });

test("the latency of the last chain counts, from the write and from the chunk; what came before is nobody's", () => {
  const noted = [
    ...[chain(89, 4), machine(90, 5)],
    ...[chain(101, 0.5), machine(102, 1.5)],
    ...[chain(202, 1), machine(203.5, 2.5)],
  ];
  expect(latenciesOf([100, 200], noted)).toEqual({ outsideMs: [2, 3.5], insideMs: [1.5, 2.5] });
});

test("a miner that slept finds two blocks in one chunk, and both waited for it", () => {
  const noted = [chain(140.5, 0.5), machine(141, 1)];
  expect(latenciesOf([100, 120], noted)).toEqual({ outsideMs: [41, 21], insideMs: [1, 1] });
});

test("a block that was late, but received before the next one was written, keeps its own latency", () => {
  const noted = [chain(125, 6), machine(126, 7), chain(128, 1), machine(129, 2)];
  expect(latenciesOf([100, 120], noted)).toEqual({ outsideMs: [26, 9], insideMs: [7, 2] });
});

test("a block that did not reach the chains is an error", () => {
  const noted = [chain(101, 0.5), machine(102, 1)];
  expect(() => latenciesOf([100, 200], noted)).toThrow("block 2 of 2");
});

test("what is noted less often than blocks come is something else, however long it took", () => {
  const noted = [
    ...[chain(101, 0.5), machine(102, 1.5), chain(202, 1), machine(203.5, 2.5)],
    { recorder: 2, atMs: 205, durationMs: 3_000 },
  ];
  expect(latenciesOf([100, 200], noted).insideMs).toEqual([1.5, 2.5]);
});
