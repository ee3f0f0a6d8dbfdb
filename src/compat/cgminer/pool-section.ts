/** POOLS. */
import type { PoolStatus, Status } from "../../api/status.ts";
import { fixed, percent, type Row } from "../numerals.ts";
import { shownPoolUrl } from "../pool-url.ts";
import { difficultyOf, poolTally } from "./tallies.ts";

const STATES: Readonly<Record<PoolStatus["state"], string>> = {
  active: "Alive",
  standby: "Alive",
  down: "Dead",
  // Enabled, and nobody has looked at it yet.
  off: "Unknown",
};

export function poolState({ enabled, state }: PoolStatus): string {
  return enabled ? STATES[state] : "Disabled";
}

/** cgminer's quota is a whole number; parts of a group are its nearest words for it. */
export type QuotaOf = (pool: PoolStatus) => number;

export function poolRows({ pools }: Status, quotaOf: QuotaOf): readonly Row[] {
  return pools.map((pool) => poolRow(pool, pools, quotaOf));
}

function poolRow(pool: PoolStatus, pools: readonly PoolStatus[], quotaOf: QuotaOf): Row {
  const tally = poolTally(pool);
  const shares = tally.accepted + tally.rejected;
  const isActive = pool.state === "active";
  const url = shownPoolUrl(pool.url);
  return {
    POOL: pool.index,
    URL: url,
    Status: poolState(pool),
    Priority: pools.filter(({ group, index }) => group === pool.group && index < pool.index).length,
    Quota: quotaOf(pool),
    "Long Poll": "N",
    Getworks: pool.blocksSeen,
    Accepted: pool.accepted,
    Rejected: pool.rejected,
    Works: shares,
    Discarded: 0,
    Stale: pool.total?.staleByUs ?? 0,
    "Get Failures": 0,
    "Remote Failures": Math.max(0, pool.connects - 1),
    User: pool.user,
    "Last Share Time": Math.floor(pool.total?.lastShareUnixSeconds ?? 0),
    "Diff1 Shares": Math.round(difficultyOf(tally)),
    "Proxy Type": "",
    Proxy: "",
    "Difficulty Accepted": fixed(tally.acceptedDifficulty, 8),
    "Difficulty Rejected": fixed(tally.rejectedDifficulty, 8),
    "Difficulty Stale": fixed(tally.staleDifficulty, 8),
    "Last Share Difficulty": fixed(pool.shareDifficulty ?? 0, 8),
    "Work Difficulty": fixed(pool.shareDifficulty ?? 0, 8),
    "Has Stratum": true,
    "Stratum Active": isActive,
    "Stratum URL": isActive ? hostOf(url) : "",
    "Stratum Difficulty": fixed(pool.shareDifficulty ?? 0, 8),
    "Has Vmask": true,
    "Has GBT": false,
    "Best Share": pool.total?.bestDifficulty ?? 0,
    "Pool Rejected%": percent(pool.rejected, shares),
    "Pool Stale%": percent(0, shares),
    "Bad Work": 0,
    "Current Block Height": 0,
    "Current Block Version": 0,
  };
}

function hostOf(url: string): string {
  return /^[^:]+:\/\/([^/:]+|\[[^\]]*\])/.exec(url)?.[1] ?? url;
}
