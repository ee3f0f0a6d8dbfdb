/** How much a job with midstates holds, for chips that divide the nonces by themselves and stop at no tick. */
import type { Bm13xxChip } from "./chips.ts";
import { nextPowerOfTwo } from "./hash-counting.ts";
import { MIDSTATE_VERSION_BITS } from "./midstate-job.ts";

type Cores = Pick<Bm13xxChip, "cores" | "smallCores">;

/**
 * Time in which a chip has searched its nonces for 2^`rolledBits` versions (ESP-Miner's interval between the jobs of a
 * BM1397, without its safety factor [D]).
 */
export function midstateEpochMs(
  { cores, smallCores }: Cores,
  chips: number,
  frequencyMHz: number,
  rolledBits: number,
): number {
  const midstates = 2 ** Math.min(rolledBits, MIDSTATE_VERSION_BITS);
  const noncesPerCore = 2 ** 32 / nextPowerOfTwo(cores) / nextPowerOfTwo(chips);
  const smallCoresPerCore = nextPowerOfTwo(smallCores) / nextPowerOfTwo(cores);
  return (noncesPerCore * midstates) / smallCoresPerCore / (frequencyMHz * 1_000);
}

/** Share of the nonces that has a core and a chip to search it [D, bm13xx-rs: both have fixed places in the nonce]. */
export function midstateCoverage({ cores }: Cores, chips: number): number {
  return (cores / nextPowerOfTwo(cores)) * (chips / nextPowerOfTwo(chips));
}
