/** The goals for the guard and for the processes of a machine: all of them our own. */
import type { GuardLoopResult, GuardResult, ProgramUse } from "./guard.ts";
import type { LinkCostResult } from "./link-cost.ts";
import type { BenchResults } from "./results.ts";
import { duration, type Figure } from "./table.ts";

/** A twentieth of the guard's period: it has time for its buses. */
const TICK_P99_MS = 5;
const LATENESS_P99_MS = 50;
/**
 * Power has to be off within 2 s of a miner's last sign of life, and the guard takes 1.5 s of silence for one: what is left
 * belongs to one period, to the guard's own lateness, and to the lines that switch.
 */
const SILENCE_LEFT_MS = 500;
const PERIOD_MS = 100;
/** A block that finds the miner telling its guard something waits for it: no more than a block takes anyway. */
const TELL_P50_MS = 1;
const OWN_PROGRAMS: readonly ProgramUse["program"][] = ["supervisor", "guard", "miner"];
/** Three programs with a Node each, where there was one. */
const MEMORY_RATIO = 3;

export function guardFigures({ guard, linkCost }: BenchResults): Figure[] {
  return [
    ...(guard?.loops.flatMap(loopFigures) ?? []),
    ...(guard === undefined ? [] : programFigures(guard)),
    ...(linkCost === undefined ? [] : linkFigures(linkCost)),
  ];
}

function loopFigures({ load, tick, lateness, longestMs }: GuardLoopResult): Figure[] {
  const bench = `guard, 3 × 126 chips, ${load} machine`;
  const leftMs = SILENCE_LEFT_MS - PERIOD_MS - lateness.max;
  // Who gets a processor first is the kernel's choice: only an idle machine owes these.
  const goal = (text: string, met: boolean) => (load === "idle" ? { goal: { text, met } } : {});
  return [
    {
      bench,
      name: "loop",
      value: `p50 ${duration(tick.p50)}, p99 ${duration(tick.p99)}, max ${duration(tick.max)}`,
      ...goal(`p99 ≤ ${duration(TICK_P99_MS)}`, tick.p99 <= TICK_P99_MS),
    },
    {
      bench,
      name: "late",
      value: `p99 ${duration(lateness.p99)}, max ${duration(lateness.max)}`,
      ...goal(`p99 ≤ ${duration(LATENESS_P99_MS)}`, lateness.p99 <= LATENESS_P99_MS),
    },
    {
      bench,
      name: "left of 2 s for a silent miner",
      value: duration(leftMs),
      goal: { text: "≥ 0", met: leftMs >= 0 },
    },
    { bench, name: "longest hold of its thread", value: duration(longestMs) },
  ];
}

function programFigures({ programs, interruptions, singleProcess }: GuardResult): Figure[] {
  const bench = "processes, 3 × 126 chips";
  const own = programs.filter(({ program }) => OWN_PROGRAMS.includes(program));
  const pssMB = sum(own, ({ memory }) => memory.pssMB);
  const ratio = pssMB / singleProcess.pssMB;
  return [
    ...programs.map((use) => ({
      bench,
      name: OWN_PROGRAMS.includes(use.program) ? use.program : `${use.program} (simulation only)`,
      value: useText(use.processorShare, use.memory.pssMB),
    })),
    {
      bench,
      name: "supervisor, guard and miner",
      value: `${useText(
        sum(own, ({ processorShare }) => processorShare),
        pssMB,
      )} = ${ratio.toFixed(2)} × one process ${singleProcess.pssMB.toFixed(1)} MB`,
      goal: { text: `≤ ${MEMORY_RATIO} × one process`, met: ratio <= MEMORY_RATIO },
    },
    {
      bench,
      name: "chains interrupted",
      value: interruptions.length === 0 ? "none" : interruptions.join("; "),
      goal: { text: "none", met: interruptions.length === 0 },
    },
  ];
}

function linkFigures({ beat, snapshot }: LinkCostResult): Figure[] {
  const bench = "miner tells its guard, 3 × 126 chips";
  const text = `p50 ≤ ${duration(TELL_P50_MS)}`;
  return [
    {
      bench,
      name: "a beat, every 100 ms",
      value: `p50 ${duration(beat.p50)}, p99 ${duration(beat.p99)}`,
    },
    {
      bench,
      name: "a snapshot, every 500 ms",
      value: `p50 ${duration(snapshot.p50)}, p99 ${duration(snapshot.p99)}`,
      goal: { text, met: snapshot.p50 <= TELL_P50_MS },
    },
  ];
}

function useText(processorShare: number, pssMB: number): string {
  return `${(100 * processorShare).toFixed(1)} % of a processor, ${pssMB.toFixed(1)} MB`;
}

function sum(uses: readonly ProgramUse[], pick: (use: ProgramUse) => number): number {
  return uses.reduce((total, use) => total + pick(use), 0);
}
