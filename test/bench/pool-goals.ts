/** Figures of several pools and several protocols, with the goals that were set for them. */
import type { FailOverResult } from "./fail-over-time.ts";
import type { HandshakeLoadResult } from "./handshake-load.ts";
import type { ProtocolCostResult } from "./protocol-cost.ts";
import type { ProtocolLatencyResult } from "./protocol-latency.ts";
import type { BenchResults } from "./results.ts";
import type { StandbyBlocks, StandbyResult } from "./standby.ts";
import { duration, type Figure } from "./table.ts";

/** "No worse", as far as two processes that do the same differ from run to run. */
const NO_WORSE = 1.25;
/** Tails are the machine's as much as ours. */
const TAIL_FLOOR_MS = 1;
const TAIL_FACTOR = 2;
const FAIL_OVER_MS = 1_000;

export function poolFigures(results: BenchResults): Figure[] {
  return [
    ...standbyFigures(results.standby),
    ...handshakeLoadFigures(results.handshakeLoad ?? []),
    ...(results.failOver ?? []).map(failOverFigure),
    ...protocolLatencyFigures(results.protocolLatency ?? []),
    ...protocolCostFigures(results.protocolCost ?? []),
  ];
}

function standbyFigures(standby: StandbyResult | undefined): Figure[] {
  if (standby === undefined) return [];
  const { alone, withStandbys } = standby.shares;
  return [
    ...standby.blocks.flatMap(standbyBlockFigures),
    ...against("share, two standby pools, 1 chain", withStandbys.program, alone.program),
  ];
}

function standbyBlockFigures({ chains, standbys, alone, withStandbys }: StandbyBlocks): Figure[] {
  const bench = `new block, two standby pools, ${chains} chains`;
  if (standbys === "silent") return against(bench, withStandbys, alone);
  // They have their own work: the block is theirs too, and costs what it costs.
  return [
    {
      bench: `${bench}, which told of it just before`,
      name: "p50, p99",
      value: `${duration(withStandbys.p50)}, ${duration(withStandbys.p99)}; alone ${duration(alone.p50)}, ${duration(alone.p99)}`,
    },
  ];
}

/** With something more, against without. */
function against(
  bench: string,
  more: { readonly p50: number; readonly p99: number },
  less: { readonly p50: number; readonly p99: number },
): Figure[] {
  const ratio = more.p50 / less.p50;
  const tailMs = Math.max(TAIL_FLOOR_MS, TAIL_FACTOR * less.p99);
  return [
    {
      bench,
      name: "p50",
      value: `${duration(more.p50)} = ${ratio.toFixed(2)} × alone ${duration(less.p50)}`,
      goal: { text: `≤ ${NO_WORSE} × alone`, met: ratio <= NO_WORSE },
    },
    {
      bench,
      name: "p99",
      value: `${duration(more.p99)}, alone ${duration(less.p99)}`,
      goal: { text: `≤ ${duration(tailMs)}`, met: more.p99 <= tailMs },
    },
  ];
}

function handshakeLoadFigures(results: readonly HandshakeLoadResult[]): Figure[] {
  const without = results.find(({ handshake }) => handshake === "none");
  return results.map(({ handshake, blocks, handshakeMs }) => {
    const took = handshakeMs === undefined ? "" : `, handshake p50 ${duration(handshakeMs.p50)}`;
    const value = `p50 ${duration(blocks.p50)}, p99 ${duration(blocks.p99)}, max ${duration(blocks.max)}${took}`;
    const bench = "new block during a handshake with a standby, 3 chains";
    const name = handshake === "none" ? "no handshake" : `handshake on: ${handshake}`;
    if (handshake !== "own thread" || without === undefined) return { bench, name, value };
    const tailMs = Math.max(TAIL_FLOOR_MS, TAIL_FACTOR * without.blocks.p99);
    const goal = { text: `p99 ≤ ${duration(tailMs)}`, met: blocks.p99 <= tailMs };
    return { bench, name, value, goal };
  });
}

function failOverFigure({ standby, chains, takenMs }: FailOverResult): Figure {
  return {
    bench: `dead socket to the standby's job on ${chains} chains`,
    name: standby === "sv1" ? "to Stratum V1" : "to Stratum V2",
    value: `p50 ${duration(takenMs.p50)}, max ${duration(takenMs.max)} of ${takenMs.count}`,
    goal: { text: `≤ ${FAIL_OVER_MS / 1_000} s`, met: takenMs.max <= FAIL_OVER_MS },
  };
}

function protocolLatencyFigures(results: readonly ProtocolLatencyResult[]): Figure[] {
  return results.map(({ protocol, chains, segmentBytes, program, floor, inside }) => ({
    bench: `new block by protocol, ${chains} ${chains === 1 ? "chain" : "chains"}`,
    name: `${protocol}, ${segmentBytes} bytes`,
    value: `p50 ${duration(program.p50)}, p99 ${duration(program.p99)}; inside p50 ${duration(inside.p50)}, p99 ${duration(inside.p99)}; floor p50 ${duration(floor.p50)}`,
  }));
}

function protocolCostFigures(results: readonly ProtocolCostResult[]): Figure[] {
  return results.flatMap((result) => {
    const { protocol, chains } = result;
    const bench = `cost by protocol, ${chains} ${chains === 1 ? "chain" : "chains"}`;
    const v1 = results.find((other) => other.protocol === "V1" && other.chains === chains);
    const shareBytes = result.shareBytes + result.acknowledgementBytes;
    const shareMs = result.shareMs + result.acknowledgementMs;
    const times = (of: number, ours: number) =>
      v1 === undefined || v1 === result ? "" : ` (V1: ${(of / ours).toFixed(1)} ×)`;
    const v1ShareBytes = v1 === undefined ? 0 : v1.shareBytes + v1.acknowledgementBytes;
    const v1ShareMs = v1 === undefined ? 0 : v1.shareMs + v1.acknowledgementMs;
    return [
      {
        bench,
        name: `${protocol}: new block`,
        value: `${result.blockBytes} bytes${times(v1?.blockBytes ?? 0, result.blockBytes)}, ${duration(result.blockMs)}${times(v1?.blockMs ?? 0, result.blockMs)}`,
      },
      {
        bench,
        name: `${protocol}: another job`,
        value: `${result.jobBytes} bytes${times(v1?.jobBytes ?? 0, result.jobBytes)}, ${duration(result.jobMs)}${times(v1?.jobMs ?? 0, result.jobMs)}`,
      },
      {
        bench,
        name: `${protocol}: share and its answer`,
        value: `${shareBytes.toFixed(0)} bytes${times(v1ShareBytes, shareBytes)}, ${duration(shareMs)}${times(v1ShareMs, shareMs)}`,
      },
    ];
  });
}
