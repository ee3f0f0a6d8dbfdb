/** What standby pools cost the hot path: two connected beside the active one, against a device without any. */
import { type DeviceRig, openDeviceRig, openRigWith } from "./device-rig.ts";
import { type NonceLatencyResult, nonceLatencyOf } from "./nonce-latency.ts";
import { pause } from "./pause.ts";
import type { BlockSource } from "./pool-end.ts";
import type { PoolKind } from "./pool-listener.ts";
import { type Summary, summaryOf } from "./statistics.ts";
import { programOf, takeTurns } from "./turns.ts";

export interface StandbyBlocks {
  readonly chains: number;
  /** When the standby pools tell of the block. */
  readonly standbys: "silent" | "same block, just before";
  readonly alone: Summary;
  readonly withStandbys: Summary;
}

export interface StandbyResult {
  readonly blocks: readonly StandbyBlocks[];
  readonly shares: {
    readonly alone: NonceLatencyResult;
    readonly withStandbys: NonceLatencyResult;
  };
}

const CHAINS = 3;
const WITHIN_MS = 15_000;
const THREE_POOLS: readonly PoolKind[] = ["sv2-standard", "sv2-standard", "sv2-standard"];
/** Other numbers than those of the blocks with which a rig begins. */
const FIRST_BLOCK = 1_000;

export async function measureStandby(
  rounds: { readonly warmUps: number; readonly blocks: number; readonly nonces: number },
  progress: (what: string) => void,
): Promise<StandbyResult> {
  const blocks = await measureBlocks(rounds, progress);
  progress("shares with two standby pools");
  return { blocks, shares: await measureShares(rounds.nonces) };
}

async function measureBlocks(
  rounds: { readonly warmUps: number; readonly blocks: number },
  progress: (what: string) => void,
): Promise<StandbyBlocks[]> {
  await using alone = await openDeviceRig(CHAINS, true);
  await using rig = await openRigWith(THREE_POOLS, CHAINS, true);
  const { active, standbys } = await withTwoStandbys(rig);
  const results: StandbyBlocks[] = [];
  const blocks = { sent: FIRST_BLOCK };
  for (const when of ["silent", "same block, just before"] as const) {
    progress(`blocks with two standby pools: ${when}`);
    const others = when === "silent" ? [] : standbys;
    const program = programOf(rig.chips, active, "per-channel");
    const turns = {
      blocks,
      floor: programOf(alone.chips, alone.pool, "per-channel"),
      program: {
        ...program,
        prepare() {
          for (const pool of others) pool.announce();
          program.prepare();
        },
        fire(block: number) {
          for (const pool of others) pool.activate(block, "per-channel");
          return program.fire(block);
        },
      },
    };
    await takeTurns(turns, rounds.warmUps);
    const taken = await takeTurns(turns, rounds.blocks);
    results.push({
      chains: CHAINS,
      standbys: when,
      alone: summaryOf(taken.floor),
      withStandbys: summaryOf(taken.program),
    });
  }
  return results;
}

/** One chain: another one would be given up for its silence meanwhile. */
async function measureShares(nonces: number): Promise<StandbyResult["shares"]> {
  await using alone = await openDeviceRig(1, true);
  giveWork(alone.pool, 1);
  while (alone.chips[0]?.jobs === 0) await pause(1);
  await using rig = await openRigWith(THREE_POOLS, 1, true);
  const { active } = await withTwoStandbys(rig);
  return {
    alone: await nonceLatencyOf(alone.chips[0], alone.pool, nonces),
    withStandbys: await nonceLatencyOf(rig.chips[0], active, nonces),
  };
}

/**
 * Of three pools in order the second has the hash power, because the first broke off and has to prove itself for minutes;
 * so the first is connected again, and the third is, because it is the next.
 */
async function withTwoStandbys(
  rig: DeviceRig,
): Promise<{ active: BlockSource; standbys: readonly BlockSource[] }> {
  const [first, second, third] = rig.pools;
  if (first === undefined || second === undefined || third === undefined)
    throw new Error("three pools are needed");
  const chains = rig.chips.length;
  const active = await second.ready(chains, WITHIN_MS);
  giveWork(rig.pool, 1);
  giveWork(active, 2);
  while (rig.chips.some(({ lastTag }) => lastTag !== 1)) await pause(1);
  rig.pool.stream.destroy();
  for (let waitedMs = 0; rig.chips.some(({ lastTag }) => lastTag !== 2); waitedMs++) {
    if (waitedMs > WITHIN_MS) throw new Error("the second pool did not get the hash power");
    await pause(1);
  }
  const standbys = [
    await first.ready(chains, WITHIN_MS, rig.pool),
    await third.ready(chains, WITHIN_MS),
  ];
  for (const pool of standbys) giveWork(pool, 3);
  return { active, standbys };
}

function giveWork(pool: BlockSource, tag: number): void {
  pool.announce();
  pool.activate(tag, "per-channel");
}
