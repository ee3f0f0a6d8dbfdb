import { describe, expect, test } from "vitest";
import { movedFirst } from "../../src/config/pool-order.ts";

describe("a pool is made the first of its list", () => {
  test.each([
    ["of a plain list", { pools: ["a", "b", "c"] }, 2, { pools: ["c", "a", "b"] }],
    ["when it is that already", { pools: ["a", "b"] }, 0, { pools: ["a", "b"] }],
    ["when it is the only one", { pool: "a" }, 0, { pool: "a" }],
    [
      "in its group, the others stay as they are",
      { groups: [{ pools: ["a", "b"] }, { quota: 2, pools: ["c", "d"] }] },
      3,
      { groups: [{ pools: ["a", "b"] }, { quota: 2, pools: ["d", "c"] }] },
    ],
  ])("%s", (_, config, index, expected) => {
    expect(movedFirst({ version: 1, ...config }, index)).toEqual({ version: 1, ...expected });
  });

  test.each([
    [{ pools: ["a", "b"] }, 2, "there is no pool 2; allowed: 0 to 1"],
    [{ pools: ["a"] }, -1, "there is no pool -1; allowed: 0 to 0"],
    [{ pools: ["a"] }, 0.5, "there is no pool 0.5; allowed: 0 to 0"],
    [{ pool: "a" }, 1, "there is no pool 1; allowed: 0 to 0"],
  ])("%j has no pool %d", (config, index, problem) => {
    expect(movedFirst(config, index)).toBe(problem);
  });
});
