/** How long to wait before the next connection attempt. */
import type { LinkEnd } from "./pool-link.ts";

export interface BackoffPolicy {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** Network trouble passes by itself. */
export const NETWORK_BACKOFF: BackoffPolicy = { firstMs: 1_000, factor: 2, maxMs: 60_000 };
/** A wrong certificate or a refusal needs a person: do not hammer, but notice when it was mended. */
export const REFUSAL_BACKOFF: BackoffPolicy = { firstMs: 30_000, factor: 2, maxMs: 600_000 };
/**
 * A certificate that fails by our clock only: nobody is to blame, and a clock is mostly set within minutes of the start.
 * Who hears that the clock was set tries again at once.
 */
export const TIME_BACKOFF: BackoffPolicy = { firstMs: 15_000, factor: 2, maxMs: 300_000 };

/** By how the connection ended; who was asked to connect again does so at once, or when the server said. */
export const BACKOFF_AFTER: Readonly<Record<Exclude<LinkEnd["kind"], "asked">, BackoffPolicy>> = {
  network: NETWORK_BACKOFF,
  silence: NETWORK_BACKOFF,
  protocol: NETWORK_BACKOFF,
  time: TIME_BACKOFF,
  refused: REFUSAL_BACKOFF,
};

/** Waiting time before attempt `failures` + 1: exponential, then cut to between half and all of it by `fraction` (0 to 1). */
export function backoffMs(policy: BackoffPolicy, failures: number, fraction: number): number {
  const full = Math.min(policy.maxMs, policy.firstMs * policy.factor ** Math.max(0, failures - 1));
  return full / 2 + (full / 2) * fraction;
}
