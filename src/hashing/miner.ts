/** The miner process as one object: chains come up, the pool feeds them, shares go out, and a snapshot tells how it goes. */

import { difficultyOfTarget } from "../bitcoin/target.ts";
import { DeviceError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Aead } from "../noise/aead.ts";
import type { Platform } from "../ports/platform.ts";
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
import { ChainMiner } from "./chain-miner.ts";
import type { HashChain } from "./hash-chain.ts";
import { Scheduler } from "./scheduler.ts";

/** A chain that shall hash: what is known before it is up, and how to bring it up. */
export interface ChainStart {
  readonly uart: string;
  readonly chip: string;
  readonly chipsExpected: number;
  /** Brings the chips up; the miner owns the chain from then on. */
  bringUp(signal: AbortSignal, onStep: (step: string) => void): Promise<HashChain>;
}

export interface MinerOptions {
  /** As the operator wrote it. */
  readonly poolUrl: string;
  readonly session: SessionOptions;
  readonly chains: readonly ChainStart[];
  readonly simulated: boolean;
  /** Every rate is nominal ÷ scale; 1 on real hardware. */
  readonly scale: number;
}

interface ChainState {
  readonly index: number;
  readonly start: ChainStart;
  phase: ChainPhase;
  reason: string | null;
  step: string | null;
  chain: HashChain | undefined;
  miner: ChainMiner | undefined;
}

export class Miner {
  readonly #platform: Platform;
  readonly #options: MinerOptions;
  readonly #log: Logger;
  readonly #scheduler: Scheduler;
  readonly #session: UpstreamSession;
  readonly #chains: ChainState[];
  readonly #abort = new AbortController();
  readonly #startedMs: number;
  #isUpstreamStarted = false;
  #bringUps: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #resolveHopeless: (reason: string) => void = () => {};
  /** Resolves with the reason when no chain is left that could hash. */
  readonly hopeless: Promise<string>;

  constructor(platform: Platform, aead: Aead, options: MinerOptions, log: Logger) {
    this.#platform = platform;
    this.#options = options;
    this.#log = log;
    this.#startedMs = platform.clock.nowMs();
    this.#chains = options.chains.map((start, index) => ({
      index,
      start,
      phase: "off",
      reason: null,
      step: null,
      chain: undefined,
      miner: undefined,
    }));
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
  }

  /** Brings all chains up side by side; resolves when each is hashing or faulted. Never rejects for a chain's sake. */
  async start(): Promise<void> {
    this.#isUpstreamStarted = true;
    // At once: a wrong key or a dead pool should show before the chains have warmed up.
    this.#session.start();
    this.#bringUps = Promise.all(this.#chains.map((state) => this.#bringUp(state)));
    await this.#bringUps;
  }

  /** Closes channels, stops hashing, releases ports. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#abort.abort(new DOMException("stopping", "AbortError"));
    this.#scheduler.stop();
    if (this.#isUpstreamStarted) await this.#session.stop();
    // A chain in the middle of its bring-up closes its port by itself; whatever else went wrong there is start()'s to tell.
    await this.#bringUps.catch(() => {});
    await Promise.all(
      this.#chains.map(async (state) => {
        await state.chain?.[Symbol.asyncDispose]();
        if (state.phase !== "faulted") state.phase = "stopped";
      }),
    );
  }

  async #bringUp(state: ChainState): Promise<void> {
    state.phase = "bringing-up";
    let chain: HashChain;
    try {
      chain = await state.start.bringUp(this.#abort.signal, (step) => {
        state.step = step;
      });
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (!(error instanceof DeviceError)) throw error;
      this.#fault(state, error);
      return;
    }
    state.chain = chain;
    if (this.#abort.signal.aborted) {
      await chain[Symbol.asyncDispose]();
      return;
    }
    const miner = new ChainMiner(
      state.index,
      chain,
      this.#platform.clock,
      (work, chainIndex, nonce, ntime, version) =>
        this.#session.submit(work, chainIndex, nonce, ntime, version),
    );
    state.miner = miner;
    state.phase = "hashing";
    chain.onGone((error) => {
      this.#scheduler.removeChain(miner);
      this.#fault(state, error);
    });
    this.#scheduler.addChain(miner);
  }

  #fault(state: ChainState, error: DeviceError): void {
    state.phase = "faulted";
    state.reason = error.message;
    this.#log.error(
      { chain: state.index, code: error.code, reason: error.message },
      "chain faulted",
    );
    if (this.#chains.every(({ phase }) => phase === "faulted")) {
      this.#resolveHopeless(
        this.#chains.map(({ index, reason }) => `chain ${index}: ${reason}`).join("; "),
      );
    }
  }

  /** Single values, which the snapshot only sums up. */
  get newBlockLatency(): LatencyRecorder {
    return this.#session.newBlockLatency;
  }

  snapshot(): MinerSnapshot {
    const nowMs = this.#platform.clock.nowMs();
    const chains = this.#chains.map((state) => this.#chainSnapshot(state, nowMs));
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

  #chainSnapshot(state: ChainState, nowMs: number): ChainSnapshot {
    const { index, start, chain, miner } = state;
    const idle = state.phase === "hashing" && miner?.isHashing === false;
    return {
      index,
      uart: start.uart,
      chip: start.chip,
      phase: idle ? "idle" : state.phase,
      reason: state.reason ?? (miner === undefined ? null : this.#scheduler.reasonFor(miner)),
      chipsExpected: start.chipsExpected,
      chipsFound: chain?.chipsFound ?? 0,
      frequencyMHz: chain?.frequencyMHz ?? 0,
      nominalHps: chain?.nominalHps ?? 0,
      bringUpStep: state.phase === "bringing-up" ? state.step : null,
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
      chipHashrateHps: miner?.chipRates.means(nowMs) ?? [],
      chipHashrateWindowsHps: miner?.chipRates.windows(nowMs) ?? [],
    };
  }
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
