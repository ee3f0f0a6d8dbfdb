/** What the miner is allowed where nobody else decides: everything, always. For benches, and chains that others watch. */
import type { ChainAllowance } from "../control/guard-link.ts";

export function alwaysAllowed(chains: number): readonly ChainAllowance[] {
  return Array.from({ length: chains }, (_, index) => ({
    index,
    grant: 1,
    targetFrequencyMHz: null,
    frequencyCapMHz: Number.POSITIVE_INFINITY,
    reason: null,
  }));
}
