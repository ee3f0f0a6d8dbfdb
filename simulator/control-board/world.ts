/**
 * What is around the emulated computer, on the host: hash chains at the far ends of its UARTs, the heat of their boards, what
 * its lines switch, and the pool that it mines for.
 */
import { imx6BankOf } from "../../boards/control-boards/imx6.ts";
import type { LineRef, MachineSpec } from "../../boards/machine-spec.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { LineSpec, OutputLine } from "../../src/ports/lines.ts";
import { ChainModel, geometryOf } from "../chain/chain-model.ts";
import { HashEngine } from "../hashing/hash-engine.ts";
import { requiredZeroBitsAt } from "../hashing/scale.ts";
import { eepromContent } from "../plant/parts/eeprom-content.ts";
import { Plant } from "../plant/plant.ts";
import { type RunningPool, runSimulatedPool } from "../pool/main.ts";
import { BoardHeat } from "./board-heat.ts";
import { GpioWatch, type LineChange, type WatchedLine } from "./gpio-watch.ts";
import type { UartPorts } from "./qemu.ts";
import { openSocketLine, type SocketLine } from "./socket-line.ts";

/** As the guest names the host's loopback. */
const HOST_FOR_GUEST = "10.0.2.2";
/** That the computer has for hashboards. */
const UARTS = 3;
/** What is switched within it may be seen late by this much. */
const LINES_EVERY_MS = 50;

/** As much of the emulated computer as the world touches. */
export interface BoardPins {
  readGpio(bank: number): Promise<number>;
  setTemperatureC(sensor: number, temperatureC: number): Promise<void>;
}

export interface WorldOptions {
  readonly spec: MachineSpec;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Hashing threads. */
  readonly workers: number;
  /** Told of every line that moves. */
  readonly onLine: (change: LineChange) => void;
}

export interface ShareCount {
  readonly accepted: number;
  readonly rejected: number;
  /** Of the clock. */
  readonly firstAcceptedMs: number | undefined;
}

/** Starts without a computer: chains without power, and nobody who mines. */
export class BoardWorld implements AsyncDisposable {
  readonly spec: MachineSpec;
  readonly plant: Plant;
  /** For a configuration file in the guest. */
  readonly poolUrl: string;
  /** What the memory on the guest's bus holds. */
  readonly memory: Uint8Array;
  readonly #options: WorldOptions;
  readonly #chains: readonly Chain[];
  /** UARTs with no board on them. */
  readonly #spare: readonly SocketLine[];
  readonly #engine: HashEngine;
  readonly #pool: RunningPool;
  readonly #shares = { accepted: 0, rejected: 0, firstAcceptedMs: undefined as number | undefined };

  /** Throws RangeError for a machine that is not declared as an emulated one. */
  static async open(options: WorldOptions): Promise<BoardWorld> {
    const { spec, clock, entropy, workers } = options;
    if (spec.emulated === undefined) throw new RangeError(`${spec.id} is no emulated machine`);
    const engine = await HashEngine.start({ workers });
    const scale = spec.emulated.hashScale;
    const chains = await Promise.all(
      spec.chains.map((_, index) => openChain(spec, index, scale, engine, clock)),
    );
    const spare: SocketLine[] = [];
    while (chains.length + spare.length < UARTS) spare.push(await openSocketLine());
    const pool = await runSimulatedPool({ sharesPerMinute: SHARES_PER_MINUTE }, { clock, entropy });
    return new BoardWorld(options, chains, spare, engine, pool);
  }

  private constructor(
    options: WorldOptions,
    chains: readonly Chain[],
    spare: readonly SocketLine[],
    engine: HashEngine,
    pool: RunningPool,
  ) {
    const { spec, clock } = options;
    const [first] = spec.chains;
    if (first === undefined) throw new RangeError(`${spec.id} has no chains`);
    this.spec = spec;
    this.#options = options;
    this.#chains = chains;
    this.#spare = spare;
    this.#engine = engine;
    this.#pool = pool;
    this.poolUrl = pool.url.replace("127.0.0.1", HOST_FOR_GUEST);
    this.memory = eepromContent(spec.match, first, 0);
    this.plant = new Plant({ spec, chains: chains.map(({ model }) => model), clock, seed: SEED });
    pool.pool.onEvent(({ event }) => {
      if (event === "share-rejected") this.#shares.rejected++;
      if (event !== "share-accepted") return;
      this.#shares.accepted++;
      this.#shares.firstAcceptedMs ??= clock.nowMs();
    });
  }

  /** Ports on loopback, of chain 0 and so on. */
  get uartPorts(): UartPorts {
    const lines = [...this.#chains.map(({ line }) => line), ...this.#spare];
    const [first = 0, second = 0, third = 0] = lines.map(({ port }) => port);
    return [first, second, third];
  }

  get shares(): ShareCount {
    return this.#shares;
  }

  /** From now on the computer's lines switch the boards, and its sensors feel them. */
  async attach(pins: BoardPins): Promise<AttachedBoard> {
    const { spec, plant } = this;
    const { clock, onLine } = this.#options;
    const lines = linesOf(spec);
    const outputs = new Map<WatchedLine, OutputLine>();
    // At rest: no power, held in reset.
    for (const watched of lines)
      outputs.set(watched, await plant.machine.openOutput(watched.line, watched.what === "reset"));
    const switched = (change: LineChange) => {
      for (const [{ chain, what }, output] of outputs)
        if (chain === change.chain && what === change.what) void output.set(change.active);
      onLine(change);
    };
    const gpio = new GpioWatch({
      lines,
      bankOf: imx6BankOf,
      readBank: (bank) => pins.readGpio(bank),
      clock,
      everyMs: LINES_EVERY_MS,
      onChange: switched,
    });
    const heat = new BoardHeat({
      clock,
      boards: spec.chains.length,
      boardC: (board) => plant.state().chains[board]?.boardC ?? Number.NaN,
      setTemperatureC: (sensor, temperatureC) => pins.setTemperatureC(sensor, temperatureC),
    });
    return {
      heat,
      lost: Promise.race([gpio.lost, heat.lost]),
      async [Symbol.asyncDispose]() {
        await gpio[Symbol.asyncDispose]();
        await heat[Symbol.asyncDispose]();
        for (const output of outputs.values()) await output[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
    this.plant[Symbol.dispose]();
    for (const { model, line } of this.#chains) {
      model[Symbol.dispose]();
      await line[Symbol.asyncDispose]();
    }
    for (const line of this.#spare) await line[Symbol.asyncDispose]();
    await this.#engine[Symbol.asyncDispose]();
  }
}

export interface AttachedBoard extends AsyncDisposable {
  readonly heat: BoardHeat;
  /** Rejects when the computer answers no more. */
  readonly lost: Promise<never>;
}

/** Of each channel: enough for a test that is short, and few for a slow computer. */
const SHARES_PER_MINUTE = 60;
const SEED = 1;

interface Chain {
  readonly line: SocketLine;
  readonly model: ChainModel;
}

async function openChain(
  { chains }: MachineSpec,
  index: number,
  scale: number,
  engine: HashEngine,
  clock: Clock,
): Promise<Chain> {
  const { chip, chipCount } = (chains[index] as MachineSpec["chains"][number]).chain;
  const requiredZeroBits = requiredZeroBitsAt(scale);
  const line = await openSocketLine();
  const model: ChainModel = new ChainModel({
    chip,
    chipCount,
    requiredZeroBits,
    scale,
    clock,
    seed: SEED + index,
    searcher: engine.openChain(geometryOf(chip, chipCount, requiredZeroBits)),
    hostBaudRate: () => rateOf(model),
  });
  line.onData((bytes) => {
    // One by one: a command changes the chips' rate for the bytes after it, and the host's goes with it.
    for (let at = 0; at < bytes.length; at++)
      model.receive(bytes.subarray(at, at + 1), rateOf(model));
  });
  model.onTransmit((bytes) => line.write(bytes));
  return { line, model };
}

/** QEMU does not tell the guest's rate: it is taken for that of the chips. */
function rateOf({ chips }: ChainModel): number {
  return chips[0]?.baudRate ?? 0;
}

function linesOf({ chains }: MachineSpec): readonly WatchedLine[] {
  return chains.flatMap(({ reset, enable }, chain) => [
    { chain, what: "reset" as const, line: lineOf(reset, chain) },
    { chain, what: "power" as const, line: lineOf(enable, chain) },
  ]);
}

function lineOf(ref: LineRef | undefined, chain: number): LineSpec {
  if (ref?.via === "gpio") return ref;
  throw new DeviceError(`chain ${chain}`, "watch its lines", "refused", {
    detail: "an emulated machine has reset and enable on GPIO",
  });
}
