/** One chain as it is shown, and the sum of all. */
import type {
  ChainPhase,
  ChainSnapshot,
  NonceCounts,
  TotalsSnapshot,
} from "../telemetry/snapshot.ts";
import type { ChainLife } from "./chain-life.ts";
import type { ChainState } from "./chain-lifecycle.ts";
import type { ChainMiner } from "./chain-miner.ts";
import type { PoolSet } from "./pool-set.ts";

export function chainSnapshot(
  life: ChainLife,
  pools: PoolSet,
  {
    isStopped,
    detail,
    nowMs,
  }: { readonly isStopped: boolean; readonly detail: "chips" | "chains"; readonly nowMs: number },
): ChainSnapshot {
  const { index, start, chain, miner, state } = life;
  const phase = phaseOf(life, isStopped);
  const chipRates = detail === "chips" ? miner?.chipRates : undefined;
  return {
    index,
    uart: start.uart,
    chip: start.chip,
    phase,
    reason:
      reasonOf(state) ??
      life.allowanceReason ??
      (miner === undefined || chain === undefined ? null : pools.reasonFor(miner)),
    chipsExpected: start.chipsExpected,
    chipsFound: chain?.chipsFound ?? 0,
    frequencyMHz: chain?.frequencyMHz ?? 0,
    nominalHps: chain?.nominalHps ?? 0,
    bringUpStep: phase === "bringing-up" ? life.step : null,
    hashrateHps: miner?.hashrate.mean(nowMs) ?? 0,
    hashrateWindowsHps: miner?.hashrate.windows(nowMs) ?? { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 },
    ...nonceCounts(miner),
    accepted: miner?.accepted ?? 0,
    rejected: miner?.rejected ?? 0,
    repeatedWork: miner === undefined ? 0 : pools.repeatedWork(miner),
    wire: {
      framesReceived: chain?.counters.framesReceived ?? 0,
      bytesDropped: chain?.counters.bytesDropped ?? 0,
      crcErrors: chain?.counters.crcErrors ?? 0,
      wrongChipIds: chain?.counters.wrongChipIds ?? 0,
      unexpectedFrames: chain?.counters.unexpectedFrames ?? 0,
    },
    newBlockLatencyMs: miner?.newBlockLatency.snapshot() ?? null,
    chipCounters: {
      hashesDone: life.health.counters.hashesDone,
      nonceErrors: life.health.counters.nonceErrors,
      nonceShare: life.health.counters.nonceShare,
    },
    chipHashrateHps: chipRates?.means(nowMs) ?? [],
    chipHashrateWindowsHps: chipRates?.windows(nowMs) ?? [],
  };
}

function phaseOf({ state, miner }: ChainLife, isStopped: boolean): ChainPhase {
  if (isStopped && state.at !== "faulted") return "stopped";
  switch (state.at) {
    case "enumerating":
    case "configuring":
    case "ramping":
      return "bringing-up";
    case "hashing":
      return miner?.isHashing === true ? "hashing" : "idle";
    default:
      return state.at;
  }
}

/** Why it is in this state, where that needs saying. */
export function reasonOf(state: ChainState): string | null {
  return "reason" in state ? state.reason : null;
}

function nonceCounts(miner: ChainMiner | undefined): NonceCounts {
  const outcomes = miner?.outcomes;
  return {
    submitted: outcomes?.submit ?? 0,
    belowShareTarget: outcomes?.["below-share-target"] ?? 0,
    duplicate: outcomes?.duplicate ?? 0,
    stale: outcomes?.stale ?? 0,
    hardwareErrors: outcomes?.["hardware-error"] ?? 0,
    unknownJob: outcomes?.["unknown-job"] ?? 0,
  };
}

export function totalOf(chains: readonly ChainSnapshot[]): TotalsSnapshot {
  const sum = (pick: (chain: ChainSnapshot) => number) =>
    chains.reduce((total, chain) => total + pick(chain), 0);
  return {
    chipsFound: sum((chain) => chain.chipsFound),
    nominalHps: sum((chain) => chain.nominalHps),
    hashrateHps: sum((chain) => chain.hashrateHps),
    hashrateWindowsHps: {
      s5: sum((chain) => chain.hashrateWindowsHps.s5),
      m1: sum((chain) => chain.hashrateWindowsHps.m1),
      m5: sum((chain) => chain.hashrateWindowsHps.m5),
      m15: sum((chain) => chain.hashrateWindowsHps.m15),
      h24: sum((chain) => chain.hashrateWindowsHps.h24),
    },
    submitted: sum((chain) => chain.submitted),
    belowShareTarget: sum((chain) => chain.belowShareTarget),
    duplicate: sum((chain) => chain.duplicate),
    stale: sum((chain) => chain.stale),
    hardwareErrors: sum((chain) => chain.hardwareErrors),
    unknownJob: sum((chain) => chain.unknownJob),
    accepted: sum((chain) => chain.accepted),
    rejected: sum((chain) => chain.rejected),
  };
}
