/** All pools of the operator: who has the hash power now, who stands by, and what is lost while nobody gives work. */
import { reversed, toHex } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import { Signal } from "../lib/signal.ts";
import type { Clock } from "../ports/clock.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import {
  decideGroup,
  type FailOverRules,
  type GroupState,
  isStarting,
  newGroupState,
  shouldConnect,
  standardFailOver,
} from "../upstream/fail-over.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";
import type { ChainMiner } from "./chain-miner.ts";
import { Pool, type PoolParts } from "./pool.ts";

/** Often enough for the shortest epoch (a shared channel on an S19j Pro: 0.2 s). */
const REFRESH_PERIOD_MS = 20;
/** For everything that time alone brings about: returns, probes, claims. */
const TICK_PERIOD_MS = 250;
/** A pool that stands by beyond the warm one is connected this often, to know that it would be there. */
const PROBE_PERIOD_MS = 600_000;
const PROBE_FOR_MS = 20_000;
const HOLD_CLAIMS_PERIOD_MS = 60_000;
/** Events about pools within the period; what is beyond is counted. */
const MAX_TOLD = 20;
const TELL_WITHIN_MS = 300_000;

export interface GroupSpec {
  readonly name: string;
  /** Whether the next pool in order is kept connected, with channels and jobs. */
  readonly warmStandby: boolean;
  readonly pools: readonly Omit<PoolParts, "group" | "onChange" | "onEnd" | "onBlock">[];
}

interface Group {
  readonly spec: GroupSpec;
  readonly pools: readonly Pool[];
  state: GroupState;
}

/** When a pool is next looked at, and until when; over as soon as it gave work. */
interface Probe {
  dueMs: number;
  untilMs: number;
}

export class PoolSet {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rules: FailOverRules;
  readonly #groups: readonly Group[];
  readonly #miners: ChainMiner[] = [];
  readonly #events = new Signal<UntimedEvent>();
  readonly #timers: Disposable[] = [];
  readonly #probes = new Map<Pool, Probe>();
  #isStarted = false;
  #isDeciding = false;
  #mustDecideAgain = false;
  #claimsDueMs = 0;
  /** Not before this is a pool left without knowing of a better one. */
  #leaveDueMs = 0;
  /** When switches and losses were told, and how many were not. */
  readonly #told: number[] = [];
  #untold = 0;
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
    this.#tickedMs = clock.nowMs();
    this.#groups = specs.map((spec, group) => ({
      spec,
      pools: spec.pools.map(
        (parts) =>
          new Pool(
            {
              ...parts,
              group,
              onChange: () => this.#decide(),
              onEnd: (pool, end) => this.#tellEnd(pool, end),
              onBlock: (pool, chainIndex, hash) => this.#tellBlock(pool, chainIndex, hash),
            },
            clock,
            log,
          ),
      ),
      state: newGroupState(spec.pools.length, clock.nowMs()),
    }));
  }

  get pools(): readonly Pool[] {
    return this.#groups.flatMap(({ pools }) => pools);
  }

  /** The pool that has its group's hash power, if any has. */
  activeOf(group: number): Pool | undefined {
    const { pools, state } = this.#groups[group] ?? {};
    return state?.active === undefined ? undefined : pools?.[state.active];
  }

  stateOf(pool: Pool): GroupState | undefined {
    return this.#groups[pool.parts.group]?.state;
  }

  groupName(pool: Pool): string {
    return this.#groups[pool.parts.group]?.spec.name ?? "";
  }

  onEvent(listener: (event: UntimedEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  start(): void {
    this.#isStarted = true;
    for (const group of this.#groups)
      group.state = newGroupState(group.pools.length, this.#clock.nowMs());
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
    await Promise.all(this.pools.map((pool) => pool.close()));
  }

  addChain(miner: ChainMiner): void {
    this.#miners.push(miner);
    // Chains come up later than pools: the first in order has its head start now.
    if (this.#miners.length === 1) {
      const nowMs = this.#clock.nowMs();
      for (const group of this.#groups)
        if (group.state.active === undefined && isStarting(group.state))
          group.state = newGroupState(group.pools.length, nowMs);
    }
    for (const { scheduler } of this.pools) scheduler.addChain(miner);
  }

  removeChain(miner: ChainMiner): void {
    const at = this.#miners.indexOf(miner);
    if (at >= 0) this.#miners.splice(at, 1);
    for (const pool of this.pools) {
      pool.scheduler.removeChain(miner);
      pool.reconsider();
    }
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
    for (const pool of this.pools) {
      const reason = pool.weight > 0 ? pool.scheduler.reasonFor(miner) : null;
      if (reason !== null) return reason;
    }
    return null;
  }

  repeatedWork(miner: ChainMiner): number {
    const busy = this.pools.filter(({ weight }) => weight > 0);
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
    // First the chips, then everything that can wait.
    if (isChanged) for (const miner of this.#miners) miner.reconsider();
    for (const group of this.#groups) this.#connectWhoIsWanted(group, nowMs);
  }

  #connectWhoIsWanted({ pools, state, spec }: Group, nowMs: number): void {
    pools.forEach((pool, index) => {
      const isNeeded = shouldConnect(index, state, pools, spec.warmStandby, nowMs, this.#rules);
      pool.want(isNeeded || this.#isProbed(pool, nowMs), "standing-by");
    });
  }

  /** Whether a pool that is not needed now is looked at all the same. */
  #isProbed(pool: Pool, nowMs: number): boolean {
    const probe = this.#probes.get(pool) ?? { dueMs: nowMs + PROBE_PERIOD_MS, untilMs: nowMs };
    this.#probes.set(pool, probe);
    if (nowMs >= probe.dueMs) {
      probe.dueMs = nowMs + PROBE_PERIOD_MS;
      probe.untilMs = nowMs + PROBE_FOR_MS;
    }
    if (pool.isWell) probe.untilMs = nowMs;
    return nowMs < probe.untilMs;
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    this.#countIdle(nowMs);
    for (const group of this.#groups) this.#leaveMisconduct(group, nowMs);
    if (nowMs >= this.#claimsDueMs) {
      this.#claimsDueMs = nowMs + HOLD_CLAIMS_PERIOD_MS;
      for (const pool of this.pools) pool.holdClaims();
    }
    for (const { scheduler } of this.pools) scheduler.followRates();
    this.#decide();
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

  /** A pool that comes and goes by the second would fill the record of everything else. */
  #mayTell(nowMs: number): boolean {
    while ((this.#told[0] ?? nowMs) < nowMs - TELL_WITHIN_MS) this.#told.shift();
    if (this.#told.length >= MAX_TOLD) {
      this.#untold++;
      return false;
    }
    this.#told.push(nowMs);
    return true;
  }

  #tellSwitch(group: Group, before: GroupState, nowMs: number): void {
    if (!this.#mayTell(nowMs)) return;
    const { state, pools, spec } = group;
    const from = before.active === undefined ? undefined : pools[before.active];
    const to = state.active === undefined ? undefined : pools[state.active];
    const name = to?.parts.name ?? "no pool";
    const servedS = Math.round((nowMs - before.sinceMs) / 1_000);
    const cause = from === undefined || from.isWell ? "" : ` (${from.link.reason ?? "no work"})`;
    const left = from === undefined ? "" : `, after ${servedS} s on ${from.parts.name}${cause}`;
    const untold = this.#untold === 0 ? "" : `; ${this.#untold} changes before it were not told`;
    this.#untold = 0;
    const reason = `${name} has the hash power: ${state.why}${left}${untold}`;
    this.#log.info({ group: spec.name, pool: name, why: state.why }, "pool switched");
    this.#events.emit({
      what: to === undefined ? "no-pool" : "pool-switch",
      where: this.#groups.length > 1 ? `pools ${spec.name}` : "pools",
      rule: "fail-over",
      measured: from?.parts.name ?? null,
      limit: null,
      action: to === undefined ? "hashing waits" : `hashing goes to ${name}`,
      reason,
    });
  }

  #tellEnd(pool: Pool, end: LinkEnd): void {
    if (end.kind === "asked" || !this.#mayTell(this.#clock.nowMs())) return;
    this.#events.emit({
      what: "pool-lost",
      where: `pool ${pool.parts.name}`,
      rule: end.kind,
      measured: null,
      limit: null,
      action: "connects again",
      reason: end.reason,
    });
  }

  #tellBlock(pool: Pool, chainIndex: number, hash: Uint8Array): void {
    const name = toHex(reversed(hash));
    this.#events.emit({
      what: "block-found",
      where: `chain ${chainIndex}`,
      rule: "network-target",
      measured: name,
      limit: null,
      action: `sent to ${pool.parts.name}`,
      reason: `block ${name} found for ${pool.parts.name}`,
    });
  }
}
