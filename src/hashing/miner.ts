/** The miner process as one object: chains come up, the pool feeds them, shares go out, and a snapshot tells how it goes. */

import type { ChainAllowance, ChainReport } from "../control/guard-link.ts";
import type { Logger } from "../lib/log.ts";
import { Signal } from "../lib/signal.ts";
import type { Aead } from "../noise/aead.ts";
import type { Handshaker } from "../noise/handshaker.ts";
import type { Platform } from "../ports/platform.ts";
import { NO_POOL, noPoolSnapshot } from "../telemetry/empty-snapshot.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { MinerSnapshot } from "../telemetry/snapshot.ts";
import { AccountBook } from "../upstream/account-book.ts";
import type { PoolIdentity } from "../upstream/account-record.ts";
import type { DeviceIdentity } from "../upstream/endpoint.ts";
import { isEncrypted } from "../upstream/pool-address.ts";
import { ChainLife, type ChainStart } from "./chain-life.ts";
import { alwaysOnRules, type ChainLifecycleRules, type ChainState } from "./chain-lifecycle.ts";
import { chainSnapshot, reasonOf, totalOf } from "./chain-snapshot.ts";
import { type LinkPorts, openLink } from "./open-link.ts";
import type { Pool } from "./pool.ts";
import type { GroupSpec } from "./pool-groups.ts";
import { type PoolGroupOptions, type PoolOptions, poolKey } from "./pool-options.ts";
import { PoolSet } from "./pool-set.ts";
import { poolSnapshot } from "./pool-snapshot.ts";

export interface MinerOptions {
  readonly groups: readonly PoolGroupOptions[];
  readonly identity: DeviceIdentity;
  /** Goes on with what earlier runs counted; absent: counts begin with this run. */
  readonly accounts?: AccountBook;
  readonly chains: readonly ChainStart[];
  /** How chains are restarted. Absent: one attempt each, for chains whose power nobody here switches. */
  readonly lifecycle?: ChainLifecycleRules;
  readonly simulated: boolean;
  /** Every rate is nominal ÷ scale; 1 on real hardware. */
  readonly scale: number;
}

/** The cipher, and who does the arithmetic of handshakes; absent: this thread. */
export interface NoisePorts {
  readonly aead: Aead;
  readonly handshaker?: Handshaker;
}

/** Often enough for every deadline of a chain's life. */
const LIFE_TICK_MS = 100;

export class Miner {
  readonly #platform: Platform;
  readonly #options: MinerOptions;
  readonly #log: Logger;
  readonly #linkPorts: LinkPorts;
  readonly #accounts: AccountBook;
  readonly #pools: PoolSet;
  readonly #lives: readonly ChainLife[];
  readonly #events = new Signal<UntimedEvent>();
  readonly #startedMs: number;
  #ticking: Disposable | undefined;
  #isStarted = false;
  #stopping: Promise<void> | undefined;
  #resolveSettled: () => void = () => {};
  #resolveHopeless: (reason: string) => void = () => {};
  readonly #settled: Promise<void>;
  /** Resolves with the reason when no chain is left that could hash. */
  readonly hopeless: Promise<string>;

  constructor(platform: Platform, noise: NoisePorts, options: MinerOptions, log: Logger) {
    this.#platform = platform;
    this.#options = options;
    this.#log = log;
    this.#startedMs = platform.clock.nowMs();
    this.#settled = new Promise((resolve) => {
      this.#resolveSettled = resolve;
    });
    this.hopeless = new Promise((resolve) => {
      this.#resolveHopeless = resolve;
    });
    this.#linkPorts = {
      clock: platform.clock,
      entropy: platform.entropy,
      ...noise,
      dial: (host, port, signal, tls) => platform.dial(host, port, signal, tls),
    };
    this.#accounts = options.accounts ?? new AccountBook();
    this.#pools = new PoolSet(this.#specsOf(options.groups), platform.clock, log);
    this.#pools.onEvent((event) => this.#events.emit(event));
    this.#lives = options.chains.map(
      (start, index) =>
        new ChainLife(index, start, {
          clock: platform.clock,
          log,
          rules: options.lifecycle ?? alwaysOnRules,
          onHashing: (miner) => this.#pools.addChain(miner),
          onGone: (miner) => this.#pools.removeChain(miner),
          onEvent: (event) => this.#tell(event),
        }),
    );
  }

  /** Lifecycle of chains, for whoever keeps records. */
  onEvent(listener: (event: UntimedEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  /** Wants every chain to hash; resolves when each does or has failed. Never rejects for a chain's sake. */
  start(): Promise<void> {
    this.#isStarted = true;
    // At once: a wrong key or a dead pool should show before the chains have warmed up.
    this.#pools.start();
    this.#wantChains();
    this.#ticking = this.#platform.clock.every(LIFE_TICK_MS, () => this.#tick());
    return this.#settled;
  }

  /** The operator's word: another list of pools. Those that stay keep their connections, and hashing goes on. */
  changePools(groups: readonly PoolGroupOptions[]): void {
    if (this.#stopping !== undefined) return;
    this.#pools.change(this.#specsOf(groups));
    if (this.#isStarted) this.#wantChains();
  }

  /** An operator wants these chains tried again at once, also those that were given up. */
  retry(chains: readonly number[]): void {
    for (const index of chains) this.#lives[index]?.retry();
  }

  /** Without a pool chips would only be warm. */
  #wantChains(): void {
    for (const life of this.#lives) life.want(this.#hasPools, this.#hasPools ? "mining" : NO_POOL);
    this.#look();
  }

  get #hasPools(): boolean {
    return this.#pools.pools.length > 0;
  }

  #specsOf(groups: readonly PoolGroupOptions[]): readonly GroupSpec[] {
    const { identity } = this.#options;
    return groups.map(({ name, part, warmStandby, pools }) => ({
      name,
      warmStandby,
      pools: pools.map((pool) => ({
        key: poolKey(pool),
        name: pool.name,
        url: pool.url,
        encrypted: isEncrypted(pool.address),
        protocol: pool.address.protocol,
        part,
        account: this.#accounts.account(identityOf(pool)),
        openLink: (handlers) => openLink(pool, identity, this.#linkPorts, handlers, this.#log),
      })),
    }));
  }

  /** What the guard allows; until it allows something, no chain is touched. */
  allow(allowances: readonly ChainAllowance[]): void {
    for (const allowance of allowances) this.#lives[allowance.index]?.allow(allowance);
    this.#look();
  }

  /** The chips are told to stop before it returns: their power goes away in this moment, or nobody watches them any more. */
  hashingOff(reason: string, chains?: readonly number[]): void {
    this.#log.warn({ reason, chains }, "hashing off");
    for (const life of this.#lives)
      if (chains === undefined || chains.includes(life.index)) life.hashingOff();
  }

  chainReports(): readonly ChainReport[] {
    const nowMs = this.#platform.clock.nowMs();
    return this.#lives.map((life) => life.report(nowMs));
  }

  /** Closes channels, stops hashing, releases ports. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#ticking?.[Symbol.dispose]();
    for (const life of this.#lives) life.hashingOff();
    if (this.#isStarted) await this.#pools.stop();
    await Promise.all(this.#lives.map((life) => life.close()));
    this.#resolveSettled();
  }

  #tick(): void {
    const nowMs = this.#platform.clock.nowMs();
    for (const life of this.#lives) life.tick(nowMs);
    this.#look();
  }

  /** Whether all chains have come to something, and whether any can still hash. */
  #look(): void {
    const states = this.#lives.map(({ state }) => state);
    // Without pools nothing is waited for.
    const isSettled = ({ at }: ChainState) =>
      at === "hashing" || at === "faulted" || (at === "off" && this.#isStarted && !this.#hasPools);
    if (states.every(isSettled)) this.#resolveSettled();
    if (states.every(({ at }) => at === "faulted"))
      this.#resolveHopeless(
        this.#lives.map(({ index, state }) => `chain ${index}: ${reasonOf(state)}`).join("; "),
      );
  }

  /** What others found out about the miner's affairs: the clock, say. */
  tell(event: UntimedEvent): void {
    this.#events.emit(event);
  }

  /** What failed by the time may succeed now. */
  retryPools(reason: string): void {
    this.#pools.retry("time", reason);
  }

  #tell(event: UntimedEvent): void {
    this.#log.info({ ...event }, "chain");
    this.#events.emit(event);
  }

  /** Single values, which the snapshot only sums up. */
  get newBlockLatency(): LatencyRecorder {
    return this.#shownPool?.link.newBlockLatency ?? new LatencyRecorder();
  }

  /** The pool that stands for all where there is room for one: the first group's active one, else its first. */
  get #shownPool(): Pool | undefined {
    return this.#pools.activeOf(0) ?? this.#pools.pools[0];
  }

  /** "chains": with empty lists where there would be a row for each chip, which is most of it. */
  snapshot(detail: "chips" | "chains" = "chips"): MinerSnapshot {
    const nowMs = this.#platform.clock.nowMs();
    const isStopped = this.#stopping !== undefined;
    const chains = this.#lives.map((life) =>
      chainSnapshot(life, this.#pools, { isStopped, detail, nowMs }),
    );
    const shown = this.#shownPool;
    return {
      uptimeS: (nowMs - this.#startedMs) / 1_000,
      simulated: this.#options.simulated,
      scale: this.#options.scale,
      pool: shown === undefined ? noPoolSnapshot : poolSnapshot(shown, this.#pools, nowMs),
      pools: this.#pools.poolsToShow.map((pool) => poolSnapshot(pool, this.#pools, nowMs)),
      withoutPool: { s: this.#pools.idleMs / 1_000, hashes: this.#pools.idleHashes },
      chains,
      total: totalOf(chains),
    };
  }
}

function identityOf({ address: { protocol, endpoint }, user }: PoolOptions): PoolIdentity {
  return { protocol, host: endpoint.host, port: endpoint.port, user };
}
