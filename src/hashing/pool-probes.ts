/** Pools that stand by beyond the warm one: looked at now and then, to know that they would be there. */
import type { Pool } from "./pool.ts";

export const PROBE_PERIOD_MS = 600_000;
const PROBE_FOR_MS = 20_000;

/** When a pool is next looked at, and until when; over as soon as it gave work. */
interface Probe {
  dueMs: number;
  untilMs: number;
}

export class PoolProbes {
  readonly #probes = new WeakMap<Pool, Probe>();

  /** Whether a pool that is not needed now is looked at all the same. */
  isProbed(pool: Pool, nowMs: number): boolean {
    const probe = this.#probes.get(pool) ?? { dueMs: nowMs + PROBE_PERIOD_MS, untilMs: nowMs };
    this.#probes.set(pool, probe);
    if (nowMs >= probe.dueMs) {
      probe.dueMs = nowMs + PROBE_PERIOD_MS;
      probe.untilMs = nowMs + PROBE_FOR_MS;
    }
    if (pool.isWell) probe.untilMs = nowMs;
    return nowMs < probe.untilMs;
  }
}
