import type { AccountSnapshot } from "./account-snapshot.ts";

/** What the miner tells about itself, one tree; `null` is unknown. Units are in the names. */
export interface MinerSnapshot {
  readonly uptimeS: number;
  /** True when any part of the hardware is simulated. */
  readonly simulated: boolean;
  /** Every rate shown is nominal ÷ scale; 1 on real hardware. */
  readonly scale: number;
  /** The one that stands for all where there is room for one: it has the hash power, or would have it first. */
  readonly pool: PoolSnapshot;
  /** In the operator's order, group by group. */
  readonly pools: readonly PoolSnapshot[];
  /** Chains could hash, and no pool gave them work. */
  readonly withoutPool: { readonly s: number; readonly hashes: number };
  readonly chains: readonly ChainSnapshot[];
  readonly total: TotalsSnapshot;
}

export type UpstreamPhase =
  | "idle"
  | "connecting"
  | "handshake"
  | "setting-up"
  | "opening"
  | "waiting-for-job"
  | "mining"
  | "backing-off"
  | "stopped";

/** "active": has its group's hash power; "standby": connected, gives work that waits; "down": wanted, but gives none; "off": not needed now. */
export type PoolState = "active" | "standby" | "down" | "off";

export interface PoolSnapshot {
  readonly name: string;
  readonly group: string;
  readonly protocol: "sv2" | "sv1";
  readonly state: PoolState;
  readonly stateSinceS: number;
  /** Why it has the hash power, or has not. */
  readonly why: string;
  /** Part of the hash power that its group gets, 0 to 1. */
  readonly part: number;
  /** Over all runs; null before the miner has told. */
  readonly account: AccountSnapshot | null;
  readonly url: string;
  readonly phase: UpstreamPhase;
  /** Why the connection is not up, or was last lost. */
  readonly reason: string | null;
  readonly encrypted: boolean;
  readonly connects: number;
  readonly channels: readonly ChannelSnapshot[];
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Sent and neither accepted nor rejected yet. */
  readonly unacknowledged: number;
  /** Sent on connections that ended before an answer came. */
  readonly lostUnacknowledged: number;
  readonly blocksSeen: number;
  /** From a received chunk with a new block to its last chain's job handed to the kernel. */
  readonly newBlockLatencyMs: LatencySnapshot | null;
}

export interface LatencySnapshot {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ChannelSnapshot {
  readonly channelId: number;
  readonly chainIndexes: readonly number[];
  readonly shareDifficulty: number;
  readonly poolJobId: number | null;
  readonly accepted: number;
  readonly rejected: number;
}

export type ChainPhase =
  | "off"
  | "powering"
  | "bringing-up"
  | "hashing"
  | "idle"
  /** Waits before another attempt. */
  | "resting"
  | "faulted"
  | "stopped";

/** Each nonce is counted as exactly one of these. */
export interface NonceCounts {
  readonly submitted: number;
  readonly belowShareTarget: number;
  readonly duplicate: number;
  readonly stale: number;
  readonly hardwareErrors: number;
  readonly unknownJob: number;
}

export interface HashrateSnapshot {
  readonly s5: number;
  readonly m1: number;
  readonly m5: number;
  readonly m15: number;
  readonly h24: number;
}

export interface ChainSnapshot extends NonceCounts {
  readonly index: number;
  readonly uart: string;
  readonly chip: string;
  readonly phase: ChainPhase;
  /** Why it is not hashing. */
  readonly reason: string | null;
  /** What bring-up is at, as the driver calls it. */
  readonly bringUpStep: string | null;
  readonly chipsExpected: number;
  readonly chipsFound: number;
  readonly frequencyMHz: number;
  readonly nominalHps: number;
  /** Mean since hashing began, from verified work. */
  readonly hashrateHps: number;
  readonly hashrateWindowsHps: HashrateSnapshot;
  readonly accepted: number;
  readonly rejected: number;
  /** From the received chunk with a new block to this chain's job handed to the kernel. */
  readonly newBlockLatencyMs: LatencySnapshot | null;
  /** Share of the work that repeats because the search space is too small, 0 to 1. */
  readonly repeatedWork: number;
  readonly wire: {
    readonly framesReceived: number;
    readonly bytesDropped: number;
    readonly crcErrors: number;
    readonly wrongChipIds: number;
    readonly unexpectedFrames: number;
  };
  /** What the chips count themselves; null where they cannot, or have not been asked yet. */
  readonly chipCounters: {
    readonly hashesDone: number | null;
    readonly nonceErrors: number | null;
    /** Work by nonces ÷ work by counters; null while that says nothing. */
    readonly nonceShare: number | null;
  };
  /** Mean hashrate of each chip since hashing began. */
  readonly chipHashrateHps: readonly number[];
  readonly chipHashrateWindowsHps: readonly HashrateSnapshot[];
}

export interface TotalsSnapshot extends NonceCounts {
  readonly chipsFound: number;
  readonly nominalHps: number;
  readonly hashrateHps: number;
  readonly hashrateWindowsHps: HashrateSnapshot;
  readonly accepted: number;
  readonly rejected: number;
}
