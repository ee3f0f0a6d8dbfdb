/** Two who are measured in turns, so that whatever else the machine does hits both alike. */
import type { ChipEnd } from "./chip-end.ts";
import type { DeviceRig } from "./device-rig.ts";
import type { FloorRig } from "./floor-rig.ts";
import { pause } from "./pause.ts";
import type { Addressing, BlockSource } from "./pool-end.ts";

/** Between two turns: both processes are asleep again, as they are when a real block comes. */
const REST_MS = 2;
const LOST_AFTER_MS = 5_000;

/** One who takes turns: `prepare` is not measured, `fire` returns the time just before its write. */
export interface Contestant {
  readonly chips: readonly ChipEnd[];
  prepare(): void;
  fire(block: number): number;
}

export interface Turns {
  readonly floor: Contestant;
  readonly program: Contestant;
  /** Blocks so far, which number them. */
  readonly blocks: { sent: number };
}

export async function programAndFloor(
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
    program: programOf(chips, pool, addressing),
  };
}

export function programOf(
  chips: readonly ChipEnd[],
  pool: BlockSource,
  addressing: Addressing,
): Contestant {
  const blockBytes = pool.blockBytes(addressing);
  return {
    chips,
    prepare() {
      for (const chip of chips) chip.showLife();
      pool.announce();
    },
    fire(block) {
      pool.activate(block, addressing);
      if (pool.writtenBytes !== blockBytes)
        throw new Error(`a block has ${pool.writtenBytes} bytes, not ${blockBytes}`);
      return pool.writtenMs;
    },
  };
}

/** Durations of that many blocks each, ms. */
export async function takeTurns(
  { floor, program, blocks }: Turns,
  count: number,
): Promise<{ floor: number[]; program: number[] }> {
  const taken = { floor: [] as number[], program: [] as number[] };
  for (let i = 0; i < count; i++) {
    const block = ++blocks.sent;
    floor.prepare();
    program.prepare();
    await pause(REST_MS);
    // Who begins changes, so that neither always profits from what the other left in the caches.
    if (block % 2 === 0) taken.floor.push(await blockOnce(floor, block));
    taken.program.push(await blockOnce(program, block));
    await pause(REST_MS);
    if (block % 2 === 1) taken.floor.push(await blockOnce(floor, block));
  }
  return taken;
}

/** From the write to the last of the chains, ms; the program may repeat a job when ntime moves on, which does not count twice. */
export function blockOnce({ chips, fire }: Contestant, block: number): Promise<number> {
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
