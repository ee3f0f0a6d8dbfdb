/** One cell of the matrix: brings a machine up, does the fault to it, watches, and lets the referee judge. */
import type { PlantState } from "../../../simulator/plant/plant-state.ts";
import { VirtualPlant, type VirtualPlantOptions } from "../../support/virtual-plant.ts";
import type { Board, Expected, FaultRow } from "./fault-row.ts";
import { judge, type Verdict } from "./referee.ts";
import { isSlower, struckChains } from "./replay.ts";

/** Shares flow by then, and every sensor has a past. */
const SETTLE_MS = 12_000;
const BRING_UP_WITHIN_MS = 90_000;
const SAMPLE_MS = 100;
/** How long is watched what has become safe: whether it stays so. */
const WATCH_ON_MS = 5_000;

export type CellResult = { readonly fault: string; readonly board: Board } & (
  | { readonly is: "n/a"; readonly why: string }
  | ({ readonly is: "ok" | "failed"; readonly expected: Expected } & Verdict)
);

/** What was there to be seen. */
export interface Watched {
  readonly machine: VirtualPlant;
  readonly faultAtMs: number;
  /** When it ended, or the end of the watch. */
  readonly faultEndMs: number;
  readonly before: PlantState;
  readonly samples: readonly PlantState[];
  /** When all hashed again after the fault; `undefined`: not within the time that was allowed. */
  readonly againAtMs: number | undefined;
}

/** Opens the machine that is put to the test; another one shows what the referee does with it. */
export type StartMachine = (options: VirtualPlantOptions) => Promise<VirtualPlant>;

export async function startGuarded(options: VirtualPlantOptions): Promise<VirtualPlant> {
  const machine = new VirtualPlant(options);
  void machine.startGuard();
  return machine;
}

export async function runCell(
  row: FaultRow,
  board: Board,
  { phaseMs = 0, start = startGuarded }: { phaseMs?: number; start?: StartMachine } = {},
): Promise<CellResult> {
  const expected = row.cells[board];
  const { fault } = row;
  if ("na" in expected) return { fault, board, is: "n/a", why: expected.na };
  const options: VirtualPlantOptions = {
    machine: board,
    ...(row.guardStaysDead ? { guardRestartsAfterMs: null } : {}),
    // What a sensor shows is what is true there: deadlines are the guard's, not the sensors'.
    assumptions: { sensorSpreadC: 0 },
    ...(row.isThereFromTheStart ? { prepare: row.inject } : {}),
    ...(row.scale === undefined ? {} : { scale: row.scale }),
  };
  using machine = await start(options);
  const watched = row.isThereFromTheStart
    ? await watchFromTheStart(machine, expected)
    : await watch(machine, row, expected, phaseMs);
  if (typeof watched === "string")
    return { fault, board, is: "failed", expected, safeAfterS: undefined, problems: [watched] };
  const verdict = judge(watched, expected, row.shows);
  return {
    fault,
    board,
    is: verdict.problems.length === 0 ? "ok" : "failed",
    expected,
    ...verdict,
  };
}

async function watch(
  machine: VirtualPlant,
  row: FaultRow,
  expected: Expected,
  phaseMs: number,
): Promise<Watched | string> {
  await machine.run(BRING_UP_WITHIN_MS, () => machine.isHashing);
  if (!machine.isHashing) return "the machine did not come up before the fault";
  await machine.run(SETTLE_MS + phaseMs);
  const before = machine.plant.state();
  const faultAtMs = machine.nowMs;
  using watching = sample(machine);
  using lasting = row.inject(machine) ?? { [Symbol.dispose]() {} };
  const lastsMs = (row.lastsS ?? Number.POSITIVE_INFINITY) * 1_000;
  const watchMs = watchMsOf(expected);
  await machine.run(Math.min(lastsMs, watchMs), enough(machine, expected, before));
  const faultEndMs = machine.nowMs;
  lasting[Symbol.dispose]();
  if (lastsMs < watchMs) await machine.run(watchMs - lastsMs);
  const againAtMs = await hashingAgain(machine, expected);
  const { samples } = watching;
  return { machine, faultAtMs, faultEndMs, before, samples, againAtMs };
}

/** From the very start there is nothing to be brought up before. */
async function watchFromTheStart(machine: VirtualPlant, expected: Expected): Promise<Watched> {
  const before = machine.plant.state();
  using watching = sample(machine);
  await machine.run(watchMsOf(expected));
  const { samples } = watching;
  return {
    ...{ machine, faultAtMs: 0, faultEndMs: machine.nowMs, before, samples },
    againAtMs: undefined,
  };
}

/** A condition that has to be waited for comes when it comes: the row says how long that takes at most. */
function watchMsOf(expected: Expected): number {
  const { limitS, toldWithinS = limitS, conditionWithinS = 0, latchesAfter, others } = expected;
  const othersS = others === undefined ? 0 : limitS + others.backWithinS;
  const waitS = Math.max(limitS, toldWithinS, latchesAfter?.withinS ?? 0, othersS);
  return (conditionWithinS + waitS) * 1_000 + WATCH_ON_MS;
}

/** What has become slower may be left after a while; some take minutes to find out that they have to. */
function enough(
  { plant, clock, spec }: VirtualPlant,
  expected: Expected,
  before: PlantState,
): () => boolean {
  if (expected.outcome !== "slower") return () => false;
  let sinceMs: number | undefined;
  return () => {
    const { chains } = plant.state();
    if (isSlower(before, chains, struckChains(spec, expected))) sinceMs ??= clock.nowMs();
    return sinceMs !== undefined && clock.nowMs() - sinceMs >= WATCH_ON_MS;
  };
}

async function hashingAgain(
  machine: VirtualPlant,
  { againWithinS }: Expected,
): Promise<number | undefined> {
  if (againWithinS === undefined) return undefined;
  await machine.run(againWithinS * 1_000, () => machine.isHashing);
  return machine.isHashing ? machine.nowMs : undefined;
}

function sample({ clock, plant }: VirtualPlant): Disposable & { samples: PlantState[] } {
  const samples: PlantState[] = [];
  const timer = clock.every(SAMPLE_MS, () => samples.push(plant.state()));
  return { samples, [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
