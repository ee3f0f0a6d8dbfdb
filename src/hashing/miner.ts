/** The miner process as one object: chains come up, the pool feeds them, shares go out, and a snapshot tells how it goes. */

import { difficultyOfTarget } from "../bitcoin/target.ts";
import type { ChainAllowance, ChainReport } from "../control/guard-link.ts";
import type { Logger } from "../lib/log.ts";
import { Signal } from "../lib/signal.ts";
import type { Aead } from "../noise/aead.ts";
import type { Platform } from "../ports/platform.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import type { LatencyRecorder } from "../telemetry/latency.ts";
import type {
  ChainPhase,
  ChainSnapshot,
  MinerSnapshot,
  NonceCounts,
  PoolSnapshot,
  TotalsSnapshot,
} from "../telemetry/snapshot.ts";
import { type SessionOptions, UpstreamSession } from "../upstream/session.ts";
import { ChainLife, type ChainStart } from "./chain-life.ts";
import { alwaysOnRules, type ChainLifecycleRules, type ChainState } from "./chain-lifecycle.ts";
import type { ChainMiner } from "./chain-miner.ts";
import { Scheduler } from "./scheduler.ts";

export interface MinerOptions {
  /** As the operator wrote it. */
  readonly poolUrl: string;
  readonly session: SessionOptions;
  readonly chains: readonly ChainStart[];
  /** How chains are restarted. Absent: one attempt each, for chains whose power nobody here switches. */
  readonly lifecycle?: ChainLifecycleRules;
  readonly simulated: boolean;
  /** Every rate is nominal ÷ scale; 1 on real hardware. */
  readonly scale: number;
}

/** Often enough for every deadline of a chain's life. */
const LIFE_TICK_MS = 100;

export class Miner {
  readonly #platform: Platform;
  readonly #options: MinerOptions;
  readonly #log: Logger;
  readonly #scheduler: Scheduler;
  readonly #session: UpstreamSession;
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

  constructor(platform: Platform, aead: Aead, options: MinerOptions, log: Logger) {
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
    this.#scheduler = new Scheduler(platform.clock, log);
    this.#session = new UpstreamSession(
      {
        clock: platform.clock,
        entropy: platform.entropy,
        aead,
        dial: (host, port, signal) => platform.dial(host, port, signal),
      },
      options.session,
      this.#scheduler,
      log,
    );
    this.#scheduler.bind(this.#session);
    this.#lives = options.chains.map(
      (start, index) =>
        new ChainLife(index, start, {
          clock: platform.clock,
          log,
          rules: options.lifecycle ?? alwaysOnRules,
          submit: (work, chainIndex, nonce, ntime, version) =>
            this.#session.submit(work, chainIndex, nonce, ntime, version),
          onHashing: (miner) => this.#scheduler.addChain(miner),
          onGone: (miner) => this.#scheduler.removeChain(miner),
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
    this.#session.start();
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
    this.#scheduler.stop();
    if (this.#isStarted) await this.#session.stop();
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

  #tell(event: UntimedEvent): void {
    this.#log.info({ ...event }, "chain");
    this.#events.emit(event);
  }

  /** Single values, which the snapshot only sums up. */
  get newBlockLatency(): LatencyRecorder {
    return this.#session.newBlockLatency;
  }

  /** "chains": with empty lists where there would be a row for each chip, which is most of it. */
  snapshot(detail: "chips" | "chains" = "chips"): MinerSnapshot {
    const nowMs = this.#platform.clock.nowMs();
    const chains = this.#lives.map((life) => this.#chainSnapshot(life, nowMs, detail));
    return {
      uptimeS: (nowMs - this.#startedMs) / 1_000,
      simulated: this.#options.simulated,
      scale: this.#options.scale,
      pool: this.#poolSnapshot(),
      chains,
      total: totalOf(chains),
    };
  }

  #poolSnapshot(): PoolSnapshot {
    const session = this.#session;
    const { channels } = session;
    return {
      url: this.#options.poolUrl,
      phase: session.phase,
      reason: session.reason,
      encrypted: this.#options.session.endpoint.secure,
      connects: session.connects,
      channels: channels.all.map((channel) => ({
        channelId: channel.channelId,
        chainIndexes: this.#scheduler.chainsOf(channel).map(({ index }) => index),
        shareDifficulty: difficultyOfTarget(channel.work?.target ?? channel.target),
        poolJobId: channel.work?.poolJobId ?? null,
        accepted: channel.shares.accepted,
        rejected: channel.shares.rejected,
      })),
      accepted: channels.accepted,
      rejected: channels.rejected,
      rejectedByReason: channels.rejectedByReason,
      unacknowledged: channels.all.reduce((sum, { shares }) => sum + shares.unacknowledged, 0),
      lostUnacknowledged: channels.lostUnacknowledged,
      blocksSeen: channels.blocksSeen,
      newBlockLatencyMs: session.newBlockLatency.snapshot(),
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
        (miner === undefined || chain === undefined ? null : this.#scheduler.reasonFor(miner)),
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
      repeatedWork: miner === undefined ? 0 : this.#scheduler.repeatedWork(miner),
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
