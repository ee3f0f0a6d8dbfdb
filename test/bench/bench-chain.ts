/** The chain that benches mine with: a real driver, few chips (the hot path does not depend on their number), any hash counts. */
import type { ChainSpec } from "../../boards/chain-spec.ts";
import { bm1362, REQUIRED_ZERO_BITS } from "../../drivers/bm13xx/chips.ts";
import type { ChainSetup, MinerSetup } from "../../firmware/miner-setup.ts";
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

export function benchSetup(
  uarts: readonly string[],
  pool: { readonly host: string; readonly port: number; readonly authorityKey: Uint8Array },
  spec: ChainSpec = BENCH_CHAIN,
): MinerSetup {
  return {
    poolUrl: `bench://${pool.host}:${pool.port}`,
    pool: {
      endpoint: { ...pool, secure: true },
      userIdentity: "bench",
      versionMask: BIP320_MASK,
      tolerateFlagEcho: false,
      maxTarget: ANY_HASH,
    },
    chains: uarts.map((uart): ChainSetup => ({ uart, spec, acceptFewerChips: false })),
    simulated: true,
    scale: HASH_SCALE,
    logLevel: "warn",
    allowExperimental: false,
  };
}
