/**
 * A whole guarded machine in one process under virtual time: the real guard on the ports of a simulated plant, the real
 * miner on simulated chips, a simulated pool. Guard and miner can be frozen and killed like the processes that they are.
 */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { machineById } from "../../boards/machines.ts";
import { EventRecorder, type EventStore } from "../../firmware/guard/event-recorder.ts";
import { Guard } from "../../firmware/guard/guard.ts";
import type {
  GuardSetup,
  LatchedBoard,
  MachineSettings,
} from "../../firmware/guard/guard-setup.ts";
import { openMachineHardware } from "../../firmware/guard/machine-hardware.ts";
import type { MinerHandle } from "../../firmware/guard/miner-keeper.ts";
import { runMiner } from "../../firmware/miner/run-miner.ts";
import { createMiner } from "../../firmware/miner-process.ts";
import { nodeAead } from "../../firmware/node-aead.ts";
import { ChainModel, geometryOf } from "../../simulator/chain/chain-model.ts";
import { openSynchronousSearcher } from "../../simulator/hashing/synchronous-engine.ts";
import type { Assumptions } from "../../simulator/plant/assumptions.ts";
import type { ProcessFaultName } from "../../simulator/plant/faults.ts";
import { Plant, type ProcessFault } from "../../simulator/plant/plant.ts";
import type { PlantState } from "../../simulator/plant/plant-state.ts";
import type { PoolOptions } from "../../simulator/pool/options.ts";
import { SimulatedPool } from "../../simulator/pool/pool.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { GuardMessage, MinerMessage } from "../../src/control/guard-link.ts";
import type { Miner } from "../../src/hashing/miner.ts";
import type { PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import {
  dialerFor,
  linkFor,
  machineFor,
  uartFor,
  VirtualProcess,
} from "../simulation/faults/virtual-process.ts";
import { openChainUart, POOL, virtualGuardSetup } from "../simulation/faults/virtual-setup.ts";
import { memoryLink } from "./memory-link.ts";
import { fixedEntropy } from "./scripted-server.ts";
import { VirtualNetwork } from "./virtual-network.ts";

/** Every hash of a chip with a ticket of 256 is worth a report: as many nonces as a real machine has, few hashes. */
const CHEAPEST_SCALE = 2 ** 40;

export interface VirtualPlantOptions {
  /** Id of a declared machine. */
  readonly machine: string;
  readonly seed?: number;
  readonly settings?: Partial<MachineSettings>;
  /** Fans run on for so long when the guard is told to stop; absent: not at all. */
  readonly fanOutlastMs?: number;
  readonly pool?: Partial<PoolOptions>;
  /** After a guard died; null: nobody starts it again. A supervisor does so at once [ours: what a program takes to start]. */
  readonly guardRestartsAfterMs?: number | null;
  readonly assumptions?: Partial<Assumptions>;
  /** Of the chips; at the cheapest one, when absent, no hash is wrong. A power of two from 2^32. */
  readonly scale?: number;
  /** Done to the machine before anybody uses it. */
  readonly prepare?: (machine: VirtualPlant) => void;
  readonly log?: Logger;
}

export interface VirtualMiner {
  readonly process: VirtualProcess;
  readonly miner: Miner;
  readonly startedMs: number;
}

export interface VirtualGuard {
  readonly process: VirtualProcess;
  readonly guard: Guard;
  readonly recorder: EventRecorder;
  readonly startedMs: number;
}

/** What a guard recorded, by the plant's clock. */
export type PlantEvent = MachineEvent & { readonly atMs: number };

export class VirtualPlant implements Disposable {
  readonly clock = new VirtualClock();
  readonly spec: MachineSpec;
  readonly plant: Plant;
  readonly chains: readonly ChainModel[];
  readonly network: VirtualNetwork;
  readonly pool: SimulatedPool;
  /** The operator's; nobody may change them. */
  readonly settings: MachineSettings;
  /** The same as text, as they were. */
  readonly settingsAtStart: string;
  /** All that ever ran, the present ones last. */
  readonly miners: VirtualMiner[] = [];
  readonly guards: VirtualGuard[] = [];
  /** What guards told miners about hashing, as it went over the channel. */
  readonly hashingOffs: { readonly atMs: number; readonly chains: readonly number[] }[] = [];
  /** What guards had to write down about latched boards, and the plant at that moment. */
  readonly latched: { readonly boards: readonly LatchedBoard[]; readonly plant: PlantState }[] = [];
  readonly disk = { isFull: false, lines: [] as string[] };
  readonly #options: VirtualPlantOptions;
  readonly #scale: number;
  #setup: GuardSetup;
  readonly #entropy = fixedEntropy(7);
  #listening: Disposable | undefined;
  /** In the runtime directory, for the next guard. */
  #latched: readonly LatchedBoard[] = [];
  #closeLink: (() => void) | undefined;
  #killMiner: (() => void) | undefined;

  /** Throws RangeError for a machine that is not declared. */
  constructor(options: VirtualPlantOptions) {
    const spec = machineById(options.machine);
    if (spec === undefined) throw new RangeError(`no machine ${options.machine}`);
    const { clock } = this;
    const { seed = 1, scale = CHEAPEST_SCALE } = options;
    this.#options = options;
    this.#scale = scale;
    this.spec = spec;
    this.chains = spec.chains.map(({ chain: { chip, chipCount } }, index) => {
      const geometry = geometryOf(chip, chipCount, 0);
      return new ChainModel({
        ...{ chip, chipCount, clock, seed: seed + index },
        ...{ requiredZeroBits: 0, scale: this.#scale },
        searcher: openSynchronousSearcher({
          ...{ clock, geometry, order: "sampled", seed: seed + index },
        }),
      });
    });
    const { assumptions = {} } = options;
    this.plant = new Plant({ spec, chains: this.chains, clock, seed, assumptions });
    this.plant.onProcessFault((change) => this.#applyProcessFault(change));
    this.network = new VirtualNetwork({ clock, latencyMs: 0 });
    this.pool = new SimulatedPool(
      { clock, entropy: fixedEntropy(seed), aead: nodeAead },
      options.pool,
    );
    this.hasPool = true;
    this.settings = { fans: { mode: "auto" }, paused: false, ...options.settings };
    this.settingsAtStart = JSON.stringify(this.settings);
    this.#setup = virtualGuardSetup(
      options.machine,
      spec,
      this.settings,
      scale,
      options.fanOutlastMs,
    );
    options.prepare?.(this);
  }

  get hasPool(): boolean {
    return this.#listening !== undefined;
  }

  /** Without: it accepts nobody, and who was connected is cut off. */
  set hasPool(has: boolean) {
    if (has === this.hasPool) return;
    if (has) {
      this.#listening = this.network.listen(POOL.host, POOL.port, (stream) =>
        this.pool.accept(stream),
      );
    } else {
      this.#listening?.[Symbol.dispose]();
      this.#listening = undefined;
      this.network.severAll();
    }
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  get guard(): VirtualGuard | undefined {
    const last = this.guards.at(-1);
    return last?.process.isDead === false ? last : undefined;
  }

  get miner(): VirtualMiner | undefined {
    const last = this.miners.at(-1);
    return last?.process.isDead === false ? last : undefined;
  }

  /** Of all guards, in order. */
  get events(): readonly PlantEvent[] {
    return this.guards.flatMap(({ recorder, startedMs }) =>
      recorder.ring.map((event) => ({ ...event, atMs: startedMs + event.uptimeS * 1_000 })),
    );
  }

  /** As the operator has them now. */
  get pools(): readonly PoolGroupOptions[] {
    return this.#setup.miner.pools;
  }

  get isHashing(): boolean {
    return this.chains.every(({ activeMHz }) => activeMHz > 0);
  }

  /** As the supervisor starts it: its first act is power off and fans full. */
  async startGuard(): Promise<void> {
    const process = new VirtualProcess(this.clock);
    const platform = machineFor(process, this.plant.machine);
    const { log = silentLog } = this.#options;
    const startedMs = this.nowMs;
    const store: EventStore = {
      append: async (lines) => {
        if (this.disk.isFull) throw new Error("ENOSPC: no space left on device");
        this.disk.lines.push(...lines.split("\n").filter((line) => line !== ""));
      },
    };
    const recorder = new EventRecorder(process.clock, store, log);
    const foundLeft = this.guards.length > 0;
    const usbControl = await this.usbControl();
    const hardware = await openMachineHardware(this.spec, platform, usbControl, log);
    const guard = new Guard(hardware, {
      ...{ platform, log, recorder, setup: this.#setup, latched: this.#latched },
      onLatched: (boards) => {
        this.#latched = boards;
        this.latched.push({ boards, plant: this.plant.state() });
      },
      startMiner: (pools) => this.startMiner(process, pools),
    });
    this.guards.push({ process, guard, recorder, startedMs });
    guard.start(foundLeft);
  }

  /** SIGKILL: nothing is switched off in order, and the miner's channel closes. */
  killGuard(): void {
    this.guard?.process.kill();
    this.#closeLink?.();
    const { guardRestartsAfterMs = 300 } = this.#options;
    if (guardRestartsAfterMs !== null)
      this.clock.after(guardRestartsAfterMs, () => void this.startGuard());
  }

  killMiner(): void {
    this.#killMiner?.();
  }

  /** Goes on until then, or until `until` says so; looks every 20 ms. Resolves to the time taken, ms. */
  async run(durationMs: number, until: () => boolean = () => false): Promise<number> {
    const startMs = this.nowMs;
    while (this.nowMs - startMs < durationMs && !until())
      await this.clock.advance(Math.min(20, startMs + durationMs - this.nowMs));
    return this.nowMs - startMs;
  }

  [Symbol.dispose](): void {
    for (const { process } of [...this.guards, ...this.miners]) process.kill();
    this.pool.stop();
    this.plant[Symbol.dispose]();
    for (const chain of this.chains) chain[Symbol.dispose]();
  }

  /** As a supervisor does it: told to the guard that runs, and to each one that it starts. */
  changeSettings(change: Partial<MachineSettings>): void {
    this.#setup = { ...this.#setup, settings: { ...this.#setup.settings, ...change } };
    const { guard } = this;
    guard?.process.deliver(() => guard.guard.changeSettings(this.#setup.settings));
  }

  changePools(pools: readonly PoolGroupOptions[]): void {
    this.#setup = { ...this.#setup, miner: { ...this.#setup.miner, pools } };
    const { guard } = this;
    guard?.process.deliver(() => guard.guard.changePools(pools));
  }

  /** The miner as a child of that process. */
  startMiner(guardProcess: VirtualProcess, pools = this.#setup.miner.pools): MinerHandle {
    const { clock } = this;
    const process = new VirtualProcess(clock);
    const { log = silentLog } = this.#options;
    const platform = {
      clock: process.clock,
      entropy: this.#entropy,
      ...dialerFor(process, this.network),
      openUart: (path: string, baudRate: number) =>
        uartFor(process, async () => openChainUart(this, path, baudRate)),
    };
    const link = memoryLink<GuardMessage, MinerMessage>(clock);
    link.lower.onMessage((message) => {
      if (message.tell === "hashing-off")
        this.hashingOffs.push({ atMs: this.nowMs, chains: message.chains });
    });
    const miner = createMiner(platform, { ...this.#setup.miner, pools }, log, "guarded");
    let end = (_how: string) => {};
    const ended = new Promise<string>((resolve) => {
      end = (how) => {
        process.kill();
        link.close();
        clock.after(0, () => guardProcess.deliver(() => resolve(how)));
      };
    });
    this.#closeLink = () => link.close();
    this.#killMiner = () => end("killed by SIGKILL");
    this.miners.push({ process, miner, startedMs: this.nowMs });
    runMiner(miner, linkFor(process, link.lower), process.clock).then(
      () => end("exit code 0"),
      (error: unknown) => end(String(error)),
    );
    const kill = this.#killMiner;
    return { link: linkFor(guardProcess, link.upper), ended, kill };
  }

  /** Serial device of a USB board's control port. */
  async usbControl(): Promise<string | undefined> {
    const { usb } = await this.plant.machine.readFacts();
    return this.plant.usbControl && usb[0]?.uarts[0];
  }

  #applyProcessFault({ fault, isOn }: { fault: ProcessFault; isOn: boolean }): void {
    const { seconds } = fault;
    const apply: Readonly<Record<ProcessFaultName, () => void>> = {
      "miner-blocked": () => this.#freezeMiner(isOn, seconds),
      "miner-stopped": () => this.#freezeMiner(isOn, seconds),
      "miner-killed": () => isOn && this.killMiner(),
      "guard-killed": () => isOn && this.killGuard(),
      "disk-full": () => {
        this.disk.isFull = isOn;
      },
      "clock-stepped": () => this.clock.shiftWallClock((isOn ? 1 : -1) * (seconds ?? 0)),
    };
    apply[fault.what]();
  }

  #freezeMiner(isFrozen: boolean, seconds: number | undefined): void {
    const process = this.miner?.process;
    if (!isFrozen) process?.thaw();
    else process?.freeze();
    if (isFrozen && seconds !== undefined) this.clock.after(seconds * 1_000, () => process?.thaw());
  }
}
