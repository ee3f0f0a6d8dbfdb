/** What there is to tell before a miner has told anything. */
import type { MinerSnapshot, PoolSnapshot } from "./snapshot.ts";

export const NO_POOL = "no pool is configured";

export interface PlannedMiner {
  readonly pools: readonly {
    readonly name: string;
    readonly part: number;
    readonly pools: readonly {
      readonly name: string;
      readonly url: string;
      readonly address: { readonly protocol: "sv2" | "sv1" };
    }[];
  }[];
  readonly simulated: boolean;
  readonly scale: number;
  readonly chains: readonly {
    readonly uart: string;
    readonly spec: {
      readonly chip: { readonly name: string };
      readonly chipCount: number;
    };
  }[];
}

export function emptyMinerSnapshot(plan: PlannedMiner): MinerSnapshot {
  const nonces = {
    submitted: 0,
    belowShareTarget: 0,
    duplicate: 0,
    stale: 0,
    hardwareErrors: 0,
    unknownJob: 0,
  };
  const windows = { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 };
  const rates = {
    ...nonces,
    hashrateHps: 0,
    hashrateWindowsHps: windows,
    accepted: 0,
    rejected: 0,
  };
  const pools = plan.pools.flatMap(({ name: group, part, pools: members }) =>
    members.map(
      ({ name, url, address: { protocol } }): PoolSnapshot => ({
        name,
        group,
        protocol,
        part,
        url,
        ...unknownPool,
      }),
    ),
  );
  return {
    uptimeS: 0,
    simulated: plan.simulated,
    scale: plan.scale,
    pool: pools[0] ?? noPoolSnapshot,
    pools,
    withoutPool: { s: 0, hashes: 0 },
    chains: plan.chains.map(({ uart, spec }, index) => ({
      ...rates,
      index,
      uart,
      chip: spec.chip.name,
      phase: "off",
      reason: pools.length === 0 ? NO_POOL : null,
      bringUpStep: null,
      chipsExpected: spec.chipCount,
      chipsFound: 0,
      frequencyMHz: 0,
      nominalHps: 0,
      newBlockLatencyMs: null,
      repeatedWork: 0,
      wire: {
        framesReceived: 0,
        bytesDropped: 0,
        crcErrors: 0,
        wrongChipIds: 0,
        unexpectedFrames: 0,
      },
      chipCounters: { hashesDone: null, nonceErrors: null, nonceShare: null },
      chipHashrateHps: [],
      chipHashrateWindowsHps: [],
    })),
    total: { ...rates, chipsFound: 0, nominalHps: 0 },
  };
}

const unknownPool = {
  state: "off",
  stateSinceS: 0,
  why: "starting",
  account: null,
  phase: "idle",
  reason: null,
  encrypted: false,
  connects: 0,
  channels: [],
  accepted: 0,
  rejected: 0,
  rejectedByReason: {},
  unacknowledged: 0,
  lostUnacknowledged: 0,
  blocksSeen: 0,
  newBlockLatencyMs: null,
} as const;

/** Stands where a pool would, while the operator has named none: it is in no list. */
export const noPoolSnapshot: PoolSnapshot = {
  ...unknownPool,
  name: "none",
  group: "",
  protocol: "sv2",
  part: 0,
  url: "",
  why: NO_POOL,
  reason: NO_POOL,
};
