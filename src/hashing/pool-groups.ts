/** The operator's groups of pools, and how a new list goes on from the old one: who stays, and who has the hash power. */
import { type GroupState, newGroupState } from "../upstream/fail-over.ts";
import type { Pool, PoolParts } from "./pool.ts";

export type PoolSpec = Omit<PoolParts, "group" | "onChange" | "onEnd" | "onBlock">;

export interface GroupSpec {
  readonly name: string;
  /** Whether the next pool in order is kept connected, with channels and jobs. */
  readonly warmStandby: boolean;
  readonly pools: readonly PoolSpec[];
}

export interface Group {
  readonly spec: GroupSpec;
  readonly pools: readonly Pool[];
  state: GroupState;
}

/** Nobody has the hash power; what is known of the pools' reliability stays. */
export function withoutHashPower({ state, pools }: Group, nowMs: number): GroupState {
  const { relapses, returnedMs } = state;
  return { ...newGroupState(pools.length, nowMs), relapses, returnedMs };
}

/** Pools that are the same as before are taken over with all that they have; others are made. `kept` may be used up. */
export function arrange(
  specs: readonly GroupSpec[],
  before: readonly Group[],
  kept: Set<Pool>,
  make: (spec: PoolSpec, group: number) => Pool,
  nowMs: number,
): readonly Group[] {
  return specs.map((spec, group) => {
    const pools = spec.pools.map((wanted) => {
      const same = [...kept].find(({ parts }) => parts.key === wanted.key);
      if (same === undefined) return make(wanted, group);
      kept.delete(same);
      const { name, url, part } = wanted;
      same.parts = { ...same.parts, name, url, part, group };
      return same;
    });
    return { spec, pools, state: stateOf(pools, before, nowMs) };
  });
}

/** Whoever has hash power keeps it until the next decision, which knows the new order. */
function stateOf(pools: readonly Pool[], before: readonly Group[], nowMs: number): GroupState {
  const relapses = pools.map((pool) => relapsesOf(pool, before));
  const at = pools.findIndex(({ weight }) => weight > 0);
  const active = pools[at];
  const origin = before.find((group) => active !== undefined && group.pools.includes(active));
  if (active === undefined || origin === undefined)
    return { ...newGroupState(pools.length, nowMs), relapses };
  const earlier = origin.pools.slice(0, origin.pools.indexOf(active));
  const isMoved = earlier.length !== at;
  // The operator's word counts for more than what a pool has to prove.
  for (const [index, pool] of pools.slice(0, at).entries()) {
    if (earlier.includes(pool)) continue;
    pool.mustProve = false;
    relapses[index] = 0;
  }
  return {
    ...origin.state,
    active: at,
    relapses,
    why: isMoved ? (at === 0 ? "first in order" : "the first that gives work") : origin.state.why,
  };
}

function relapsesOf(pool: Pool, before: readonly Group[]): number {
  for (const { pools, state } of before) {
    const at = pools.indexOf(pool);
    if (at >= 0) return state.relapses[at] ?? 0;
  }
  return 0;
}
