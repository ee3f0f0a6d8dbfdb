/** Which pool of an ordered group has the hash power, and why: a pure decision, made again whenever something changes. */

/** What is known of one pool of the group, in the operator's order. */
export interface Standing {
  /** It gives work at this moment. */
  readonly isWell: boolean;
  /** Since when, without a break; meaningless while it is not well. */
  readonly wellSinceMs: number;
  /** It has failed since the program started, or since it was last well: there is no first attempt to wait for. */
  readonly hasFailed: boolean;
  /** The last break was a failure, and not a wish (Reconnect): it has to prove itself before it is trusted again. */
  readonly mustProve: boolean;
}

export interface GroupState {
  /** Index of the pool that has the hash power; `undefined`: none gives work. */
  readonly active: number | undefined;
  readonly sinceMs: number;
  readonly why: string;
  readonly startedMs: number;
  /** Of the last return to an earlier pool that had failed. */
  readonly returnedMs: number | undefined;
  /** How often each pool failed again soon after a return to it. */
  readonly relapses: readonly number[];
}

export interface FailOverRules {
  /** At the start, earlier pools are waited for this long although a later one is well. */
  readonly headStartMs: number;
  /** A pool that failed is returned to when it was well for this long; doubled for each relapse. */
  readonly proveForMs: number;
  readonly maxProveForMs: number;
  /** Between two returns. */
  readonly betweenReturnsMs: number;
  /** Failing this soon after a return is a relapse; serving for longer clears the record. */
  readonly relapseWithinMs: number;
}

export const standardFailOver: FailOverRules = {
  headStartMs: 10_000,
  proveForMs: 300_000,
  maxProveForMs: 4 * 3_600_000,
  betweenReturnsMs: 600_000,
  relapseWithinMs: 3_600_000,
};

export function newGroupState(pools: number, nowMs: number): GroupState {
  return {
    active: undefined,
    sinceMs: nowMs,
    why: "starting",
    startedMs: nowMs,
    returnedMs: undefined,
    relapses: new Array<number>(pools).fill(0),
  };
}

/** No pool has had the hash power yet. */
export function isStarting({ active, sinceMs, startedMs }: GroupState): boolean {
  return active === undefined && sinceMs === startedMs;
}

/** The state as it is to be now; the same object when nothing changes. `standings` in the operator's order. */
export function decideGroup(
  state: GroupState,
  standings: readonly Standing[],
  nowMs: number,
  rules: FailOverRules = standardFailOver,
): GroupState {
  const { active } = state;
  const settled = withRecordCleared(state, nowMs, rules);
  if (active !== undefined && standings[active]?.isWell === true) {
    const better = earlierPool(settled, active, standings, nowMs, rules);
    if (better === undefined) return settled;
    const wasFailed = standings[better]?.mustProve === true;
    return {
      ...settled,
      active: better,
      sinceMs: nowMs,
      why: wasFailed
        ? `returned to it: well for ${minutes(nowMs - (standings[better]?.wellSinceMs ?? nowMs))}`
        : "first in order",
      returnedMs: wasFailed ? nowMs : settled.returnedMs,
    };
  }
  const isFailure = active !== undefined && standings[active]?.mustProve === true;
  const fallen = isFailure ? withRelapse(settled, active, nowMs, rules) : settled;
  const next = firstUsable(fallen, standings, nowMs, rules);
  if (next === active) return fallen;
  return {
    ...fallen,
    active: next,
    sinceMs: nowMs,
    why: whyNext(next, active, standings),
  };
}

/** Whether the group's pool at this index is to be connected, so that it can be judged, or take over. */
export function shouldConnect(
  index: number,
  { active, startedMs }: Pick<GroupState, "active" | "startedMs">,
  standings: readonly Standing[],
  warmStandby: boolean,
  nowMs: number,
  rules: FailOverRules = standardFailOver,
): boolean {
  const last = active ?? frontier(standings, nowMs - startedMs < rules.headStartMs);
  return index <= last || (warmStandby && index === last + 1);
}

/** While no pool gives work: the last one that is tried. At the start that is the first that has not failed yet. */
function frontier(standings: readonly Standing[], isStarting: boolean): number {
  const untried = standings.findIndex(({ hasFailed }) => !hasFailed);
  return isStarting && untried >= 0 ? untried : standings.length - 1;
}

/** An earlier pool that has earned the hash power back. */
function earlierPool(
  state: GroupState,
  active: number,
  standings: readonly Standing[],
  nowMs: number,
  rules: FailOverRules,
): number | undefined {
  const canReturn =
    state.returnedMs === undefined || nowMs - state.returnedMs >= rules.betweenReturnsMs;
  for (let index = 0; index < active; index++) {
    const pool = standings[index];
    if (pool?.isWell !== true) continue;
    if (!pool.mustProve) return index;
    const needMs = proveForMs(state.relapses[index] ?? 0, rules);
    if (canReturn && nowMs - pool.wellSinceMs >= needMs) return index;
  }
  return undefined;
}

/** How long a pool with so many relapses has to be well before it is trusted again. */
export function proveForMs(relapses: number, rules: FailOverRules = standardFailOver): number {
  return Math.min(rules.maxProveForMs, rules.proveForMs * 2 ** relapses);
}

function firstUsable(
  state: GroupState,
  standings: readonly Standing[],
  nowMs: number,
  rules: FailOverRules,
): number | undefined {
  const starting = isStarting(state) && nowMs - state.startedMs < rules.headStartMs;
  for (const [index, pool] of standings.entries()) {
    if (pool.isWell) return index;
    if (starting && !pool.hasFailed) return undefined;
  }
  return undefined;
}

function whyNext(
  next: number | undefined,
  active: number | undefined,
  standings: readonly Standing[],
): string {
  if (next === undefined) return "no pool of the group gives work";
  if (active !== undefined) return "the pool before it gives no work";
  return next === 0 || standings.slice(0, next).every(({ isWell }) => isWell)
    ? "first in order"
    : "the first that gives work";
}

function withRelapse(
  state: GroupState,
  fallen: number,
  nowMs: number,
  rules: FailOverRules,
): GroupState {
  const isRelapse =
    state.returnedMs !== undefined &&
    state.sinceMs === state.returnedMs &&
    nowMs - state.returnedMs < rules.relapseWithinMs;
  return isRelapse
    ? { ...state, relapses: counted(state.relapses, fallen, (count) => count + 1) }
    : state;
}

/** Serving long enough makes up for earlier failures. */
function withRecordCleared(state: GroupState, nowMs: number, rules: FailOverRules): GroupState {
  const { active, relapses } = state;
  if (active === undefined || (relapses[active] ?? 0) === 0) return state;
  if (nowMs - state.sinceMs < rules.relapseWithinMs) return state;
  return { ...state, relapses: counted(relapses, active, () => 0) };
}

function counted(
  relapses: readonly number[],
  index: number,
  change: (count: number) => number,
): readonly number[] {
  return relapses.map((count, at) => (at === index ? change(count) : count));
}

function minutes(durationMs: number): string {
  const count = Math.floor(durationMs / 60_000);
  return count === 1 ? "1 minute" : `${count} minutes`;
}
