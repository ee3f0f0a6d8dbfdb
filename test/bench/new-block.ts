/**
 * A new block: from the write of its segment on the pool's side to the last chain's job frame at the far end of its UART.
 * Seen from outside, by the same stopwatch, for the program and for the floor, which take turns.
 */
import type { ChipEnd } from "./chip-end.ts";
import { type DeviceRig, openDeviceRig } from "./device-rig.ts";
import { type FloorRig, openFloorRig } from "./floor-rig.ts";
import { pause } from "./pause.ts";
import type { Addressing } from "./pool-end.ts";
import { type Summary, summaryOf } from "./statistics.ts";
import type { ThreadPool } from "./thread-pool.ts";

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
/** Between two turns: both processes are asleep again, as they are when a real block comes. */
const REST_MS = 2;
const LOST_AFTER_MS = 5_000;

/** One who takes turns: `prepare` is not measured, `fire` returns the time just before its write. */
interface Contestant {
  readonly chips: readonly ChipEnd[];
  prepare(): void;
  fire(block: number): number;
}

interface Turns {
  readonly floor: Contestant;
  readonly program: Contestant;
  /** Blocks so far, which number them. */
  readonly blocks: { sent: number };
}

/** Everything for this number of chains, with one device process and one floor process. */
export async function measureNewBlock(
  chains: number,
  rounds: NewBlockRounds,
  progress: (what: string) => void,
): Promise<{ cold: ColdResult; warm: NewBlockResult[] }> {
  await using rig = await openDeviceRig(chains, true);
  await using floorRig = await openFloorRig(chains);
  const blocks = { sent: 0 };
  const cold = await measureCold(rig, await turnsOf(rig, floorRig, "per-channel", blocks), true);
  const warm: NewBlockResult[] = [];
  for (const threadPool of ["idle", "blocked", "computing"] as const) {
    await rig.device.ask("setThreadPool", threadPool);
    await floorRig.floor.ask("setThreadPool", threadPool);
    for (const addressing of ["per-channel", "group"] as const) {
      progress(`new block, ${chains} chains, ${addressing}, thread pool ${threadPool}`);
      const turns = await turnsOf(rig, floorRig, addressing, blocks);
      await take(turns, rounds.warmUps);
      await rig.device.ask("takeInsideMs", undefined);
      const { floor, program } = await take(turns, rounds.blocks);
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
  const turns = await turnsOf(rig, floorRig, "per-channel", { sent: 0 });
  // Awaited here: the rigs go when the function returns.
  return await measureCold(rig, turns, false);
}

async function measureCold(rig: DeviceRig, turns: Turns, warmUp: boolean): Promise<ColdResult> {
  const { floor, program } = await take(turns, COLD_BLOCKS);
  return {
    chains: rig.chips.length,
    warmUp,
    warmUpMs: rig.warmUpMs,
    program: summaryOf(program),
    floor: summaryOf(floor),
    firstMs: program[0] as number,
  };
}

async function turnsOf(
  { pool, chips }: DeviceRig,
  floorRig: FloorRig,
  addressing: Addressing,
  blocks: { sent: number },
): Promise<Turns> {
  const segment = new Uint8Array(pool.blockBytes(addressing));
  await floorRig.floor.ask("expect", segment.length);
  return {
    blocks,
    floor: {
      chips: floorRig.chips,
      prepare() {},
      fire(block) {
        // The number of the block is all that the floor passes on.
        new DataView(segment.buffer).setUint32(0, block);
        const startMs = performance.now();
        floorRig.stream.write(segment);
        return startMs;
      },
    },
    program: {
      chips,
      prepare: () => pool.announce(),
      fire(block) {
        pool.activate(block, addressing);
        if (pool.writtenBytes !== segment.length)
          throw new Error(`a block has ${pool.writtenBytes} bytes, not ${segment.length}`);
        return pool.writtenMs;
      },
    },
  };
}

/** Durations of that many blocks each, ms. */
async function take(
  { floor, program, blocks }: Turns,
  count: number,
): Promise<{ floor: number[]; program: number[] }> {
  const taken = { floor: [] as number[], program: [] as number[] };
  for (let i = 0; i < count; i++) {
    const block = ++blocks.sent;
    for (const chip of program.chips) chip.showLife();
    program.prepare();
    await pause(REST_MS);
    // Who begins changes, so that neither always profits from what the other left in the caches.
    if (block % 2 === 0) taken.floor.push(await once(floor, block));
    taken.program.push(await once(program, block));
    await pause(REST_MS);
    if (block % 2 === 1) taken.floor.push(await once(floor, block));
  }
  return taken;
}

/** From the write to the last of the chains; the program may repeat a job when ntime moves on, which does not count twice. */
function once({ chips, fire }: Contestant, block: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const missing = chips.filter(({ lastTag }) => lastTag !== block).length;
      reject(new Error(`block ${block} did not reach ${missing} of ${chips.length} chains`));
    }, LOST_AFTER_MS);
    let left = chips.length;
    let startMs = 0;
    for (const chip of chips) {
      chip.onJob = (tag, arrivedMs) => {
        if (tag !== block) return;
        chip.onJob = () => {};
        if (--left > 0) return;
        clearTimeout(late);
        resolve(arrivedMs - startMs);
      };
    }
    startMs = fire(block);
  });
}
