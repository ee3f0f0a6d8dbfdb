/** From the death of the active pool's socket to the warm standby's job on every chain's UART, as seen from outside. */
import { openRigWith } from "./device-rig.ts";
import { pause } from "./pause.ts";
import type { BlockSource } from "./pool-end.ts";
import type { PoolKind, PoolListener } from "./pool-listener.ts";
import { type Summary, summaryOf } from "./statistics.ts";

export interface FailOverResult {
  readonly standby: PoolKind;
  readonly chains: number;
  readonly takenMs: Summary;
}

const CHAINS = 3;
/** Of one device: each pool's pause before it connects again doubles with each failure. */
const SWITCHES_PER_RIG = 5;
const WITHIN_MS = 20_000;

export async function measureFailOver(
  standby: PoolKind,
  switches: number,
  progress: (what: string) => void,
): Promise<FailOverResult> {
  const taken: number[] = [];
  while (taken.length < switches) {
    progress(`fail-over to ${standby}, ${taken.length} of ${switches}`);
    const left = Math.min(SWITCHES_PER_RIG, switches - taken.length);
    taken.push(...(await switchBackAndForth(standby, left)));
  }
  return { standby, chains: CHAINS, takenMs: summaryOf(taken) };
}

async function switchBackAndForth(standby: PoolKind, switches: number): Promise<number[]> {
  await using rig = await openRigWith(["sv2-standard", standby], CHAINS, true);
  const [first, second] = rig.pools;
  if (first === undefined || second === undefined) throw new Error("two pools are needed");
  let active: [PoolListener, BlockSource] = [first, rig.pool];
  let next: [PoolListener, BlockSource] = [second, await second.ready(CHAINS, WITHIN_MS)];
  let tag = 1;
  const takes = async (wanted: number) => {
    const startMs = performance.now();
    while (rig.chips.some(({ lastTag }) => lastTag !== wanted)) {
      if (performance.now() - startMs > WITHIN_MS) throw new Error("nobody took over");
      await pause(1);
    }
  };
  giveWork(active[1], tag);
  await takes(tag);
  const taken: number[] = [];
  for (let i = 0; i < switches; i++) {
    giveWork(next[1], ++tag);
    await pause(REST_MS);
    for (const chip of rig.chips) chip.showLife();
    const arrived = lastArrival(rig.chips, tag);
    const startMs = performance.now();
    active[1].stream.destroy();
    taken.push((await arrived) - startMs);
    const [fallen, before] = active;
    active = next;
    next = [fallen, await fallen.ready(CHAINS, WITHIN_MS, before)];
  }
  return taken;
}

/** Long enough for a job to have arrived everywhere. */
const REST_MS = 50;

function giveWork(pool: BlockSource, tag: number): void {
  pool.announce();
  pool.activate(tag, "per-channel");
}

/** When the last of the chains got a job with this tag. */
function lastArrival(
  chips: readonly { onJob: (tag: number, arrivedMs: number) => void }[],
  wanted: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("nobody took over")), WITHIN_MS);
    let left = chips.length;
    for (const chip of chips) {
      chip.onJob = (tag, arrivedMs) => {
        if (tag !== wanted) return;
        chip.onJob = () => {};
        if (--left > 0) return;
        clearTimeout(late);
        resolve(arrivedMs);
      };
    }
  });
}
