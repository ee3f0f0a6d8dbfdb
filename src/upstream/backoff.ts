/** How long to wait before the next connection attempt. */

export interface BackoffPolicy {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** Network trouble passes by itself. */
export const NETWORK_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, maxMs: 60_000 };
/** A wrong certificate or a refusal needs a person: do not hammer, but notice when it was mended. */
export const REFUSAL_BACKOFF: BackoffPolicy = { firstMs: 30_000, factor: 2, maxMs: 600_000 };

/** Waiting time before attempt `failures` + 1: exponential, then cut to between half and all of it by `fraction` (0 to 1). */
export function backoffMs(policy: BackoffPolicy, failures: number, fraction: number): number {
  const full = Math.min(policy.maxMs, policy.firstMs * policy.factor ** Math.max(0, failures - 1));
  return full / 2 + (full / 2) * fraction;
}
