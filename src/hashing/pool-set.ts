/** All pools of the operator: who has the hash power now, who stands by, and what is lost while nobody gives work. */
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import {
  decideGroup,
  type FailOverRules,
  type GroupState,
  isStarting,
  shouldConnect,
  standardFailOver,
} from "../upstream/fail-over.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";
import type { ChainMiner } from "./chain-miner.ts";
import { LeavingPools } from "./leaving-pools.ts";
import { Pool } from "./pool.ts";
import {
  arrange,
  type Group,
  type GroupSpec,
  type PoolSpec,
  withoutHashPower,
} from "./pool-groups.ts";
import { PoolNews } from "./pool-news.ts";
import { PoolProbes, PROBE_PERIOD_MS } from "./pool-probes.ts";

/** Often enough for the shortest epoch (a shared channel on an S19j Pro: 0.2 s). */
const REFRESH_PERIOD_MS = 20;
/** For everything that time alone brings about: returns, probes, claims. */
const TICK_PERIOD_MS = 250;
const HOLD_CLAIMS_PERIOD_MS = 60_000;

export class PoolSet {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rules: FailOverRules;
  readonly #news: PoolNews;
  #groups: readonly Group[] = [];
  readonly #leaving = new LeavingPools();
  readonly #miners: ChainMiner[] = [];
  readonly #timers: Disposable[] = [];
  readonly #probes = new PoolProbes();
  #isStarted = false;
  #isDeciding = false;
  #mustDecideAgain = false;
  #claimsDueMs = 0;
  /** Not before this is a pool left without knowing of a better one. */
  #leaveDueMs = 0;
  #tickedMs: number;
  /** Time in which chains could hash and no pool gave work, and the hashes that cost. */
  idleMs = 0;
  idleHashes = 0;

  constructor(
    specs: readonly GroupSpec[],
    clock: Clock,
    log: Logger,
    rules: FailOverRules = standardFailOver,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#rules = rules;
    this.#news = new PoolNews(clock, log);
    this.#tickedMs = clock.nowMs();
    this.#groups = this.#arranged(specs, new Set());
  }

  /** As configured, in the operator's order. */
  get pools(): readonly Pool[] {
    return this.#groups.flatMap(({ pools }) => pools);
  }

  /** The same, and after them those that were removed and still have hash power. */
  get poolsToShow(): readonly Pool[] {
    return [...this.pools, ...this.#leaving.pools.filter(({ weight }) => weight > 0)];
  }

  get #all(): readonly Pool[] {
    return [...this.pools, ...this.#leaving.pools];
  }

  /** The pool that has its group's hash power, if any has. */
  activeOf(group: number): Pool | undefined {
    const { pools, state } = this.#groups[group] ?? {};
    return state?.active === undefined ? this.#leaving.servingIn(group) : pools?.[state.active];
  }

  isConfigured(pool: Pool): boolean {
    return this.#groups[pool.parts.group]?.pools.includes(pool) === true;
  }

  stateOf(pool: Pool): GroupState | undefined {
    return this.#groups[pool.parts.group]?.state;
  }

  groupName(pool: Pool): string {
    return this.#groups[pool.parts.group]?.spec.name ?? "";
  }

  onEvent(listener: (event: UntimedEvent) => void): Disposable {
    return this.#news.events.on(listener);
  }

  start(): void {
    this.#isStarted = true;
    this.#startOver();
    this.#tickedMs = this.#clock.nowMs();
    this.#timers.push(
      this.#clock.every(REFRESH_PERIOD_MS, () => {
        const nowMs = this.#clock.nowMs();
        for (const miner of this.#miners) miner.refresh(nowMs);
      }),
      this.#clock.every(TICK_PERIOD_MS, () => this.#tick()),
    );
    this.#decide();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
    for (const miner of this.#miners) miner.stop();
    await Promise.all([...this.pools.map((pool) => pool.close()), this.#leaving.close()]);
  }

  /**
   * Another list. Pools that stay keep connection, channels and account; who has hash power and is removed goes on until
   * another one of its group gives work.
   */
  change(specs: readonly GroupSpec[]): void {
    const nowMs = this.#clock.nowMs();
    const before = this.pools;
    const names = before.map(({ parts }) => parts.name);
    const placesBefore = before.map(placeOf).join();
    const groupNames = this.#groups.map(({ spec }) => spec.name);
    const left = new Set(this.#all);
    this.#groups = this.#arranged(specs, left);
    const after = this.pools;
    for (const pool of after) {
      this.#leaving.takeBack(pool);
      if (!before.includes(pool)) for (const miner of this.#miners) pool.scheduler.addChain(miner);
    }
    for (const pool of before) {
      if (!left.has(pool)) continue;
      const sameName = specs.findIndex(({ name }) => name === groupNames[pool.group]);
      this.#leaving.add(pool, sameName >= 0 ? sameName : 0, nowMs);
    }
    for (const pool of left)
      pool.ownAccount(!after.some(({ account }) => account === pool.account));
    for (const pool of after) pool.ownAccount(true);
    if (placesBefore !== after.map(placeOf).join() || before.some((pool, i) => pool !== after[i]))
      this.#news.changed(
        names,
        after.map(({ parts }) => parts.name),
      );
    this.#leaving.tick(nowMs);
    this.#decide();
  }

  #arranged(specs: readonly GroupSpec[], kept: Set<Pool>): readonly Group[] {
    const make = (spec: PoolSpec, group: number) => this.#newPool(spec, group);
    return arrange(specs, this.#groups, kept, make, this.#clock.nowMs());
  }

  #newPool(spec: PoolSpec, group: number): Pool {
    const parts = {
      ...spec,
      group,
      onChange: () => this.#decide(),
      onEnd: (pool: Pool, end: LinkEnd) => this.#news.ended(pool, end),
      onBlock: (pool: Pool, chainIndex: number, hash: Uint8Array) =>
        this.#news.foundBlock(pool, chainIndex, hash),
    };
    return new Pool(parts, this.#clock, this.#log);
  }

  addChain(miner: ChainMiner): void {
    this.#miners.push(miner);
    // Chains come up later than pools: the first in order has its head start now.
    if (this.#miners.length === 1) this.#startOver();
    for (const pool of this.#all) {
      pool.scheduler.addChain(miner);
      pool.reconsider();
    }
  }

  removeChain(miner: ChainMiner): void {
    const at = this.#miners.indexOf(miner);
    if (at >= 0) this.#miners.splice(at, 1);
    // Nobody has to be found who gives work to no chain.
    if (this.#miners.length === 0) {
      const nowMs = this.#clock.nowMs();
      for (const group of this.#groups) group.state = withoutHashPower(group, nowMs);
      for (const pool of this.#all) pool.weigh(0);
    }
    for (const pool of this.#all) {
      pool.scheduler.removeChain(miner);
      pool.reconsider();
    }
  }

  /** The first in order has a head start from now on, where no pool has had the hash power yet. */
  #startOver(): void {
    const nowMs = this.#clock.nowMs();
    for (const group of this.#groups)
      if (isStarting(group.state)) group.state = withoutHashPower(group, nowMs);
  }

  /** Connects pools anew that failed in this way and wait. */
  retry(kind: LinkEnd["kind"], reason: string): void {
    for (const pool of this.pools)
      if (pool.isWanted && !pool.isWell && pool.lastEnd === kind) {
        pool.want(false, reason);
        pool.want(true, reason);
      }
  }

  /** Why a chain does not hash, or hashes in vain, as far as the pool that it hashes for is concerned. */
  reasonFor(miner: ChainMiner): string | null {
    for (const pool of this.#all) {
      const reason = pool.weight > 0 ? pool.scheduler.reasonFor(miner) : null;
      if (reason !== null) return reason;
    }
    return null;
  }

  repeatedWork(miner: ChainMiner): number {
    const busy = this.#all.filter(({ weight }) => weight > 0);
    return Math.max(0, ...busy.map(({ scheduler }) => scheduler.repeatedWork(miner)));
  }

  /** A pool's change may bring about another one's (channels close, chains move on): one decision at a time. */
  #decide(): void {
    if (!this.#isStarted) return;
    this.#mustDecideAgain = true;
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    try {
      while (this.#mustDecideAgain) {
        this.#mustDecideAgain = false;
        this.#decideOnce(this.#clock.nowMs());
      }
    } finally {
      this.#isDeciding = false;
    }
  }

  #decideOnce(nowMs: number): void {
    let isChanged = false;
    for (const group of this.#groups) {
      const before = group.state;
      group.state = decideGroup(before, group.pools, nowMs, this.#rules);
      group.pools.forEach((pool, index) => {
        const weight = index === group.state.active ? pool.part : 0;
        if (pool.weigh(weight)) isChanged = true;
      });
      if (group.state.active !== before.active) this.#tellSwitch(group, before, nowMs);
    }
    const hasNobody = (index: number) => this.#groups[index]?.state.active === undefined;
    const hasPools = this.#groups.length > 0 && this.#miners.length > 0;
    if (this.#leaving.decide((index) => hasPools && hasNobody(index), nowMs)) isChanged = true;
    // First the chips, then everything that can wait.
    if (isChanged) for (const miner of this.#miners) miner.reconsider();
    for (const group of this.#groups) this.#connectWhoIsWanted(group, nowMs);
  }

  #connectWhoIsWanted({ pools, state, spec }: Group, nowMs: number): void {
    // Without chains nobody gives work, and nobody is to blame for it: the first that can be reached will do.
    const now = this.#miners.length > 0 ? state : { ...state, startedMs: nowMs };
    pools.forEach((pool, index) => {
      const isNeeded = shouldConnect(index, now, pools, spec.warmStandby, nowMs, this.#rules);
      pool.want(isNeeded || this.#probes.isProbed(pool, nowMs), "standing-by");
    });
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    this.#countIdle(nowMs);
    for (const group of this.#groups) this.#leaveMisconduct(group, nowMs);
    if (nowMs >= this.#claimsDueMs) {
      this.#claimsDueMs = nowMs + HOLD_CLAIMS_PERIOD_MS;
      for (const pool of this.#all) pool.holdClaims();
    }
    for (const { scheduler } of this.#all) scheduler.followRates();
    this.#decide();
    this.#leaving.tick(nowMs);
  }

  #countIdle(nowMs: number): void {
    const elapsedMs = nowMs - this.#tickedMs;
    this.#tickedMs = nowMs;
    const idle = this.#miners.filter(({ isHashing }) => !isHashing);
    if (idle.length === 0) return;
    const lostHps = idle.reduce((sum, { chain }) => sum + chain.nominalHps, 0);
    this.idleHashes += (lostHps * elapsedMs) / 1_000;
    for (const { pools, state } of this.#groups) {
      const [first] = pools;
      if (first === undefined || state.active !== undefined) continue;
      first.account.wentUnused(elapsedMs, lostHps * first.part);
    }
    if (idle.length === this.#miners.length) this.idleMs += elapsedMs;
  }

  /**
   * A pool that takes shares only to reject them is left where there is another one. Whether that one gives work is known
   * when it stands by; otherwise it is tried, now and then: there is nothing to lose.
   */
  #leaveMisconduct({ pools, state }: Group, nowMs: number): void {
    const active = state.active === undefined ? undefined : pools[state.active];
    const reason = active?.misconduct(nowMs);
    if (active === undefined || reason === undefined) return;
    const isOtherWell = pools.some((pool) => pool !== active && pool.isWell);
    if (pools.length < 2 || (!isOtherWell && nowMs < this.#leaveDueMs)) return;
    this.#leaveDueMs = nowMs + PROBE_PERIOD_MS;
    active.link.fail(reason);
  }

  #tellSwitch({ state, pools, spec }: Group, before: GroupState, nowMs: number): void {
    const leaving = this.#leaving.servingIn(
      this.#groups.findIndex(({ spec: own }) => own === spec),
    );
    this.#news.switched({
      group: this.#groups.length > 1 ? spec.name : undefined,
      from: before.active === undefined ? leaving : pools[before.active],
      to: state.active === undefined ? undefined : pools[state.active],
      servedMs: nowMs - before.sinceMs,
      why: state.why,
    });
  }
}

/** Where it stands and what it gets; its connection does not depend on it. */
function placeOf({ parts: { name, group, part } }: Pool): string {
  return `${name} ${group} ${part}`;
}
