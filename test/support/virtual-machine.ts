/** A whole machine in one process under virtual time: real miner, real driver, simulated chips, simulated pool. */
import { chainOf } from "../../boards/known-boards.ts";
import { bringUpChain } from "../../drivers/bm13xx/chain.ts";
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { nodeAead } from "../../firmware/node-aead.ts";
import { ChainModel, geometryOf } from "../../simulator/chain/chain-model.ts";
import type { ChainSearcher } from "../../simulator/hashing/chain-searcher.ts";
import { requiredZeroBitsAt } from "../../simulator/hashing/scale.ts";
import { openSynchronousSearcher } from "../../simulator/hashing/synchronous-engine.ts";
import type { PoolOptions } from "../../simulator/pool/options.ts";
import { SimulatedPool } from "../../simulator/pool/pool.ts";
import { openSimUart, type SimDevice } from "../../simulator/sim-uart.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { Miner } from "../../src/hashing/miner.ts";
import type { ChannelKind, PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import { alwaysAllowed } from "../../src/hashing/power.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Platform } from "../../src/ports/platform.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { oneGroup } from "./pool-options.ts";
import { AUTHORITY, fixedEntropy } from "./scripted-server.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const HOST = "pool.test";
const PORT = 34_254;
const RESET_BAUD = 115_200;
/** Of the simulated pool. */
export const POOL_URL = `stratum2+tcp://${HOST}:${PORT}/${AUTHORITY.text}`;

export interface VirtualMachineOptions {
  readonly chip: Bm13xxChip;
  readonly chips: number;
  readonly chains?: number;
  /** Power of two; high, as all hashes are made on this thread. */
  readonly scale: number;
  readonly frequencyMHz?: number;
  /** Low by default, so that few chips report often. */
  readonly ticketDifficulty?: number;
  /** Of the simulated pool. */
  readonly pool?: Partial<PoolOptions>;
  /** Where the miner mines; absent: on the simulated pool alone. */
  readonly groups?: readonly PoolGroupOptions[];
  readonly channel?: ChannelKind;
  /** Where connections go; absent: to the simulated pool, by `network`. */
  readonly dial?: Platform["dial"];
  readonly clock?: VirtualClock;
  readonly versionMask?: number;
  readonly seed?: number;
  /** False: the chips obey but find nothing, as fits full difficulty. */
  readonly isHashing?: boolean;
}

/** Chips that never find anything. */
const noSearcher: ChainSearcher = {
  publish() {},
  onHit: () => ({ [Symbol.dispose]() {} }),
  hashesDone: () => 0,
  [Symbol.dispose]() {},
};

export interface VirtualMachine {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly miner: Miner;
  readonly models: readonly ChainModel[];
  readonly devices: readonly SimDevice[];
  pool: SimulatedPool;
  /** What the miner sent to each chain, write by write. */
  readonly sent: readonly Uint8Array[][];
  listen(): Disposable;
  /** A fresh pool at the same place, as after a restart. */
  restartPool(): void;
  /** Advances in steps that let everything settle; stops early when `until` says so. Returns the time taken, ms. */
  run(durationMs: number, until?: () => boolean): Promise<number>;
}

export function virtualMachine(options: VirtualMachineOptions): VirtualMachine {
  const clock = options.clock ?? new VirtualClock({ unixSeconds: 1_750_000_000 });
  const network = new VirtualNetwork({ clock, latencyMs: 1 });
  const entropy = fixedEntropy(options.seed ?? 1);
  const spec = chainOf(options.chip, options.chips);
  const frequencyMHz = options.frequencyMHz ?? spec.frequencyMHz;
  const requiredZeroBits = requiredZeroBitsAt(options.scale);
  const sent: Uint8Array[][] = [];
  const lines = Array.from({ length: options.chains ?? 1 }, (_, index) => {
    const { uart, device } = openSimUart({ clock, path: `sim-uart${index}`, baudRate: RESET_BAUD });
    const model = new ChainModel({
      chip: options.chip,
      chipCount: options.chips,
      requiredZeroBits,
      scale: options.scale,
      clock,
      seed: (options.seed ?? 1) + index,
      searcher:
        options.isHashing === false
          ? noSearcher
          : openSynchronousSearcher({
              clock,
              geometry: geometryOf(options.chip, options.chips, requiredZeroBits),
              stepMs: 50,
            }),
      hostBaudRate: () => device.hostBaudRate(),
    });
    sent.push([]);
    device.onData((bytes) => {
      sent[index]?.push(bytes.slice());
      model.receive(bytes, device.hostBaudRate());
    });
    model.onTransmit((bytes) => device.write(bytes));
    return { uart, device, model };
  });

  const newPool = () => new SimulatedPool({ clock, entropy, aead: nodeAead }, options.pool);
  const machine = { pool: newPool() };
  const listen = () => network.listen(HOST, PORT, (stream) => machine.pool.accept(stream));
  const platform: Platform = {
    clock,
    entropy,
    dial: options.dial ?? ((host, port, signal) => network.dial(host, port, signal)),
    async openUart(path) {
      const line = lines.find(({ uart }) => uart.path === path);
      if (line === undefined) throw new DeviceError(path, "open", "not-found");
      return line.uart;
    },
  };
  const miner = new Miner(
    platform,
    { aead: nodeAead },
    {
      groups:
        options.groups ??
        oneGroup([
          {
            url: POOL_URL,
            versionMask: options.versionMask ?? BIP320_MASK,
            channel: options.channel ?? "standard",
          },
        ]),
      identity: { vendor: "asicd", hardwareVersion: "virtual", firmware: "test", deviceId: "" },
      chains: lines.map(({ uart }) => ({
        uart: uart.path,
        chip: options.chip.name,
        chipsExpected: options.chips,
        frequencyMHz,
        highestFrequencyMHz: frequencyMHz,
        mayRunWithFewerChips: false,
        bringUp: async ({ signal }) =>
          bringUpChain(
            await platform.openUart(uart.path, RESET_BAUD),
            clock,
            {
              ...spec,
              frequencyMHz,
              ticketDifficulty: options.ticketDifficulty ?? 8,
              hashScale: options.scale,
            },
            signal,
            silentLog,
          ),
      })),
      simulated: true,
      scale: options.scale,
    },
    silentLog,
  );
  miner.allow(alwaysAllowed(lines.length));
  return {
    clock,
    network,
    miner,
    models: lines.map(({ model }) => model),
    devices: lines.map(({ device }) => device),
    get pool() {
      return machine.pool;
    },
    set pool(pool) {
      machine.pool = pool;
    },
    sent,
    listen,
    restartPool() {
      machine.pool.stop();
      machine.pool = newPool();
    },
    async run(durationMs, until = () => false) {
      const startMs = clock.nowMs();
      while (clock.nowMs() - startMs < durationMs && !until()) await clock.advance(20);
      return clock.nowMs() - startMs;
    },
  };
}
