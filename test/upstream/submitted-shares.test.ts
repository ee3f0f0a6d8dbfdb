import { expect, test } from "vitest";
import { SubmittedShares } from "../../src/upstream/submitted-shares.ts";

const PREV_HASH = new Uint8Array(32);

/** The set of job number `job`. */
function sharesOf(memory: SubmittedShares, job: number): Set<string> {
  const merkleRoot = new Uint8Array(32);
  new DataView(merkleRoot.buffer).setUint32(0, job);
  return memory.of(PREV_HASH, merkleRoot, 0x20000000);
}

function fill(shares: Set<string>, count: number): void {
  for (let i = 0, from = shares.size; i < count; i++) shares.add(`share-${from + i}`);
}

test("a job that comes again still knows what was sent for it", () => {
  const memory = new SubmittedShares();
  fill(sharesOf(memory, 1), 3);
  fill(sharesOf(memory, 2), 1);
  expect([...sharesOf(memory, 1)]).toEqual(["share-0", "share-1", "share-2"]);
});

test("a share that is added twice counts once", () => {
  const memory = new SubmittedShares();
  const first = sharesOf(memory, 1);
  first.add("one");
  const second = sharesOf(memory, 2);
  for (let i = 0; i < 100_000; i++) second.add("same");
  expect([first.size, second.size]).toEqual([1, 1]);
});

test("of 65 536 shares over all jobs the oldest job's are forgotten first", () => {
  const memory = new SubmittedShares();
  const sets = Array.from({ length: 16 }, (_, job) => sharesOf(memory, job));
  for (const set of sets) fill(set, 4_096);
  expect(sets.map(({ size }) => size)).toEqual(sets.map(() => 4_096));
  // The first is worked on again: the second is the oldest now.
  fill(sharesOf(memory, 0), 1);
  expect(sets.map(({ size }) => size).slice(0, 3)).toEqual([4_097, 0, 4_096]);
});

test("one job's shares are bounded as well, and it goes on being remembered", () => {
  const memory = new SubmittedShares();
  const shares = sharesOf(memory, 1);
  fill(shares, 65_536);
  expect(shares.size).toBe(65_536);
  shares.add("one more");
  expect(shares.size).toBeLessThanOrEqual(65_536);
  shares.add("the next");
  expect(sharesOf(memory, 1).has("the next")).toBe(true);
});

test("jobs beyond 1 024 are forgotten with their shares, which no longer count", () => {
  const memory = new SubmittedShares();
  fill(sharesOf(memory, 0), 60_000);
  const second = sharesOf(memory, 1);
  for (let job = 2; job <= 1_025; job++) sharesOf(memory, job);
  const last = sharesOf(memory, 1_025);
  fill(last, 60_000);
  // Of the second a late share may still come.
  fill(second, 10_000);
  expect(last.size).toBe(60_000);
  expect(sharesOf(memory, 0).size).toBe(0);
});
