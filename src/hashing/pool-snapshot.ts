/** One pool as it is shown. */
import { difficultyOfTarget } from "../bitcoin/target.ts";
import type { PoolSnapshot, PoolState } from "../telemetry/snapshot.ts";
import type { Pool } from "./pool.ts";
import type { PoolSet } from "./pool-set.ts";

export function poolSnapshot(pool: Pool, set: PoolSet, nowMs: number): PoolSnapshot {
  const { link, scheduler, account, parts } = pool;
  const { counts } = link;
  const state = poolState(pool);
  return {
    name: parts.name,
    group: set.groupName(pool),
    protocol: parts.protocol,
    state,
    stateSinceS: (nowMs - sinceMs(pool, set, state)) / 1_000,
    why: why(pool, set, state),
    part: parts.part,
    account: account.snapshot(nowMs),
    url: parts.url,
    phase: link.phase,
    reason: link.reason,
    encrypted: link.encrypted,
    connects: counts.connects,
    channels: link.channels.map((channel) => ({
      channelId: channel.channelId,
      chainIndexes: scheduler.chainsOf(channel).map(({ index }) => index),
      shareDifficulty: difficultyOfTarget(channel.work?.target ?? channel.target),
      poolJobId: channel.work?.poolJobId ?? null,
      accepted: channel.shares.accepted,
      rejected: channel.shares.rejected,
    })),
    accepted: counts.accepted,
    rejected: counts.rejected,
    rejectedByReason: counts.rejectedByReason,
    unacknowledged: link.channels.reduce((sum, { shares }) => sum + shares.unacknowledged, 0),
    lostUnacknowledged: counts.lostUnacknowledged,
    blocksSeen: counts.blocksSeen,
    newBlockLatencyMs: link.newBlockLatency.snapshot(),
  };
}

function poolState(pool: Pool): PoolState {
  if (pool.weight > 0) return "active";
  if (pool.isWell) return "standby";
  // Without a chain it gives no work, and is not to blame for it.
  if (!pool.hasChains && pool.link.reason === null) return "off";
  return pool.isWanted ? "down" : "off";
}

function sinceMs(pool: Pool, set: PoolSet, state: PoolState): number {
  return state === "active" && set.isConfigured(pool)
    ? (set.stateOf(pool)?.sinceMs ?? 0)
    : pool.stateSinceMs;
}

function why(pool: Pool, set: PoolSet, state: PoolState): string {
  switch (state) {
    case "active":
      if (!set.isConfigured(pool)) return "removed; goes on until another pool gives work";
      return set.stateOf(pool)?.why ?? "";
    case "standby":
      return pool.mustProve
        ? "gives work; has to prove itself before it is returned to"
        : "gives work, in case an earlier pool fails";
    case "down":
      return pool.link.reason ?? "no work yet";
    default:
      if (pool.isWanted) return "no chain asks for work";
      return "not needed while an earlier pool gives work";
  }
}
