import { describe, expect, test } from "vitest";
import { bm1362, bm1370 } from "../../drivers/bm13xx/chips.ts";
import { BIP323_MASK } from "../../src/work/work.ts";
import { virtualMachine } from "../support/virtual-machine.ts";

/** Few chips at a low clock come up fast; the scale leaves some thousand hashes per second. */
const small = { chip: bm1370, chips: 2, scale: 2 ** 28, frequencyMHz: 100 } as const;

describe("from pool to chip and back, in virtual time", () => {
  test("ten minutes over blocks, templates and target changes: every share accepted, every nonce good", async () => {
    const machine = virtualMachine({
      ...small,
      chains: 2,
      pool: { blockIntervalMs: 20_000, templateIntervalMs: 7_000, vardiffPeriodMs: 30_000 },
    });
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(600_000);
    const { total, pool, chains } = machine.miner.snapshot();
    expect(pool.phase).toBe("mining");
    expect(pool.blocksSeen).toBeGreaterThan(25);
    expect(total).toMatchObject({ rejected: 0, hardwareErrors: 0, unknownJob: 0, duplicate: 0 });
    for (const chain of chains) {
      expect(chain.accepted).toBeGreaterThan(200);
      expect(chain.hashrateHps / chain.nominalHps).toBeGreaterThan(0.9);
      expect(chain.hashrateHps / chain.nominalHps).toBeLessThan(1.1);
    }
    const counted = machine.pool.statistics();
    expect(counted.rejected).toBe(0);
    expect(counted.accepted).toBe(pool.accepted + pool.unacknowledged);
    await stop(machine);
  });

  test("the same seed gives the same run", async () => {
    const counts = async () => {
      const machine = virtualMachine(small);
      machine.listen();
      await Promise.all([machine.miner.start(), machine.run(5_000)]);
      await machine.run(60_000);
      const { total } = machine.miner.snapshot();
      await stop(machine);
      return [total.submitted, total.belowShareTarget, total.accepted];
    };
    expect(await counts()).toEqual(await counts());
  });

  test("a chain of BM1362 with BIP323 bits", async () => {
    const machine = virtualMachine({
      chip: bm1362,
      chips: 8,
      scale: 2 ** 28,
      frequencyMHz: 75,
      versionMask: BIP323_MASK,
    });
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(10_000)]);
    await machine.run(60_000);
    const { total } = machine.miner.snapshot();
    expect(total.accepted).toBeGreaterThan(20);
    expect(total).toMatchObject({ rejected: 0, hardwareErrors: 0 });
    await stop(machine);
  });

  test.each([
    ["group-addressed previous hashes", { prevHashTo: "group" as const }],
    ["single acknowledgements", { shareBatchSize: 1 }],
    ["batches of ten without a timer", { shareBatchSize: 10, acknowledgeWithinMs: undefined }],
    ["a target that bites at once (Q7)", { quirks: new Map([["immediate-target", 1] as const]) }],
    ["lifetime counters (Q10)", { quirks: new Map([["lifetime-counters", 1] as const]) }],
    ["group id 0 (Q11)", { quirks: new Map([["group-zero", 1] as const]) }],
    [
      "NewMiningJob without its channel bit (Q12)",
      { quirks: new Map([["job-bit-clear", 1] as const]) },
    ],
  ])("a pool with %s rejects nothing of ours", async (_name, pool) => {
    const machine = virtualMachine({
      ...small,
      chains: 2,
      pool: { blockIntervalMs: 15_000, templateIntervalMs: 4_000, ...pool },
    });
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(90_000);
    const { total, pool: told } = machine.miner.snapshot();
    const counted = machine.pool.statistics();
    expect(told.rejectedByReason).toEqual({});
    expect(counted.accepted).toBeGreaterThan(100);
    expect(total.accepted).toBeLessThanOrEqual(counted.accepted);
    await stop(machine);
  });

  test("a pool that gives one channel only feeds all chains from it, each in its own version space", async () => {
    const machine = virtualMachine({
      ...small,
      chains: 3,
      pool: { quirks: new Map([["max-channels", 1] as const]), sharesPerMinute: 180 },
    });
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(90_000);
    const { total, pool, chains } = machine.miner.snapshot();
    expect(pool.channels).toHaveLength(1);
    expect(pool.channels[0]?.chainIndexes.toSorted()).toEqual([0, 1, 2]);
    for (const chain of chains) expect(chain.accepted).toBeGreaterThan(20);
    expect(total).toMatchObject({ rejected: 0, hardwareErrors: 0, duplicate: 0 });
    await stop(machine);
  });
});

describe("what is found for a dead tip stays here", () => {
  test("shares keep to the job clock and to the tip, over a hundred blocks in a hundred seconds", async () => {
    const machine = virtualMachine({
      ...small,
      pool: { blockIntervalMs: 1_000, templateIntervalMs: 300, sharesPerMinute: 600 },
    });
    machine.listen();
    await Promise.all([machine.miner.start(), machine.run(5_000)]);
    await machine.run(100_000);
    const { total, pool } = machine.miner.snapshot();
    expect(pool.blocksSeen).toBeGreaterThan(90);
    expect(pool.rejectedByReason).toEqual({});
    expect(total.hardwareErrors).toBe(0);
    expect(total.accepted).toBeGreaterThan(300);
    await stop(machine);
  });
});

async function stop({ miner, run, pool, clock }: ReturnType<typeof virtualMachine>): Promise<void> {
  const stopped = miner.stop();
  await run(10_000);
  await stopped;
  pool.stop();
  await clock.advance(1_000);
}
