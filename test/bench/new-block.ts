/**
 * A new block: from the write of its segment on the pool's side to the last chain's job frame at the far end of its UART.
 * Seen from outside, by the same stopwatch, for the program and for the floor, which take turns.
 */
import { type DeviceRig, openDeviceRig } from "./device-rig.ts";
import { openFloorRig } from "./floor-rig.ts";
import type { Addressing } from "./pool-end.ts";
import { type Summary, summaryOf } from "./statistics.ts";
import type { ThreadPool } from "./thread-pool.ts";
import { programAndFloor, type Turns, takeTurns } from "./turns.ts";

export interface NewBlockRounds {
  /** Discarded. */
  readonly warmUps: number;
  readonly blocks: number;
}

export interface NewBlockResult {
  readonly chains: number;
  readonly addressing: Addressing;
  /** Of both processes, so that they compete for the processors on equal terms. */
  readonly threadPool: ThreadPool;
  readonly floor: Summary;
  readonly program: Summary;
  /** As the program itself sees it, from the received chunk to the last `send` returned. */
  readonly inside: Summary;
}

export interface ColdResult {
  readonly chains: number;
  readonly warmUp: boolean;
  /** What the warm-up took, ms. */
  readonly warmUpMs: number;
  /** Over the first `COLD_BLOCKS` blocks of a fresh process. */
  readonly program: Summary;
  readonly floor: Summary;
  /** The very first block. */
  readonly firstMs: number;
}

const COLD_BLOCKS = 50;
/** Everything for this number of chains, with one device process and one floor process. */
export async function measureNewBlock(
  chains: number,
  rounds: NewBlockRounds,
  progress: (what: string) => void,
): Promise<{ cold: ColdResult; warm: NewBlockResult[] }> {
  await using rig = await openDeviceRig(chains, true);
  await using floorRig = await openFloorRig(chains);
  const blocks = { sent: 0 };
  const cold = await measureCold(
    rig,
    await programAndFloor(rig, floorRig, "per-channel", blocks),
    true,
  );
  const warm: NewBlockResult[] = [];
  for (const threadPool of ["idle", "blocked", "computing"] as const) {
    await rig.device.ask("setThreadPool", threadPool);
    await floorRig.floor.ask("setThreadPool", threadPool);
    for (const addressing of ["per-channel", "group"] as const) {
      progress(`new block, ${chains} chains, ${addressing}, thread pool ${threadPool}`);
      const turns = await programAndFloor(rig, floorRig, addressing, blocks);
      await takeTurns(turns, rounds.warmUps);
      await rig.device.ask("takeInsideMs", undefined);
      const { floor, program } = await takeTurns(turns, rounds.blocks);
      const inside = summaryOf(await rig.device.ask("takeInsideMs", undefined));
      if (inside.count !== rounds.blocks)
        throw new Error(`${rounds.blocks} blocks were sent, the device counted ${inside.count}`);
      warm.push({
        chains,
        addressing,
        threadPool,
        floor: summaryOf(floor),
        program: summaryOf(program),
        inside,
      });
    }
  }
  await rig.device.ask("setThreadPool", "idle");
  await floorRig.floor.ask("setThreadPool", "idle");
  return { cold, warm };
}

/** The first blocks of a process that did not warm up. */
export async function measureColdStart(chains: number): Promise<ColdResult> {
  await using rig = await openDeviceRig(chains, false);
  await using floorRig = await openFloorRig(chains);
  const turns = await programAndFloor(rig, floorRig, "per-channel", { sent: 0 });
  // Awaited here: the rigs go when the function returns.
  return await measureCold(rig, turns, false);
}

async function measureCold(rig: DeviceRig, turns: Turns, warmUp: boolean): Promise<ColdResult> {
  const { floor, program } = await takeTurns(turns, COLD_BLOCKS);
  return {
    chains: rig.chips.length,
    warmUp,
    warmUpMs: rig.warmUpMs,
    program: summaryOf(program),
    floor: summaryOf(floor),
    firstMs: program[0] as number,
  };
}
