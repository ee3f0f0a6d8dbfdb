import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { poolGroups } from "../../src/config/pool-groups.ts";
import { ConfigError } from "../../src/lib/errors.ts";

const KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
const one = { url: `stratum2+tcp://one.example:1/${KEY}` };
const two = { url: "stratum+ssl://two.example:2", user: "me.rig" };

const load = (pools: object) => loadConfig({ version: 1, ...pools }, []);
const groups = (pools: object) => poolGroups(load(pools));

function problemsOf(pools: object) {
  try {
    load(pools);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("pools of the configuration", () => {
  test("one pool is a group of one with all of the hash power", () => {
    expect(groups({ pool: one })).toMatchObject([
      { part: 1, warmStandby: true, pools: [{ name: "one.example:1", silenceMs: 300_000 }] },
    ]);
  });

  test("a list is one group in order; each protocol has its own patience", () => {
    const [group] = groups({ pools: [one, two], standby: "probe" });
    expect(group).toMatchObject({ part: 1, warmStandby: false });
    expect(group?.pools.map(({ address, silenceMs }) => [address.protocol, silenceMs])).toEqual([
      ["sv2", 300_000],
      ["sv1", 120_000],
    ]);
  });

  test("fixed shares come first, quotas divide the rest", () => {
    const parts = groups({
      groups: [{ share: 0.1, pools: [one] }, { quota: 2, pools: [one] }, { pools: [two] }],
    }).map(({ part }) => part);
    expect(parts[0]).toBeCloseTo(0.1);
    expect(parts[1]).toBeCloseTo(0.6);
    expect(parts[2]).toBeCloseTo(0.3);
  });

  test("the same address twice gets two names, as counts are kept under them", () => {
    const [group] = groups({ pools: [one, { ...one, user: "other" }] });
    expect(group?.pools.map(({ name }) => name)).toEqual(["one.example:1", "one.example:1 #2"]);
  });

  test("credentials stay with their pool", () => {
    const [group] = groups({
      pools: [
        { ...one, user: "a", password: "p" },
        { ...two, password: "q" },
      ],
    });
    expect(group?.pools.map(({ user, password }) => [user, password])).toEqual([
      ["a", "p"],
      ["me.rig", "q"],
    ]);
  });

  test("a worker name asks for the extension that carries it", () => {
    expect(groups({ pool: { ...one, workerName: "rig1" } })[0]?.pools[0]?.extensions).toEqual([2]);
    expect(groups({ pool: one })[0]?.pools[0]?.extensions).toEqual([]);
  });
});

test("a password is not shown, wherever it was put by mistake", () => {
  const secret = "hunter2";
  for (const pools of [
    { pool: { ...one, password: [secret] } },
    { pool: { ...one, password: secret.repeat(60) } },
    { pools: { ...one, password: secret } },
    { pool: [secret] },
  ])
    expect(JSON.stringify(problemsOf(pools))).not.toContain(secret);
});

test("what is nested without end is refused, not followed", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(problemsOf({ pool: deep })).toEqual([
    { path: "(whole file)", problem: "is nested more than 32 levels deep" },
  ]);
});

test("a hundred problems are enough to read", () => {
  const problems = problemsOf({ pools: new Array(256).fill(null) });
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)?.problem).toMatch(/^has \d+ more problems$/);
});

describe("what is wrong is said with its place", () => {
  test.each([
    [{}, "pool", "is missing"],
    [{ pool: one, pools: [one] }, "pools", "stands beside pool"],
    [
      { pools: [one, { url: "stratum+tcp://x.example:1" }] },
      "pools[1].user",
      "knows a worker by it",
    ],
    [{ groups: [{ pools: [one, { url: "x" }] }] }, "groups[0].pools[1].url", "no scheme"],
    [{ groups: [{ share: 0.4, pools: [one] }] }, "groups", "the fixed shares make 0.4"],
    [
      {
        groups: [
          { share: 1, pools: [one] },
          { quota: 1, pools: [one] },
        ],
      },
      "groups",
      "the fixed shares make 1",
    ],
    [{ groups: [{ share: 0.5, quota: 1, pools: [one] }] }, "groups[0].quota", "beside share"],
    [{ pools: [{ ...one, silenceS: 5 }] }, "pools[0].silenceS", "5"],
    [{ pools: [] }, "pools", "[]"],
    [{ groups: [null] }, "groups[0]", "null is not valid"],
    [{ groups: [{ share: 0, pools: false }] }, "groups[0].pools", "false is not valid"],
    [{ groups: [{ share: { toString: 0 }, pools: [one] }] }, "groups[0].share", "not valid"],
    [{ pool: { ...one, silenceS: { toString: 0 } } }, "pool.silenceS", "an object is not valid"],
  ])("%j: %s %s", (pools, path, problem) => {
    const problems = problemsOf(pools);
    expect(problems.map((one) => one.path)).toContain(path);
    expect(problems.find((one) => one.path === path)?.problem).toContain(problem);
  });
});
