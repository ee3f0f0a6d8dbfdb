/** The chain that benches mine with: a real driver, few chips (the hot path does not depend on their number), any hash counts. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import { bm1362, REQUIRED_ZERO_BITS } from "../../drivers/bm13xx/chips.ts";
import type { ChainSetup, MinerSetup } from "../../firmware/miner-setup.ts";
import {
  type ChannelKind,
  type PoolOptions,
  SILENCE_V1_MS,
  SILENCE_V2_MS,
} from "../../src/hashing/pool-options.ts";
import type { PoolAddress } from "../../src/upstream/pool-address.ts";
import { BIP320_MASK } from "../../src/work/work.ts";

export const BENCH_CHAIN: ChainSpec = {
  chip: bm1362,
  chipCount: 4,
  addressInterval: 64,
  layout: "single",
  // A short ramp.
  frequencyMHz: 62.5,
  ticketDifficulty: 1,
};

/** With it the chips have to show no zero bits at all. */
const HASH_SCALE = 2 ** REQUIRED_ZERO_BITS;
/** A target that every hash meets. */
export const ANY_HASH = new Uint8Array(32).fill(0xff);

/** Where a device of the bench mines. Data only: it crosses from one process into another. */
export type BenchPool = { readonly host: string; readonly port: number } & (
  | { readonly protocol: "sv2"; readonly channel: ChannelKind; readonly authorityKey: Uint8Array }
  | { readonly protocol: "sv1" }
);

/** One group with these pools in order, the next one connected. */
export function benchSetup(
  uarts: readonly string[],
  pools: readonly BenchPool[],
  spec: ChainSpec = BENCH_CHAIN,
): MinerSetup {
  return {
    pools: [{ name: "bench", part: 1, warmStandby: true, pools: pools.map(poolOptions) }],
    chains: uarts.map((uart): ChainSetup => ({ uart, spec, acceptFewerChips: false })),
    stateDir: "",
    simulated: true,
    scale: HASH_SCALE,
    logLevel: "warn",
    allowExperimental: false,
  };
}

function poolOptions(pool: BenchPool): PoolOptions {
  const { host, port, protocol } = pool;
  const address: PoolAddress =
    protocol === "sv1"
      ? { protocol, endpoint: { host, port } }
      : { protocol, endpoint: { host, port, authorityKey: pool.authorityKey, secure: true } };
  return {
    name: `${protocol}:${port}`,
    url: `bench://${host}:${port}`,
    address,
    user: "bench",
    password: "x",
    versionMask: BIP320_MASK,
    silenceMs: protocol === "sv1" ? SILENCE_V1_MS : SILENCE_V2_MS,
    redirectHosts: [],
    maxTarget: ANY_HASH,
    channel: protocol === "sv1" ? "standard" : pool.channel,
    tolerateFlagEcho: false,
    extensions: [],
    workerName: "",
  };
}
