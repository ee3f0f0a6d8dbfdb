/**
 * A guarded machine that hashes with 3 × 126 chips: how long the guard's loop takes and how late it comes, by itself and
 * under load, and what each process takes of processor and memory, seen from outside.
 */
import { cpus } from "node:os";
import type { BusyTasks } from "./busy-process.ts";
import { Child } from "./child.ts";
import { type MemoryUse, memoryOf, processorMsOf } from "./machine.ts";
import { type MachineTree, openMachineTree, type ProgramName, programs } from "./machine-tree.ts";
import { measureIdleDevice } from "./memory.ts";
import { pause } from "./pause.ts";
import { type Summary, summaryOf } from "./statistics.ts";

export interface GuardLoopResult {
  readonly load: "idle" | "busy";
  /** Of one look, decision and action, until the loop is free again, ms. */
  readonly tick: Summary;
  /** Behind the time at which a tick was due, ms. */
  readonly lateness: Summary;
  /** The longest time for which anything periodic kept the guard's thread, ms. */
  readonly longestMs: number;
}

export interface ProgramUse {
  readonly program: ProgramName;
  /** Of one processor: 1 is all of it. */
  readonly processorShare: number;
  readonly memory: MemoryUse;
}

export interface GuardResult {
  readonly loops: readonly GuardLoopResult[];
  readonly programs: readonly ProgramUse[];
  /** What took power from a chain meanwhile, in words. */
  readonly interruptions: readonly string[];
  /** The miner in one process and without a guard, measured in the same run. */
  readonly singleProcess: MemoryUse;
}

export interface GuardSeconds {
  readonly idle: number;
  readonly busy: number;
}

/** The guard looks, decides and acts with this period. */
const TICK_MS = 100;
const SETTLE_MS = 2_000;

/** Busy: as many endless loops as there are processors, at the same priority as the guard. */
export async function measureGuard(
  seconds: GuardSeconds,
  progress: (what: string) => void,
): Promise<GuardResult> {
  progress("guard, one process to compare with");
  const singleProcess = await measureIdleDevice();
  progress("guard, machine comes up");
  await using tree = await openMachineTree();
  await pause(SETTLE_MS);
  progress("guard, idle machine");
  const before = programs.map((program) => processorMsOf(tree.pids[program]));
  const startedMs = performance.now();
  const idle = await measureLoop(tree, "idle", seconds.idle);
  const elapsedMs = performance.now() - startedMs;
  const uses = programs.map((program, i) => ({
    program,
    processorShare: (processorMsOf(tree.pids[program]) - (before[i] ?? 0)) / elapsedMs,
    memory: memoryOf(tree.pids[program]),
  }));
  progress("guard, busy machine");
  const busy = await whileBusy(seconds.busy, () => measureLoop(tree, "busy", seconds.busy));
  const interruptions = await tree.finish();
  return { loops: [idle, busy], programs: uses, interruptions, singleProcess };
}

async function whileBusy<T>(seconds: number, measure: () => Promise<T>): Promise<T> {
  const loops = cpus().map(() => new Child<BusyTasks>("busy"));
  try {
    const burning = Promise.all(loops.map((loop) => loop.ask("burn", seconds * 1_000 + SETTLE_MS)));
    await pause(SETTLE_MS / 2);
    const measured = await measure();
    await burning;
    return measured;
  } finally {
    await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}

async function measureLoop(
  tree: MachineTree,
  load: GuardLoopResult["load"],
  seconds: number,
): Promise<GuardLoopResult> {
  await tree.takeSamples();
  await pause(seconds * 1_000);
  const samples = await tree.takeSamples();
  const { durationsMs = [], latenessMs = [] } = samples.get(TICK_MS) ?? {};
  // A guard that hardly ticks would look like one that is seldom late.
  if (durationsMs.length < (seconds * 1_000) / TICK_MS / 2)
    throw new Error(`the guard ticked ${durationsMs.length} times in ${seconds} s`);
  return {
    load,
    tick: summaryOf(durationsMs),
    lateness: summaryOf(latenessMs),
    longestMs: Math.max(...[...samples.values()].flatMap((period) => period.durationsMs)),
  };
}
