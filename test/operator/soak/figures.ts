/** What a soak came to, as rows beside their bounds. */
import type { Report } from "../../../firmware/cli/report.ts";
import { duration, type Figure } from "../../bench/table.ts";
import type { MemorySample, MemoryTrend, SoakBounds } from "./judge.ts";
import { MESSAGES } from "./live-reader.ts";
import type { ProgramName } from "./process-tree.ts";
import type { TallyRow } from "./tally.ts";

export interface SoakResult {
  readonly minutes: number;
  readonly bounds: SoakBounds;
  readonly memory: readonly MemoryTrend[];
  /** All of them, for whoever wants to draw them. */
  readonly samples: Readonly<Record<ProgramName, readonly MemorySample[]>>;
  /** Of one processor, over the whole time. */
  readonly processorShares: Readonly<Record<ProgramName, number>>;
  readonly tally: readonly TallyRow[];
  readonly newBlockLatencyMs: Report["newBlockLatencyMs"];
  /** What the machine's own events tell of hashing that was interrupted, and of processes that died. */
  readonly interruptions: readonly string[];
}

export function soakFigures(result: SoakResult): Figure[] {
  return [
    ...result.memory.map((trend) => memoryFigure(trend, result)),
    ...result.tally.map((row) => tallyFigure(row, result.minutes)),
    ...machineFigures(result),
  ];
}

function memoryFigure(trend: MemoryTrend, { bounds, processorShares }: SoakResult): Figure {
  const { program, firstMB, lastMB, growthMB, anonymousGrowthMB, slopeMBPerHour } = trend;
  const simulation = program === "world" ? " (simulation only)" : "";
  return {
    bench: `memory (PSS) after ${bounds.warmUpS} s`,
    name: `${program}${simulation}`,
    value: [
      `${firstMB.toFixed(1)} → ${lastMB.toFixed(1)} MB: ${signed(growthMB)}`,
      `anonymous ${signed(anonymousGrowthMB)}, slope ${signed(slopeMBPerHour)}/h`,
      `highest ${trend.highestMB.toFixed(1)}, ${(100 * processorShares[program]).toFixed(1)} % of a processor`,
    ].join("; "),
    goal: { text: `≤ ${bounds.growthMB} MB more`, met: growthMB <= bounds.growthMB },
  };
}

function tallyFigure({ kind, count, failures, answer }: TallyRow, minutes: number): Figure {
  const rate = `${count}, ${(count / minutes / 60).toFixed(count > 600 * minutes ? 0 : 2)}/s`;
  const took =
    answer === null
      ? ""
      : `; p50 ${duration(answer.p50)}, p99 ${duration(answer.p99)}, max ${duration(answer.max)}`;
  return {
    bench: "clients",
    name: kind,
    value: failures === 0 ? rate + took : `${rate}${took}; ${failures} wrong`,
    goal: { text: "none wrong", met: failures === 0 },
  };
}

function machineFigures({ bounds, newBlockLatencyMs, interruptions, tally }: SoakResult): Figure[] {
  const limit = `p99 ≤ ${duration(bounds.newBlockP99Ms)}`;
  const messages = tally.find(({ kind }) => kind === MESSAGES)?.count ?? 0;
  return [
    {
      bench: "machine",
      name: "new block to the last chain's job",
      value:
        newBlockLatencyMs === null
          ? "no block came"
          : `p50 ${duration(newBlockLatencyMs.p50)}, p99 ${duration(newBlockLatencyMs.p99)}, max ${duration(newBlockLatencyMs.max)} of ${newBlockLatencyMs.count}`,
      goal: { text: limit, met: (newBlockLatencyMs?.p99 ?? Infinity) <= bounds.newBlockP99Ms },
    },
    {
      bench: "machine",
      name: "interruptions",
      value: interruptions.length === 0 ? "none" : interruptions.join("; "),
      goal: { text: "none", met: interruptions.length === 0 },
    },
    {
      bench: "machine",
      name: "clients were really there",
      value: `${messages} live messages read`,
      goal: { text: "some", met: messages > 0 },
    },
  ];
}

function signed(valueMB: number): string {
  return `${valueMB < 0 ? "−" : "+"}${Math.abs(valueMB).toFixed(2)} MB`;
}
