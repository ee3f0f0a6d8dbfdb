/** Several pools, each behind a network of its own that can die in its own way, and one machine that mines on them. */
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import { nodeAead } from "../../firmware/node-aead.ts";
import type { PoolOptions } from "../../simulator/pool/options.ts";
import { SimulatedPool } from "../../simulator/pool/pool.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { PoolSnapshot } from "../../src/telemetry/snapshot.ts";
import { oneGroup, type PoolWishes } from "../support/pool-options.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { type VirtualMachine, virtualMachine } from "../support/virtual-machine.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import { holdFirstJob } from "./held-jobs.ts";

export type Protocol = "sv2" | "sv1";

const PORT = 34_254;
/** Slow enough that each phase of a connection can be hit. */
const LATENCY_MS = 10;
const STEP_MS = 20;

/** One pool and the way to it. */
export class ArenaPool {
  readonly host: string;
  readonly network: VirtualNetwork;
  readonly #clock: VirtualClock;
  readonly #options: Partial<PoolOptions>;
  readonly #seed: number;
  #listening: Disposable | undefined;
  pool: SimulatedPool;
  readonly protocol: Protocol;
  /** For connections from now on. */
  holdsFirstJob = false;
  /** Set while every channel is closed. */
  closing: Disposable | undefined;

  constructor(
    clock: VirtualClock,
    index: number,
    protocol: Protocol,
    options: Partial<PoolOptions>,
  ) {
    this.host = `pool-${"abcdefgh"[index]}.test`;
    this.protocol = protocol;
    this.#clock = clock;
    this.#options = options;
    this.#seed = 100 + index;
    this.network = new VirtualNetwork({ clock, latencyMs: LATENCY_MS });
    this.pool = this.#newPool();
    this.listen();
  }

  get wishes(): PoolWishes {
    const { host } = this;
    return this.protocol === "sv1"
      ? { url: `stratum+tcp://${host}:${PORT}`, user: `user-of-${host}` }
      : { url: `stratum2+tcp://${host}:${PORT}/${AUTHORITY.text}`, user: `user-of-${host}` };
  }

  listen(): void {
    this.#listening ??= this.network.listen(this.host, PORT, (stream: ByteStream) => {
      const served = this.holdsFirstJob ? holdFirstJob(stream, this.protocol, this.#clock) : stream;
      if (this.protocol === "sv1") this.pool.acceptV1(served);
      else this.pool.accept(served);
    });
  }

  refuse(): void {
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  /** A fresh process at the same place. */
  restart(): void {
    this.pool.stop();
    this.pool = this.#newPool();
    this.network.silent(false);
    this.listen();
  }

  #newPool(): SimulatedPool {
    const ports = { clock: this.#clock, entropy: fixedEntropy(this.#seed), aead: nodeAead };
    return new SimulatedPool(ports, this.#options);
  }
}

export interface ArenaOptions {
  readonly protocols: readonly Protocol[];
  readonly warmStandby?: boolean;
  readonly pool?: Partial<PoolOptions>;
  readonly wishes?: Partial<PoolWishes>;
  /** Higher is cheaper: fewer hashes a second. */
  readonly scale?: number;
  /** False: chips that find nothing, which is much cheaper. */
  readonly isHashing?: boolean;
  readonly groups?: (pools: readonly ArenaPool[]) => readonly PoolGroupOptions[];
}

export class Arena {
  readonly clock = new VirtualClock({ unixSeconds: 1_750_000_000 });
  readonly pools: readonly ArenaPool[];
  readonly machine: VirtualMachine;

  constructor(options: ArenaOptions) {
    const pool = { blockIntervalMs: 60_000, templateIntervalMs: 20_000, ...options.pool };
    this.pools = options.protocols.map(
      (protocol, index) => new ArenaPool(this.clock, index, protocol, pool),
    );
    this.machine = virtualMachine({
      clock: this.clock,
      chip: bm1370,
      chips: 2,
      scale: options.scale ?? 2 ** 28,
      frequencyMHz: 100,
      isHashing: options.isHashing ?? false,
      // Nobody mines on the machine's own pool.
      pool: {
        blockIntervalMs: undefined,
        templateIntervalMs: undefined,
        vardiffPeriodMs: undefined,
      },
      groups:
        options.groups?.(this.pools) ??
        oneGroup(
          this.pools.map(({ wishes }) => ({ ...wishes, ...options.wishes })),
          options.warmStandby ?? true,
        ),
      dial: (host, port, signal) => {
        const found = this.pools.find((one) => one.host === host);
        if (found === undefined) throw new Error(`nobody is called ${host}`);
        return found.network.dial(host, port, signal);
      },
    });
  }

  /** Until the chains are up; they come up beside the pools. */
  async start(): Promise<void> {
    await Promise.all([this.machine.miner.start(), this.run(3_000)]);
  }

  /** Returns the time taken, ms. */
  async run(durationMs: number, until: () => boolean = () => false): Promise<number> {
    const startMs = this.clock.nowMs();
    while (this.clock.nowMs() - startMs < durationMs && !until()) await this.clock.advance(STEP_MS);
    return this.clock.nowMs() - startMs;
  }

  snapshotOf(index: number): PoolSnapshot {
    const snapshot = this.machine.miner.snapshot("chains").pools[index];
    if (snapshot === undefined) throw new RangeError(`no pool ${index}`);
    return snapshot;
  }

  /** Whether every chain hashes, for a pool out of these. */
  hashesFor(...indexes: readonly number[]): boolean {
    const { pools, chains } = this.machine.miner.snapshot("chains");
    return (
      chains.every(({ phase }) => phase === "hashing") &&
      indexes.some((index) => pools[index]?.state === "active")
    );
  }

  async stop(): Promise<void> {
    const stopped = this.machine.miner.stop();
    await this.run(10_000);
    await stopped;
    for (const { pool } of this.pools) pool.stop();
    this.machine.pool.stop();
    await this.clock.advance(1_000);
  }
}
