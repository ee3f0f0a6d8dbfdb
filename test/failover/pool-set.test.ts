import { describe, expect, test } from "vitest";
import { oneGroup, poolOptions } from "../support/pool-options.ts";
import { Arena, type ArenaPool } from "./arena.ts";

describe("fail-over", () => {
  test("a warm standby has its channel and job, and takes over in the tick in which a socket dies", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2"] });
    await arena.start();
    expect(arena.hashesFor(0)).toBe(true);
    expect(arena.snapshotOf(1)).toMatchObject({ state: "standby", phase: "mining" });
    const [first] = arena.pools as [ArenaPool];
    first.refuse();
    first.network.severAll();
    expect(arena.hashesFor(1)).toBe(true);
    expect(arena.snapshotOf(0).state).toBe("down");
    expect(arena.snapshotOf(1).why).toBe("the pool before it gives no work");
    await arena.stop();
  });

  test("without a warm standby the switch takes a connection", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2"], warmStandby: false });
    await arena.start();
    expect(arena.snapshotOf(1)).toMatchObject({ state: "off", connects: 0 });
    const [first] = arena.pools as [ArenaPool];
    first.refuse();
    first.network.severAll();
    expect(arena.hashesFor(1)).toBe(false);
    expect(await arena.run(2_000, () => arena.hashesFor(1))).toBeLessThan(200);
    await arena.stop();
  });

  test("it returns after five minutes of health, and late shares of the pool that stands by are still its own", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2"], isHashing: true });
    await arena.start();
    const [first] = arena.pools as [ArenaPool];
    first.network.severAll();
    await arena.run(2_000);
    expect(arena.snapshotOf(0).state).toBe("standby");
    const tookMs = await arena.run(400_000, () => arena.hashesFor(0));
    expect(tookMs).toBeGreaterThan(290_000);
    expect(tookMs).toBeLessThan(303_000);
    await arena.run(30_000);
    for (const { pool } of arena.pools) {
      expect(pool.statistics().rejected).toBe(0);
      expect(pool.statistics().accepted).toBeGreaterThan(5);
    }
    await arena.stop();
  });

  test("a pool that asks to reconnect is left for as long as that takes, and no longer", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2"] });
    await arena.start();
    const [first] = arena.pools as [ArenaPool];
    first.pool.reconnect("", 0);
    await arena.run(40, () => arena.hashesFor(1));
    expect(arena.hashesFor(1)).toBe(true);
    expect(await arena.run(2_000, () => arena.hashesFor(0))).toBeLessThan(300);
    await arena.stop();
  });

  test("a silence that turns out to have been patience doubles the patience", async () => {
    const quiet = {
      blockIntervalMs: undefined,
      templateIntervalMs: undefined,
      vardiffPeriodMs: undefined,
    };
    const arena = new Arena({ protocols: ["sv2", "sv2"], pool: quiet });
    await arena.start();
    const connects = () => arena.snapshotOf(0).connects;
    await arena.run(310_000);
    expect(connects()).toBe(2);
    expect(arena.snapshotOf(0).account?.ends).toMatchObject({ silence: 1 });
    await arena.run(580_000);
    expect(connects()).toBe(2);
    await arena.run(60_000);
    expect(connects()).toBe(3);
    await arena.stop();
  });

  test("pools beyond the warm one are looked at every ten minutes", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2", "sv2"] });
    await arena.start();
    expect(arena.snapshotOf(2).connects).toBe(0);
    await arena.run(615_000);
    expect(arena.snapshotOf(2)).toMatchObject({ connects: 1, state: "off" });
    expect(arena.hashesFor(0)).toBe(true);
    await arena.run(600_000);
    expect(arena.snapshotOf(2).connects).toBe(2);
    await arena.stop();
  });

  test("every switch is told, with the reason", async () => {
    const arena = new Arena({ protocols: ["sv2", "sv2"] });
    const told: string[] = [];
    arena.machine.miner.onEvent(({ what, reason }) => told.push(`${what}: ${reason}`));
    await arena.start();
    const [first] = arena.pools as [ArenaPool];
    first.refuse();
    first.network.severAll();
    await arena.run(100);
    expect(told.filter((line) => line.startsWith("pool"))).toEqual([
      "pool-switch: pool-a.test:34254 has the hash power: first in order",
      expect.stringMatching(
        /^pool-switch: pool-b\.test:34254 has the hash power: the pool before it gives no work, after \d+ s on pool-a\.test:34254 \(connection lost: .*ECONNRESET.*\)$/,
      ),
      expect.stringMatching(/^pool-lost: connection lost/),
    ]);
    await arena.stop();
  });
});

describe("groups", () => {
  test("hash power is divided as asked, by the work that each pool was given", async () => {
    const arena = new Arena({
      protocols: ["sv2", "sv2", "sv2"],
      isHashing: true,
      // Harder than what the chips report, or the pool's sums would miss work.
      pool: { sharesPerMinute: 20, vardiffPeriodMs: undefined },
      groups: (pools) =>
        [0.7, 0.25, 0.05].map((part, index) => ({
          name: `g${index}`,
          part,
          warmStandby: true,
          pools: [poolOptions(pools[index]?.wishes ?? { url: "" })],
        })),
    });
    await arena.start();
    await arena.run(600_000);
    const sums = arena.pools.map(({ pool }) =>
      pool
        .devices()
        .reduce(
          (sum, { channels }) =>
            sum + channels.reduce((all, { difficultySum }) => all + difficultySum, 0),
          0,
        ),
    );
    const total = sums.reduce((sum, one) => sum + one, 0);
    // Some 200 shares each: one standard deviation is 7 %.
    const parts = sums.map((one) => one / total);
    expect(parts[0]).toBeGreaterThan(0.6);
    expect(parts[1]).toBeGreaterThan(0.18);
    expect(parts[2]).toBeGreaterThan(0.035);
    expect(parts[2]).toBeLessThan(0.07);
    for (const { pool } of arena.pools) expect(pool.statistics().rejected).toBe(0);
    await arena.stop();
  });

  test("when a whole group is dead, the others have its time", async () => {
    const arena = new Arena({
      protocols: ["sv2", "sv2"],
      groups: (pools) =>
        pools.map(({ wishes }, index) => ({
          ...(oneGroup([wishes])[0] as ReturnType<typeof oneGroup>[number]),
          name: `g${index}`,
          part: 0.5,
        })),
    });
    await arena.start();
    await arena.run(5_000);
    const [first] = arena.pools as [ArenaPool];
    first.refuse();
    first.network.severAll();
    expect(arena.hashesFor(1)).toBe(true);
    await arena.run(20_000);
    expect(arena.hashesFor(1)).toBe(true);
    expect(arena.machine.miner.snapshot().withoutPool.s).toBeLessThan(4);
    await arena.stop();
  });
});
