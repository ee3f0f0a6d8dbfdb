/** Extended channels from the simulated pool to simulated chips and back: the pool judges every share by itself. */
import { describe, expect, test } from "vitest";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import type { PoolOptions } from "../../simulator/pool/options.ts";
import { virtualMachine } from "../support/virtual-machine.ts";

/** Few chips at a low clock come up fast; the scale leaves some thousand hashes per second. */
const small = { chip: bm1370, chips: 1, scale: 2 ** 28, frequencyMHz: 100, chains: 2 } as const;
const lively = { blockIntervalMs: 9_000, templateIntervalMs: 2_000, vardiffPeriodMs: 20_000 };

async function mined(channel: "extended" | "auto", pool: Partial<PoolOptions>) {
  const machine = virtualMachine({ ...small, channel, pool: { ...lively, ...pool } });
  machine.listen();
  await Promise.all([machine.miner.start(), machine.run(5_000)]);
  await machine.run(40_000);
  const snapshot = machine.miner.snapshot();
  const counted = machine.pool.statistics();
  await Promise.all([machine.miner.stop(), machine.run(5_000)]);
  machine.pool.stop();
  return { ...snapshot, counted };
}

describe("an extended channel shared by two chains", () => {
  test.each<[string, Partial<PoolOptions>, number]>([
    ["with four bytes of extranonce", {}, 2],
    ["whose jobs go to the group", { jobsTo: "group", prevHashTo: "group" }, 2],
    ["with one byte, which numbers the lanes", { extranonceSize: 1 }, 2],
    ["without any, divided by version bits instead", { extranonceSize: 0 }, 1],
    ["with 24 bytes", { extranonceSize: 24 }, 2],
  ])("%s: every share is accepted", async (_name, pool, lanes) => {
    const { total, chains, pool: told, counted } = await mined("extended", pool);
    expect(told.rejectedByReason).toEqual({});
    expect(counted.rejected).toBe(0);
    expect(told.channels).toHaveLength(lanes);
    for (const chain of chains) expect(chain.accepted).toBeGreaterThan(5);
    expect(total).toMatchObject({ hardwareErrors: 0, unknownJob: 0, duplicate: 0 });
  });

  test("case 52: with channel: auto a pool that refuses standard channels is mined all the same", async () => {
    const { pool: told, counted } = await mined("auto", { channels: "extended" });
    expect(told.phase).toBe("mining");
    expect(counted.rejected).toBe(0);
    expect(counted.accepted).toBeGreaterThan(20);
  });
});
