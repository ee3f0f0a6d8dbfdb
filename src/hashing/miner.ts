/** The miner process as one object: chains come up, the pool feeds them, shares go out, and a snapshot tells how it goes. */

import type { ChainAllowance, ChainReport } from "../control/guard-link.ts";
import type { Logger } from "../lib/log.ts";
import { Signal } from "../lib/signal.ts";
import type { Aead } from "../noise/aead.ts";
import type { Handshaker } from "../noise/handshaker.ts";
import type { Platform } from "../ports/platform.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import type { LatencyRecorder } from "../telemetry/latency.ts";
import type {
  ChainPhase,
  ChainSnapshot,
  MinerSnapshot,
  NonceCounts,
  TotalsSnapshot,
} from "../telemetry/snapshot.ts";
import { AccountBook } from "../upstream/account-book.ts";
import type { PoolIdentity } from "../upstream/account-record.ts";
import type { DeviceIdentity } from "../upstream/endpoint.ts";
import { isEncrypted } from "../upstream/pool-address.ts";
import { ChainLife, type ChainStart } from "./chain-life.ts";
import { alwaysOnRules, type ChainLifecycleRules, type ChainState } from "./chain-lifecycle.ts";
import type { ChainMiner } from "./chain-miner.ts";
import { type LinkPorts, openLink } from "./open-link.ts";
import type { Pool } from "./pool.ts";
import type { PoolGroupOptions, PoolOptions } from "./pool-options.ts";
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
    const ports: LinkPorts = {
      clock: platform.clock,
      entropy: platform.entropy,
      ...noise,
      dial: (host, port, signal, tls) => platform.dial(host, port, signal, tls),
    };
    const accounts = options.accounts ?? new AccountBook();
    this.#pools = new PoolSet(
      options.groups.map(({ name, part, warmStandby, pools }) => ({
        name,
        warmStandby,
        pools: pools.map((pool) => ({
          name: pool.name,
          url: pool.url,
          encrypted: isEncrypted(pool.address),
          protocol: pool.address.protocol,
          part,
          account: accounts.account(identityOf(pool)),
          openLink: (handlers) => openLink(pool, options.identity, ports, handlers, log),
        })),
      })),
      platform.clock,
      log,
    );
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
    for (const life of this.#lives) life.want(true, "mining");
    this.#ticking = this.#platform.clock.every(LIFE_TICK_MS, () => this.#tick());
    return this.#settled;
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
    if (states.every(({ at }) => at === "hashing" || at === "faulted")) this.#resolveSettled();
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
    return this.#shownPool.link.newBlockLatency;
  }

  /** The pool that stands for all where there is room for one: the first group's active one, else its first. */
  get #shownPool(): Pool {
    const pool = this.#pools.activeOf(0) ?? this.#pools.pools[0];
    if (pool === undefined) throw new Error("a miner without pools");
    return pool;
  }

  /** "chains": with empty lists where there would be a row for each chip, which is most of it. */
  snapshot(detail: "chips" | "chains" = "chips"): MinerSnapshot {
    const nowMs = this.#platform.clock.nowMs();
    const chains = this.#lives.map((life) => this.#chainSnapshot(life, nowMs, detail));
    return {
      uptimeS: (nowMs - this.#startedMs) / 1_000,
      simulated: this.#options.simulated,
      scale: this.#options.scale,
      pool: poolSnapshot(this.#shownPool, this.#pools, nowMs),
      pools: this.#pools.pools.map((pool) => poolSnapshot(pool, this.#pools, nowMs)),
      withoutPool: { s: this.#pools.idleMs / 1_000, hashes: this.#pools.idleHashes },
      chains,
      total: totalOf(chains),
    };
  }

  #phaseOf({ state, miner }: ChainLife): ChainPhase {
    if (this.#stopping !== undefined && state.at !== "faulted") return "stopped";
    switch (state.at) {
      case "enumerating":
      case "configuring":
      case "ramping":
        return "bringing-up";
      case "hashing":
        return miner?.isHashing === true ? "hashing" : "idle";
      default:
        return state.at;
    }
  }

  #chainSnapshot(life: ChainLife, nowMs: number, detail: "chips" | "chains"): ChainSnapshot {
    const { index, start, chain, miner, state } = life;
    const phase = this.#phaseOf(life);
    const chipRates = detail === "chips" ? miner?.chipRates : undefined;
    return {
      index,
      uart: start.uart,
      chip: start.chip,
      phase,
      reason:
        reasonOf(state) ??
        life.allowanceReason ??
        (miner === undefined || chain === undefined ? null : this.#pools.reasonFor(miner)),
      chipsExpected: start.chipsExpected,
      chipsFound: chain?.chipsFound ?? 0,
      frequencyMHz: chain?.frequencyMHz ?? 0,
      nominalHps: chain?.nominalHps ?? 0,
      bringUpStep: phase === "bringing-up" ? life.step : null,
      hashrateHps: miner?.hashrate.mean(nowMs) ?? 0,
      hashrateWindowsHps: miner?.hashrate.windows(nowMs) ?? { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 },
      ...nonceCounts(miner),
      accepted: miner?.accepted ?? 0,
      rejected: miner?.rejected ?? 0,
      repeatedWork: miner === undefined ? 0 : this.#pools.repeatedWork(miner),
      wire: {
        framesReceived: chain?.counters.framesReceived ?? 0,
        bytesDropped: chain?.counters.bytesDropped ?? 0,
        crcErrors: chain?.counters.crcErrors ?? 0,
        wrongChipIds: chain?.counters.wrongChipIds ?? 0,
        unexpectedFrames: chain?.counters.unexpectedFrames ?? 0,
      },
      newBlockLatencyMs: miner?.newBlockLatency.snapshot() ?? null,
      chipCounters: {
        hashesDone: life.counters.hashesDone,
        nonceErrors: life.counters.nonceErrors,
        nonceShare: life.counters.nonceShare,
      },
      chipHashrateHps: chipRates?.means(nowMs) ?? [],
      chipHashrateWindowsHps: chipRates?.windows(nowMs) ?? [],
    };
  }
}

function identityOf({ address: { protocol, endpoint }, user }: PoolOptions): PoolIdentity {
  return { protocol, host: endpoint.host, port: endpoint.port, user };
}

function reasonOf(state: ChainState): string | null {
  return "reason" in state ? state.reason : null;
}

function nonceCounts(miner: ChainMiner | undefined): NonceCounts {
  const outcomes = miner?.outcomes;
  return {
    submitted: outcomes?.submit ?? 0,
    belowShareTarget: outcomes?.["below-share-target"] ?? 0,
    duplicate: outcomes?.duplicate ?? 0,
    stale: outcomes?.stale ?? 0,
    hardwareErrors: outcomes?.["hardware-error"] ?? 0,
    unknownJob: outcomes?.["unknown-job"] ?? 0,
  };
}

function totalOf(chains: readonly ChainSnapshot[]): TotalsSnapshot {
  const sum = (pick: (chain: ChainSnapshot) => number) =>
    chains.reduce((total, chain) => total + pick(chain), 0);
  return {
    chipsFound: sum((chain) => chain.chipsFound),
    nominalHps: sum((chain) => chain.nominalHps),
    hashrateHps: sum((chain) => chain.hashrateHps),
    hashrateWindowsHps: {
      s5: sum((chain) => chain.hashrateWindowsHps.s5),
      m1: sum((chain) => chain.hashrateWindowsHps.m1),
      m5: sum((chain) => chain.hashrateWindowsHps.m5),
      m15: sum((chain) => chain.hashrateWindowsHps.m15),
      h24: sum((chain) => chain.hashrateWindowsHps.h24),
    },
    submitted: sum((chain) => chain.submitted),
    belowShareTarget: sum((chain) => chain.belowShareTarget),
    duplicate: sum((chain) => chain.duplicate),
    stale: sum((chain) => chain.stale),
    hardwareErrors: sum((chain) => chain.hardwareErrors),
    unknownJob: sum((chain) => chain.unknownJob),
    accepted: sum((chain) => chain.accepted),
    rejected: sum((chain) => chain.rejected),
  };
}
