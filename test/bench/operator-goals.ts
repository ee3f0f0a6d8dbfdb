/** Figures of a machine that people look at, with the goal that was set for it. */
import type { OperatorResult } from "./operator.ts";
import { duration, type Figure } from "./table.ts";

/** "Dispatch p99 not worse than 1.2 × without clients." */
const TAIL_FACTOR = 1.2;

export function operatorFigures(result: OperatorResult | undefined): Figure[] {
  if (result === undefined) return [];
  const { pages, pollers, without, withoutHalves: halves, pollsPerS, messagesPerS } = result;
  const bench = `new block, ${pages} pages and ${pollers} pollers, 3 × 126 chips`;
  const tail = result.with.outside.p99 / without.outside.p99;
  return [
    {
      bench,
      name: "p50",
      value: ratioText(result.with.outside.p50, without.outside.p50),
    },
    {
      bench,
      name: "p99",
      value: `${ratioText(result.with.outside.p99, without.outside.p99)}, of ${result.with.outside.count} and ${without.outside.count}`,
      goal: { text: `≤ ${TAIL_FACTOR} × without`, met: tail <= TAIL_FACTOR },
    },
    {
      bench,
      name: "without against itself, p99",
      value: `${duration(halves[0].p99)} and ${duration(halves[1].p99)}: ${(halves[0].p99 / halves[1].p99).toFixed(2)} ×`,
    },
    {
      bench,
      name: "max",
      value: ratioText(result.with.outside.max, without.outside.max),
    },
    {
      bench,
      name: "inside the miner",
      value: `p50 ${ratioText(result.with.inside.p50, without.inside.p50)}; p99 ${ratioText(result.with.inside.p99, without.inside.p99)}`,
    },
    {
      bench,
      name: "operator process",
      value: `${percent(result.with.operatorShare)} of a processor, without ${percent(without.operatorShare)}`,
    },
    {
      bench,
      name: "chains interrupted",
      value: result.interruptions.length === 0 ? "none" : result.interruptions.join("; "),
      goal: { text: "none", met: result.interruptions.length === 0 },
    },
    {
      bench,
      name: "what they took",
      value: `${pollsPerS.toFixed(1)} answers and ${messagesPerS.toFixed(0)} live messages a second`,
    },
  ];
}

function ratioText(ms: number, withoutMs: number): string {
  return `${duration(ms)} = ${(ms / withoutMs).toFixed(2)} × without ${duration(withoutMs)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
