/** A snapshot as a healthy run on the simulator gives it, for the tests of everything that shows one. */
import type {
  ChainSnapshot,
  MinerSnapshot,
  PoolSnapshot,
} from "../../../src/telemetry/snapshot.ts";

export function sampleChain(over: Partial<ChainSnapshot> = {}): ChainSnapshot {
  return {
    index: 0,
    uart: "/dev/pts/3",
    chip: "BM1362",
    phase: "hashing",
    reason: null,
    bringUpStep: null,
    newBlockLatencyMs: null,
    chipsExpected: 126,
    chipsFound: 126,
    frequencyMHz: 525,
    nominalHps: 1_013_279,
    hashrateHps: 1_009_812,
    hashrateWindowsHps: { s5: 1_000_000, m1: 1_010_000, m5: 0, m15: 0, h24: 0 },
    submitted: 61,
    belowShareTarget: 180,
    duplicate: 0,
    stale: 1,
    hardwareErrors: 0,
    unknownJob: 0,
    accepted: 60,
    rejected: 0,
    repeatedWork: 0,
    wire: {
      framesReceived: 368,
      bytesDropped: 0,
      crcErrors: 0,
      wrongChipIds: 0,
      unexpectedFrames: 0,
    },
    chipCounters: { hashesDone: null, nonceErrors: null, nonceShare: null },
    chipHashrateHps: [],
    chipHashrateWindowsHps: [],
    ...over,
  };
}

export function sampleSnapshot(over: Partial<MinerSnapshot> = {}): MinerSnapshot {
  const chains = over.chains ?? [sampleChain()];
  const sum = (pick: (chain: ChainSnapshot) => number) =>
    chains.reduce((total, chain) => total + pick(chain), 0);
  const pool: PoolSnapshot = {
    name: "127.0.0.1:34254",
    group: "pools",
    protocol: "sv2",
    state: "active",
    stateSinceS: 60,
    why: "first in order",
    part: 1,
    account: null,
    url: "stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
    phase: "mining",
    reason: null,
    encrypted: true,
    connects: 1,
    channels: [
      {
        channelId: 1,
        chainIndexes: [0],
        shareDifficulty: 0.00003,
        poolJobId: 7,
        accepted: 60,
        rejected: 0,
      },
    ],
    accepted: 60,
    rejected: 0,
    rejectedByReason: {},
    unacknowledged: 1,
    lostUnacknowledged: 0,
    blocksSeen: 3,
    newBlockLatencyMs: { count: 3, p50: 0.21, p99: 0.44, max: 0.44 },
  };
  return {
    uptimeS: 62.4,
    simulated: true,
    scale: 2 ** 25,
    pool,
    pools: [pool],
    withoutPool: { s: 0, hashes: 0 },
    total: {
      chipsFound: sum((chain) => chain.chipsFound),
      nominalHps: sum((chain) => chain.nominalHps),
      hashrateHps: sum((chain) => chain.hashrateHps),
      hashrateWindowsHps: { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 },
      submitted: sum((chain) => chain.submitted),
      belowShareTarget: sum((chain) => chain.belowShareTarget),
      duplicate: sum((chain) => chain.duplicate),
      stale: sum((chain) => chain.stale),
      hardwareErrors: sum((chain) => chain.hardwareErrors),
      unknownJob: sum((chain) => chain.unknownJob),
      accepted: sum((chain) => chain.accepted),
      rejected: sum((chain) => chain.rejected),
    },
    ...over,
    chains,
  };
}
