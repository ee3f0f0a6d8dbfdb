/** What a run came to: as stable JSON for scripts, and as a few lines for people. */
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type {
  ChainSnapshot,
  HashrateSnapshot,
  LatencySnapshot,
  MinerSnapshot,
  NonceCounts,
  PoolSnapshot,
} from "../../src/telemetry/snapshot.ts";
import { formatDuration, formatHashrate, formatMs, formatScale } from "./format.ts";
import { machineLines } from "./machine-lines.ts";
import { countNonces, countUnanswered, describeRejections, shortPoolUrl } from "./status-lines.ts";

type WireCounts = ChainSnapshot["wire"];

/** Of the machine, and with the same keys of each chain. README.md documents the keys; they are kept. */
export interface ReportFigures extends NonceCounts {
  readonly chipsExpected: number;
  readonly chipsFound: number;
  readonly nominalHps: number;
  /** Mean since hashing began, from verified work. */
  readonly hashrateHps: number;
  /** Over the last 5 s, 1 min, 5 min, 15 min and 24 h. */
  readonly hashrateWindowsHps: HashrateSnapshot;
  /** Everything that the chips reported. */
  readonly nonces: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Nominal rate of the real hardware ÷ that of this run; 1 on real hardware. */
  readonly scale: number;
  /** From the received chunk to the job frame handed to the kernel: the chain's, and for the machine its last chain's. */
  readonly newBlockLatencyMs: LatencySnapshot | null;
  readonly wire: WireCounts;
}

export interface ChainReport extends ReportFigures {
  readonly index: number;
  readonly uart: string;
  readonly chip: string;
  readonly phase: string;
  readonly reason: string | null;
  readonly bringUpStep: string | null;
  readonly frequencyMHz: number;
  readonly repeatedWork: number;
  readonly chipCounters: ChainSnapshot["chipCounters"];
  /** Of each chip, in the order of their addresses. */
  readonly chipHashrateHps: readonly number[];
  readonly chipHashrateWindowsHps: readonly HashrateSnapshot[];
}

export interface Report extends ReportFigures {
  readonly simulated: boolean;
  readonly uptimeS: number;
  readonly pool: {
    readonly url: string;
    readonly phase: string;
    readonly reason: string | null;
    readonly encrypted: boolean;
    readonly connects: number;
    readonly blocksSeen: number;
    readonly unacknowledged: number;
    readonly lostUnacknowledged: number;
    readonly rejectedByReason: Readonly<Record<string, number>>;
  };
  /** All pools, in the operator's order, with what was counted over all runs. */
  readonly pools: readonly PoolSnapshot[];
  /** Chains could hash, and no pool gave them work. */
  readonly withoutPool: MinerSnapshot["withoutPool"];
  readonly chains: readonly ChainReport[];
  /** The hardware around the chips as the guard last saw it; null where there is no guard. */
  readonly machine: MachineReport | null;
}

export type MachineReport = Omit<MachineSnapshot, "miner">;

/** The report of `simulate --json` and `run --json`. */
export function reportJson(snapshot: MinerSnapshot, machine?: MachineSnapshot): Report {
  const { pool, total, chains, scale } = snapshot;
  return {
    simulated: snapshot.simulated,
    uptimeS: snapshot.uptimeS,
    chipsExpected: chains.reduce((sum, { chipsExpected }) => sum + chipsExpected, 0),
    chipsFound: total.chipsFound,
    nominalHps: total.nominalHps,
    hashrateHps: total.hashrateHps,
    hashrateWindowsHps: total.hashrateWindowsHps,
    accepted: total.accepted,
    rejected: total.rejected,
    ...nonceFigures(total),
    wire: sumOfWires(chains),
    scale,
    newBlockLatencyMs: pool.newBlockLatencyMs,
    pool: {
      url: pool.url,
      phase: pool.phase,
      reason: pool.reason,
      encrypted: pool.encrypted,
      connects: pool.connects,
      blocksSeen: pool.blocksSeen,
      unacknowledged: pool.unacknowledged,
      lostUnacknowledged: pool.lostUnacknowledged,
      rejectedByReason: pool.rejectedByReason,
    },
    pools: snapshot.pools,
    withoutPool: snapshot.withoutPool,
    chains: chains.map(
      (chain): ChainReport => ({
        index: chain.index,
        uart: chain.uart,
        chip: chain.chip,
        phase: chain.phase,
        reason: chain.reason,
        bringUpStep: chain.bringUpStep,
        chipsExpected: chain.chipsExpected,
        chipsFound: chain.chipsFound,
        frequencyMHz: chain.frequencyMHz,
        nominalHps: chain.nominalHps,
        hashrateHps: chain.hashrateHps,
        hashrateWindowsHps: chain.hashrateWindowsHps,
        chipCounters: chain.chipCounters,
        chipHashrateHps: chain.chipHashrateHps,
        chipHashrateWindowsHps: chain.chipHashrateWindowsHps,
        accepted: chain.accepted,
        rejected: chain.rejected,
        repeatedWork: chain.repeatedWork,
        ...nonceFigures(chain),
        wire: chain.wire,
        scale,
        newBlockLatencyMs: chain.newBlockLatencyMs,
      }),
    ),
    machine: machine === undefined ? null : machineReport(machine),
  };
}

function machineReport({ miner: _, ...machine }: MachineSnapshot): MachineReport {
  return machine;
}

function sumOfWires(chains: readonly ChainSnapshot[]): WireCounts {
  const sum = (key: keyof WireCounts) => chains.reduce((total, { wire }) => total + wire[key], 0);
  return {
    framesReceived: sum("framesReceived"),
    bytesDropped: sum("bytesDropped"),
    crcErrors: sum("crcErrors"),
    wrongChipIds: sum("wrongChipIds"),
    unexpectedFrames: sum("unexpectedFrames"),
  };
}

function nonceFigures(counts: NonceCounts): NonceCounts & { readonly nonces: number } {
  const { submitted, belowShareTarget, duplicate, stale, hardwareErrors, unknownJob } = counts;
  return {
    nonces: countNonces(counts),
    submitted,
    belowShareTarget,
    duplicate,
    stale,
    hardwareErrors,
    unknownJob,
  };
}

/** The last words of a run on a terminal; ends with a line end. */
export function reportText(snapshot: MinerSnapshot, machine?: MachineSnapshot): string {
  const { pool, total, chains } = snapshot;
  const rejections = describeRejections(pool.rejectedByReason);
  const latency = pool.newBlockLatencyMs;
  return `${[
    `Ran ${formatDuration(snapshot.uptimeS)} against ${shortPoolUrl(pool.url)}${snapshot.simulated ? `, simulated ${formatScale(snapshot.scale)}` : ""}.`,
    ...chains.map(chainText),
    ...(machine === undefined ? [] : machineLines(machine)),
    `Shares: ${pool.accepted} accepted, ${pool.rejected} rejected${rejections === "" ? "" : ` (${rejections})`}, ${countUnanswered(pool)} unanswered.`,
    ...snapshot.pools.filter((other) => other.name !== pool.name).map(otherPoolText),
    ...(snapshot.withoutPool.s < 1
      ? []
      : [`Without a pool: ${formatDuration(snapshot.withoutPool.s)}.`]),
    `Hashrate: ${formatHashrate(total.hashrateHps)} of ${formatHashrate(total.nominalHps)} nominal; hardware errors: ${total.hardwareErrors}.`,
    ...(latency === null
      ? []
      : [
          `New block to the last chain's job: p50 ${formatMs(latency.p50)}, p99 ${formatMs(latency.p99)} (${pool.blocksSeen} blocks).`,
        ]),
  ].join("\n")}\n`;
}

function otherPoolText(pool: PoolSnapshot): string {
  return `Pool ${pool.name}: ${pool.state}, ${pool.accepted} accepted, ${pool.rejected} rejected, ${countUnanswered(pool)} unanswered.`;
}

function chainText(chain: ChainSnapshot): string {
  const reason = chain.reason === null ? "" : ` (${chain.reason})`;
  return `Chain ${chain.index} (${chain.uart}): ${chain.chipsFound} of ${chain.chipsExpected} ${chain.chip} at ${chain.frequencyMHz} MHz, ${formatHashrate(chain.hashrateHps)}, ${chain.accepted} accepted, ${chain.rejected} rejected, ${chain.hardwareErrors} hardware errors${chain.phase === "faulted" ? `, faulted${reason}` : ""}`;
}
