/** Case 111: a whole machine with chips against a strict pool that has the quirks of real ones. */
import { describe, expect, test } from "vitest";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import type { PoolOptions } from "../../simulator/pool/options.ts";
import { parseQuirks, type QuirkName } from "../../simulator/pool/quirks.ts";
import { oneGroup } from "../support/pool-options.ts";
import { POOL_URL, virtualMachine } from "../support/virtual-machine.ts";

/** Few chips at a low clock; the scale leaves some thousand hashes per second. */
const small = { chip: bm1370, chips: 2, chains: 2, scale: 2 ** 28, frequencyMHz: 100 } as const;

/** Blocks, templates and target changes come faster than in life, so that a minute sees what hours would. */
const busy: Partial<PoolOptions> = {
  blockIntervalMs: 10_000,
  templateIntervalMs: 3_000,
  vardiffPeriodMs: 15_000,
  sharesPerMinute: 120,
};

async function soak(
  quirks: readonly QuirkName[] | readonly string[],
  options: { tolerateFlagEcho?: boolean; pool?: Partial<PoolOptions>; minutes?: number } = {},
) {
  const { tolerateFlagEcho = false, minutes = 1 } = options;
  const machine = virtualMachine({
    ...small,
    groups: oneGroup([{ url: POOL_URL, tolerateFlagEcho }]),
    pool: { ...busy, ...options.pool, quirks: parseQuirks(quirks) },
  });
  machine.listen();
  await Promise.all([machine.miner.start(), machine.run(5_000)]);
  await machine.run(60_000 * minutes);
  const counted = machine.pool.statistics();
  const snapshot = machine.miner.snapshot();
  const stopping = machine.miner.stop();
  await machine.run(5_000);
  await stopping;
  machine.pool.stop();
  return { counted, snapshot };
}

describe("soak", { timeout: 120_000 }, () => {
  test.each<readonly [string, readonly QuirkName[]]>([
    ["Q4", ["echo-flags"]],
    ["Q5", ["ntime-from-tip"]],
    ["Q7", ["immediate-target"]],
    ["Q8", ["batch-submissions"]],
    ["Q9", ["zero-sums"]],
    ["Q10", ["lifetime-counters"]],
    ["Q11", ["group-zero"]],
    ["Q12", ["job-bit-clear"]],
    ["Q14", ["certificate-backdated"]],
    ["Q15", ["one-static-key"]],
    ["Q16", ["any-version"]],
    ["Q17", ["accept-any-setup", "late-close", "echo-flags-in-error"]],
    ["Q18", ["old-codes"]],
    ["Q19", ["max-target-error"]],
    ["Q20", ["answer-updates"]],
    ["Q20", ["quiet-updates"]],
    ["Q22", ["reference-vardiff"]],
  ])(
    "case 111 (policy): %s, the switches %j: a busy minute, and nothing is rejected",
    async (_, quirks) => {
      const { counted, snapshot } = await soak(quirks);
      expect(counted.rejectedByReason).toEqual({});
      expect(snapshot.pool.rejectedByReason).toEqual({});
      expect(counted.accepted).toBeGreaterThan(50);
      expect(snapshot.pool.phase).toBe("mining");
      expect(snapshot.total.hardwareErrors).toBe(0);
      // Never more than the pool has seen, whatever its acknowledgements say.
      expect(snapshot.total.accepted).toBeLessThanOrEqual(counted.accepted);
    },
  );

  test("case 111 (policy): Q4 taken for an echo: versions are rolled, and nothing is rejected", async () => {
    const { counted } = await soak(["echo-flags"], { tolerateFlagEcho: true });
    // The pool that echoes means nothing by it, so it checks no fixed version.
    expect(counted.rejectedByReason).toEqual({});
    expect(counted.accepted).toBeGreaterThan(50);
  });

  test("case 111 (policy): all of them at once, previous hashes to the group, for three minutes", async () => {
    const { counted, snapshot } = await soak(
      [
        ...["echo-flags", "accept-any-setup", "group-zero", "job-bit-clear", "immediate-target"],
        ...["batch-submissions", "zero-sums", "answer-updates", "max-target-error"],
        ...["reference-vardiff", "ntime-from-tip", "any-version", "lifetime-counters"],
      ],
      { minutes: 3, pool: { prevHashTo: "group" } },
    );
    expect(counted.rejectedByReason).toEqual({});
    expect(counted.accepted).toBeGreaterThan(300);
    expect(snapshot.pool.blocksSeen).toBeGreaterThan(15);
  });
});
