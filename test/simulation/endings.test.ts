import { describe, expect, test } from "vitest";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import type { PoolStatistics } from "../../simulator/pool/events.ts";
import { virtualMachine } from "../support/virtual-machine.ts";

const small = {
  chip: bm1370,
  chips: 2,
  scale: 2 ** 28,
  frequencyMHz: 100,
  pool: { blockIntervalMs: 10_000, templateIntervalMs: 3_000, shareBatchSize: 3 },
} as const;

type Machine = ReturnType<typeof virtualMachine>;

async function stop({ miner, run, pool, clock }: Machine): Promise<void> {
  const stopped = miner.stop();
  await run(10_000);
  await stopped;
  pool.stop();
  await clock.advance(1_000);
}

/** Nothing counted twice, nothing out of nowhere: what the pools saw and what the device says must fit. */
function expectCountsToFit(machine: Machine, pools: readonly PoolStatistics[]): void {
  const { pool, total } = machine.miner.snapshot();
  const accepted = pools.reduce((sum, counted) => sum + counted.accepted, 0);
  const rejected = pools.reduce((sum, counted) => sum + counted.rejected, 0);
  expect(pool.rejectedByReason).toEqual({});
  expect(rejected).toBe(0);
  expect(total.accepted).toBe(pool.accepted);
  expect(pool.accepted).toBeLessThanOrEqual(accepted);
  expect(total.submitted).toBe(
    pool.accepted + pool.rejected + pool.unacknowledged + pool.lostUnacknowledged,
  );
  expect(total.hardwareErrors).toBe(0);
}

describe("the pool dies", () => {
  async function startedFor(machine: Machine, sinceHashingMs: number): Promise<void> {
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(2_500)]);
    await machine.clock.advance(sinceHashingMs);
  }

  async function expectRecovery(machine: Machine, before: PoolStatistics): Promise<void> {
    machine.restartPool();
    await machine.run(60_000);
    const { pool, chains } = machine.miner.snapshot();
    expect(pool.phase).toBe("mining");
    for (const { phase } of chains) expect(phase).toBe("hashing");
    expect(machine.pool.statistics().accepted).toBeGreaterThan(10);
    expectCountsToFit(machine, [before, machine.pool.statistics()]);
    await stop(machine);
  }

  test.each([0, 1, 2, 3, 4, 6])(
    "%i ms after the start, while it is dialled or sets up: mining begins with the next",
    async (afterMs) => {
      const machine = virtualMachine({ ...small, chains: 2 });
      machine.listen();
      const started = machine.miner.start();
      await machine.clock.advance(afterMs);
      machine.pool.reset();
      await Promise.all([started, machine.run(60_000)]);
      const { pool, chains } = machine.miner.snapshot();
      expect(pool.phase).toBe("mining");
      for (const { phase } of chains) expect(phase).toBe("hashing");
      expectCountsToFit(machine, [machine.pool.statistics()]);
      await stop(machine);
    },
  );

  test.each([
    ["while channels open", 0],
    ["just after the first job", 12],
    ["in the middle of mining", 20_000],
    ["in the tick of a block", 9_999],
  ])(
    "%s: chips stop at once, mining goes on with the next pool, counts fit",
    async (_name, afterMs) => {
      const machine = virtualMachine({ ...small, chains: 2 });
      await startedFor(machine, afterMs);
      const first = machine.pool.statistics();
      machine.pool.reset();
      await machine.clock.advance(5);
      for (const { phase } of machine.miner.snapshot().chains) expect(phase).toBe("idle");
      const hashedBefore = machine.models.map((model) => model.hashesDone(0));
      await machine.clock.advance(300);
      expect(machine.models.map((model) => model.hashesDone(0))).toEqual(hashedBefore);
      await expectRecovery(machine, first);
    },
  );

  test("chips that came up hash nothing before there is a pool, not even the job of an earlier run", async () => {
    const machine = virtualMachine(small);
    await Promise.all([machine.miner.start(), machine.run(20_000)]);
    expect(machine.miner.snapshot().chains[0]?.phase).toBe("idle");
    expect(machine.models[0]?.chips.every((chip) => chip.register(0x10) === 0)).toBe(true);
    await stop(machine);
  });

  test("a pool that falls silent is left after its silence limit, and taken back when it speaks", async () => {
    const machine = virtualMachine(small);
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(30_000);
    const before = machine.pool.statistics();
    machine.pool.silent(true);
    await machine.run(299_000);
    expect(machine.miner.snapshot().pool.connects).toBe(1);
    await machine.run(30_000);
    const { pool } = machine.miner.snapshot();
    expect(pool.connects).toBeGreaterThan(1);
    expect(pool.phase).toBe("mining");
    expect(machine.pool.statistics().accepted).toBeGreaterThan(before.accepted);
    await stop(machine);
  });
});

describe("a chain disappears", () => {
  test.each([
    ["while it is probed", 5],
    ["while its clock ramps up", 500],
    ["while it hashes", 30_000],
  ])("%s: it is faulted with the reason, the other chain mines on", async (_name, afterMs) => {
    const machine = virtualMachine({ ...small, chains: 2 });
    machine.listen();
    const started = machine.miner.start();
    await machine.run(afterMs);
    machine.devices[0]?.vanish();
    await machine.run(60_000);
    await started;
    const { chains, pool } = machine.miner.snapshot();
    expect(chains[0]).toMatchObject({ phase: "faulted" });
    expect(chains[0]?.reason).toMatch(/gone/);
    expect(chains[1]).toMatchObject({ phase: "hashing" });
    expect(chains[1]?.accepted).toBeGreaterThan(10);
    expect(pool.channels).toHaveLength(1);
    expectCountsToFit(machine, [machine.pool.statistics()]);
    await stop(machine);
  });

  test("with the last chain the miner says that nothing is left", async () => {
    const machine = virtualMachine(small);
    machine.listen();
    let hopeless: string | undefined;
    void machine.miner.hopeless.then((reason) => {
      hopeless = reason;
    });
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(10_000);
    machine.devices[0]?.vanish();
    await machine.run(100);
    expect(hopeless).toMatch(/chain 0: sim-uart0: .*gone/);
    await stop(machine);
  });

  test("a chain with too few chips is faulted and says how many answered", async () => {
    const machine = virtualMachine({ ...small, chains: 2 });
    machine.models[0]?.setReset(true);
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(30_000)]);
    const { chains } = machine.miner.snapshot();
    expect(chains[0]?.phase).toBe("faulted");
    expect(chains[0]?.reason).toMatch(/no chip answered, expected 2 BM1370/);
    expect(chains[1]?.phase).toBe("hashing");
    await stop(machine);
  });
});

describe("the daemon is told to stop", () => {
  test.each([0, 5, 150, 900, 2_500, 20_000, 20_001])(
    "after %i ms: it ends in order, tells the pool, stops the chips, leaves no timer",
    async (afterMs) => {
      const machine = virtualMachine({ ...small, chains: 2 });
      machine.listen();
      const started = machine.miner.start();
      await machine.clock.advance(afterMs);
      const order: string[] = [];
      void started.then(() => order.push("bring-up over"));
      const stopped = machine.miner.stop().then(() => order.push("stopped"));
      await machine.run(15_000);
      await Promise.all([started, stopped]);
      // Ports are released when the stop is over, also those of a chain that was just coming up.
      expect(order).toEqual(["bring-up over", "stopped"]);
      expect(machine.pool.statistics().openConnections).toBe(0);
      const hashed = machine.models.map((model) => model.hashesDone(0));
      await machine.clock.advance(2_000);
      expect(machine.models.map((model) => model.hashesDone(0))).toEqual(hashed);
      machine.pool.stop();
      for (const model of machine.models) model[Symbol.dispose]();
      await machine.clock.advance(0);
      expect(machine.clock.pendingTimers).toBe(0);
      const { total, pool } = machine.miner.snapshot();
      expect(total.submitted).toBe(
        pool.accepted + pool.rejected + pool.unacknowledged + pool.lostUnacknowledged,
      );
    },
  );
});
