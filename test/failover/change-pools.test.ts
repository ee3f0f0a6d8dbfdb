/** The operator's list of pools changes while chips hash: what stays keeps its connection, and no share goes astray. */
import { describe, expect, test } from "vitest";
import type { PoolGroupOptions, PoolOptions } from "../../src/hashing/pool-options.ts";
import { oneGroup, type PoolWishes, poolOptions } from "../support/pool-options.ts";
import { Arena, type ArenaPool, type Protocol } from "./arena.ts";

/** Pools, and a machine that mines on the first so many of them. */
async function mining(
  protocols: readonly Protocol[],
  configured: number,
  isHashing = false,
): Promise<Arena> {
  const arena = new Arena({
    protocols,
    isHashing,
    // Many shares of few hashes.
    pool: { sharesPerMinute: 120, v1Difficulty: 2e-7 },
    groups: (pools) => oneGroup(pools.slice(0, configured).map(({ wishes }) => wishes)),
  });
  await arena.start();
  return arena;
}

function change(arena: Arena, wishes: readonly PoolWishes[]): void {
  arena.machine.miner.changePools(wishes.length === 0 ? [] : oneGroup(wishes));
}

const wishesOf = (arena: Arena, ...indexes: readonly number[]) =>
  indexes.map((index) => (arena.pools[index] as ArenaPool).wishes);
const shown = (arena: Arena) =>
  arena.machine.miner
    .snapshot("chains")
    .pools.map(({ name, state, connects }) => `${name.slice(5, 6)} ${state} ${connects}`);
const rejected = (arena: Arena) =>
  arena.pools.reduce((sum, { pool }) => sum + pool.statistics().rejected, 0);
const accepted = (arena: Arena) => arena.pools.map(({ pool }) => pool.statistics().accepted);
const isHashing = (arena: Arena) =>
  arena.machine.miner.snapshot("chains").chains.every(({ phase }) => phase === "hashing");

describe("the list of pools", () => {
  test("in another order: the hash power moves in the same tick, and no connection is lost", async () => {
    const arena = await mining(["sv2", "sv1"], 2);
    expect(shown(arena)).toEqual(["a active 1", "b standby 1"]);
    change(arena, wishesOf(arena, 1, 0));
    expect(shown(arena)).toEqual(["b active 1", "a standby 1"]);
    expect(isHashing(arena)).toBe(true);
    expect(arena.snapshotOf(0).why).toBe("first in order");
    change(arena, wishesOf(arena, 0, 1));
    expect(shown(arena)).toEqual(["a active 1", "b standby 1"]);
    await arena.run(5_000);
    expect(shown(arena)).toEqual(["a active 1", "b standby 1"]);
    await arena.stop();
  });

  test("an operator who puts a pool first does not wait until it has proved itself", async () => {
    const arena = await mining(["sv2", "sv2"], 2);
    (arena.pools[0] as ArenaPool).network.severAll();
    await arena.run(3_000);
    expect(shown(arena)).toEqual(["a standby 2", "b active 1"]);
    change(arena, wishesOf(arena, 1, 0));
    expect(shown(arena)).toEqual(["b active 1", "a standby 2"]);
    change(arena, wishesOf(arena, 0, 1));
    expect(shown(arena)).toEqual(["a active 2", "b standby 1"]);
    await arena.stop();
  });

  test("with another one in front: it is connected first, then it gets the hash power", async () => {
    const arena = await mining(["sv2", "sv1", "sv2"], 1);
    change(arena, wishesOf(arena, 1, 0));
    expect(shown(arena)).toEqual(["b down 1", "a active 1"]);
    let idle = 0;
    await arena.run(3_000, () => {
      if (!isHashing(arena)) idle++;
      return arena.snapshotOf(0).state === "active";
    });
    expect(idle).toBe(0);
    expect(shown(arena)).toEqual(["b active 1", "a standby 1"]);
    await arena.stop();
  });

  test("without the one that has the hash power: it goes on until another one gives work, then it is closed", async () => {
    const arena = await mining(["sv2", "sv1"], 1);
    const told: string[] = [];
    arena.machine.miner.onEvent(({ what, action, reason }) =>
      told.push(`${what}: ${action}, ${reason}`),
    );
    change(arena, wishesOf(arena, 1));
    expect(shown(arena)).toEqual(["b down 1", "a active 1"]);
    expect(arena.snapshotOf(1).why).toMatch(/^removed/);
    let idle = 0;
    await arena.run(3_000, () => {
      if (!isHashing(arena)) idle++;
      return arena.snapshotOf(0).state === "active";
    });
    expect(idle).toBe(0);
    expect(shown(arena)).toEqual(["b active 1"]);
    expect(told[0]).toMatch(/^pools-changed: added: pool-b.*; removed: pool-a.*; order: pool-b/);
    expect(told[1]).toMatch(/^pool-switch: hashing goes to pool-b/);
    await arena.run(6_000);
    expect(arena.pools[0]?.network.openEnds).toBe(0);
    await arena.stop();
  });

  test("where the new one never gives work: the removed one is left after 30 s", async () => {
    const arena = await mining(["sv2", "sv2"], 1);
    (arena.pools[1] as ArenaPool).refuse();
    change(arena, wishesOf(arena, 1));
    await arena.run(29_000);
    expect(isHashing(arena)).toBe(true);
    await arena.run(2_000);
    expect(isHashing(arena)).toBe(false);
    expect(shown(arena)).toEqual([expect.stringMatching(/^b down/)]);
    await arena.stop();
  });

  test("with another user on the same pool: a new connection, an account of its own, and back", async () => {
    const arena = await mining(["sv2"], 1, true);
    const [first] = arena.pools as [ArenaPool];
    await arena.run(20_000);
    const account = () => arena.snapshotOf(0).account?.total.submitted ?? 0;
    const before = account();
    expect(before).toBeGreaterThan(0);
    change(arena, [{ ...first.wishes, user: "somebody-else" }]);
    await arena.run(20_000);
    expect(arena.snapshotOf(0)).toMatchObject({ state: "active", connects: 1 });
    expect(account()).toBeGreaterThan(0);
    change(arena, [first.wishes]);
    await arena.run(20_000);
    expect(account()).toBeGreaterThan(before);
    expect(rejected(arena)).toBe(0);
    await arena.stop();
  });

  test("empty: nothing hashes, and the reason is told", async () => {
    const arena = await mining(["sv2"], 1);
    change(arena, []);
    await arena.run(5_000);
    const { pool, pools, chains } = arena.machine.miner.snapshot("chains");
    expect(pools).toEqual([]);
    expect(pool).toMatchObject({ name: "none", state: "off", why: "no pool is configured" });
    expect(chains[0]).toMatchObject({ phase: "off", reason: "no pool is configured" });
    expect(arena.machine.models[0]?.activeMHz).toBe(0);
    await arena.stop();
  });
});

test("through reorder, addition, removal, another user and back, V1 and V2: every share is accepted where it belongs", async () => {
  const arena = await mining(["sv2", "sv1", "sv2"], 2, true);
  const [a, b, c] = wishesOf(arena, 0, 1, 2) as [PoolWishes, PoolWishes, PoolWishes];
  const other = { ...b, user: "somebody-else" };
  const lists = [[b, a], [a, b], [c, a, b], [c], [a], [other], [b, c], [a, b]] as const;
  let idle = 0;
  for (const list of lists) {
    change(arena, list);
    await arena.run(15_000, () => {
      if (!isHashing(arena)) idle++;
      return false;
    });
    expect(arena.snapshotOf(0).state).toBe("active");
  }
  await arena.run(5_000);
  expect(idle).toBe(0);
  expect(rejected(arena)).toBe(0);
  for (const count of accepted(arena)) expect(count).toBeGreaterThan(3);
  const { total } = arena.machine.miner.snapshot("chains");
  expect(total.submitted).toBe(accepted(arena).reduce((sum, count) => sum + count, 0));
  expect(total.hardwareErrors).toBe(0);
  await arena.stop();
});

test("groups: hash power is divided anew, and pools that move between groups stay connected", async () => {
  const group = (name: string, part: number, pools: readonly PoolOptions[]): PoolGroupOptions => ({
    ...{ name, part, pools, warmStandby: false },
  });
  const arena = await mining(["sv2", "sv2"], 1);
  const [a, b] = wishesOf(arena, 0, 1).map((wishes) => poolOptions(wishes)) as [
    PoolOptions,
    PoolOptions,
  ];
  arena.machine.miner.changePools([group("one", 0.5, [a]), group("two", 0.5, [b])]);
  await arena.run(3_000);
  expect(shown(arena)).toEqual(["a active 1", "b active 1"]);
  expect(arena.snapshotOf(0)).toMatchObject({ group: "one", part: 0.5 });
  arena.machine.miner.changePools([group("one", 1, [b, a])]);
  expect(shown(arena)).toEqual(["b active 1", "a off 1"]);
  await arena.stop();
});
