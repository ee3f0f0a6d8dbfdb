/** What guard and miner tell each other: its reports and counts, its silence, what it is allowed, which pools it knows. */
import type { ChainAllowance, ChainReport, MinerMessage } from "../../src/control/guard-link.ts";
import { MinerSilence } from "../../src/control/miner-silence.ts";
import type { PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MinerSnapshot } from "../../src/telemetry/snapshot.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { type MinerHandle, MinerKeeper } from "./miner-keeper.ts";
import { checkMinerMessage } from "./miner-message-check.ts";

/** A miner that has been silent for this long will not come back. */
const KILL_SILENT_MINER_MS = 4_000;
/** A message may have been dropped. */
const ALLOW_AGAIN_MS = 1_000;

export interface MinerDeskParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  readonly boardCount: number;
  /** Between two calls of `tick`, when nothing is late. */
  readonly tickMs: number;
  readonly pools: readonly PoolGroupOptions[];
  startMiner(pools: readonly PoolGroupOptions[]): MinerHandle;
  onBeat(chains: readonly ChainReport[]): void;
  /** It is gone: nobody feeds the chips any more, and nobody could stop them. */
  onLost(): void;
}

export class MinerDesk {
  readonly keeper: MinerKeeper;
  readonly #parts: MinerDeskParts;
  readonly #silence: MinerSilence;
  #reports: readonly ChainReport[] = [];
  #snapshot: MinerSnapshot | null = null;
  #pools: readonly PoolGroupOptions[];
  /** What the present miner knows. */
  #toldPools: readonly PoolGroupOptions[];
  #lastAllowed = "";
  #allowedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: MinerDeskParts) {
    this.#parts = parts;
    this.#silence = new MinerSilence(parts.tickMs);
    this.#pools = parts.pools;
    this.#toldPools = parts.pools;
    const startMiner = () => {
      this.#toldPools = this.#pools;
      return parts.startMiner(this.#pools);
    };
    this.keeper = new MinerKeeper(parts.clock, startMiner, {
      onMessage: (message) => this.#hear(message),
      onEnded: () => {
        this.#reports = [];
        this.#silence.stop();
        parts.onLost();
      },
      record: (event) => parts.recorder.record(event),
    });
  }

  /** Of its last sign of life; empty while there is no miner. */
  get reports(): readonly ChainReport[] {
    return this.#reports;
  }

  /** Its last counts; they outlive it. */
  get snapshot(): MinerSnapshot | null {
    return this.#snapshot;
  }

  /** By the guard's own running time; null while there is no miner. */
  get silentMs(): number | null {
    return this.#silence.silentMs;
  }

  tick(nowMs: number): void {
    this.#silence.tick(nowMs);
  }

  /** Hashing goes on; a miner that has just been started is told with its first sign of life. */
  changePools(pools: readonly PoolGroupOptions[]): void {
    this.#pools = pools;
  }

  /** When something changed, and once a second. */
  allow(chains: readonly ChainAllowance[], nowMs: number): void {
    const text = JSON.stringify(chains);
    if (text === this.#lastAllowed && nowMs - this.#allowedAtMs < ALLOW_AGAIN_MS) return;
    this.#lastAllowed = text;
    this.#allowedAtMs = nowMs;
    this.keeper.link?.send({ tell: "allow", chains });
  }

  /** Power goes away in the same moment. */
  hashingOff(chains: readonly number[], reason: string): void {
    this.keeper.link?.send({ tell: "hashing-off", chains, reason });
  }

  /** Also one that was given up. */
  retry(chain: number): void {
    this.keeper.link?.send({ tell: "retry", chains: [chain] });
  }

  killWhenSilent(): void {
    const { silentMs } = this;
    if (silentMs !== null && silentMs >= KILL_SILENT_MINER_MS)
      this.keeper.kill(`no sign of life for ${(silentMs / 1_000).toFixed(1)} s`);
  }

  #hear(message: MinerMessage): void {
    const { log, recorder, boardCount, onBeat } = this.#parts;
    const problem = checkMinerMessage(message, boardCount);
    if (problem !== undefined) {
      log.warn({ problem }, "the miner says what cannot be understood");
      return;
    }
    switch (message.tell) {
      case "beat":
        this.#silence.beat();
        this.#reports = message.chains;
        this.#tellPools();
        onBeat(message.chains);
        return;
      case "event":
        recorder.record(message.event);
        return;
      case "snapshot":
        this.#snapshot = withChips(message.snapshot, this.#snapshot);
        return;
      case "stopped":
        return;
      default:
        message satisfies never;
    }
  }

  /** Only who has given a sign of life hears it for certain. */
  #tellPools(): void {
    if (this.#toldPools === this.#pools) return;
    this.#toldPools = this.#pools;
    this.keeper.link?.send({ tell: "pools", pools: this.#pools });
  }
}

/** Rows of chips come seldom; until then the last ones stand. */
function withChips(told: MinerSnapshot, before: MinerSnapshot | null): MinerSnapshot {
  const chains = told.chains.map((chain, index) => {
    const earlier = before?.chains[index];
    if (chain.chipHashrateHps.length > 0 || earlier === undefined) return chain;
    const { chipHashrateHps, chipHashrateWindowsHps } = earlier;
    return { ...chain, chipHashrateHps, chipHashrateWindowsHps };
  });
  return { ...told, chains };
}
