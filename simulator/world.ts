/**
 * The simulated world: chains of chips at the far ends of PTYs with hashing threads that they share, the plant around them
 * (heat, fans, supplies, sensors) behind a socket, and a pool. It outlives the programs that use it.
 */
import { appendFileSync } from "node:fs";
import { machineOf } from "../boards/machine-ref.ts";
import type { MachineSpec } from "../boards/machine-spec.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Entropy } from "../src/ports/entropy.ts";
import { ChainModel, geometryOf } from "./chain/chain-model.ts";
import { HashEngine } from "./hashing/hash-engine.ts";
import { chooseScale, requiredZeroBitsAt } from "./hashing/scale.ts";
import { parseFaults } from "./plant/fault-script.ts";
import { Plant } from "./plant/plant.ts";
import { runSimulatedPool } from "./pool/main.ts";
import type { SimulatedPool } from "./pool/pool.ts";
import { servePorts } from "./ports/port-server.ts";
import type { ProcessFaultChange } from "./process-faults.ts";
import { openPty, type Pty } from "./pty.ts";
import type { WorldOptions, WorldReady, WorldResult } from "./world-messages.ts";

export interface WorldHere {
  readonly ready: WorldReady;
  close(): Promise<WorldResult>;
}

/** Opens the world in this process. Throws Error for an unknown machine, or where there are no PTYs. */
export async function openWorldHere(
  options: WorldOptions,
  clock: Clock,
  entropy: Entropy,
  onProcessFault: (change: ProcessFaultChange) => void,
): Promise<WorldHere> {
  const spec = machineOf(options.machine);
  if (spec === undefined) throw new Error(`machine ${JSON.stringify(options.machine)}: not known`);
  const engine = await HashEngine.start(
    options.workers === undefined ? {} : { workers: options.workers },
  );
  const hostHps = await engine.measureHostHps();
  const scale = chooseScale(options.nominalHps, hostHps);
  const chains = await openChains(spec, options.seed, scale, engine, clock);
  const plant = new Plant({
    spec,
    chains: chains.map(({ model }) => model),
    clock,
    seed: options.seed,
    unixMs: Date.now,
  });
  if (options.recordFile !== undefined) keepRecord(plant, options.recordFile);
  plant.onProcessFault(({ fault: { what, seconds }, isOn }) =>
    onProcessFault({ what, seconds: seconds ?? null, isOn }),
  );
  for (const fault of parseFaults(options.faults, spec)) plant.schedule(fault);
  const control = plant.usbControl && (await openUsbControl(plant.usbControl));
  if (control !== undefined)
    plant.nameUsbUarts([control.path, ...chains.map(({ pty }) => pty.path)]);
  const ports = await servePorts(plant.machine, options.portsSocket);
  const pool =
    options.pool === undefined
      ? undefined
      : await runSimulatedPool(options.pool, { clock, entropy });
  if (options.recordFile !== undefined && pool !== undefined)
    keepShares(pool.pool, options.recordFile);
  return {
    ready: {
      uarts: chains.map(({ pty }) => pty.path),
      usbControl: control?.path,
      scale,
      hostHps,
      workers: engine.workerCount,
      search: engine.search,
      poolUrl: pool?.url,
    },
    async close() {
      const counted = pool?.pool.statistics();
      await pool?.close();
      await ports[Symbol.asyncDispose]();
      plant[Symbol.dispose]();
      await control?.close();
      for (const { pty, model } of chains) {
        model[Symbol.dispose]();
        await pty.close();
      }
      await engine[Symbol.asyncDispose]();
      return { poolAccepted: counted?.accepted ?? 0, poolRejected: counted?.rejected ?? 0 };
    },
  };
}

interface Chain {
  readonly pty: Pty;
  readonly model: ChainModel;
}

function openChains(
  spec: MachineSpec,
  seed: number,
  scale: number,
  engine: HashEngine,
  clock: Clock,
): Promise<readonly Chain[]> {
  const requiredZeroBits = requiredZeroBitsAt(scale);
  return Promise.all(
    spec.chains.map(async ({ chain: { chip, chipCount } }, index) => {
      const pty = await openPty();
      const model = new ChainModel({
        chip,
        chipCount,
        requiredZeroBits,
        scale,
        clock,
        seed: seed + index,
        searcher: engine.openChain(geometryOf(chip, chipCount, requiredZeroBits)),
        hostBaudRate: () => pty.hostBaudRate(),
      });
      pty.onData((bytes) => model.receive(bytes, pty.hostBaudRate()));
      model.onTransmit((bytes) => pty.write(bytes));
      return { pty, model };
    }),
  );
}

async function openUsbControl(control: NonNullable<Plant["usbControl"]>): Promise<Pty> {
  const pty = await openPty();
  pty.onData((bytes) => control.receive(bytes));
  control.onTransmit((bytes) => pty.write(bytes));
  return pty;
}

/** In the record beside what happened physically: the pool judges a share. */
export interface ShareEntry {
  readonly unixMs: number;
  readonly what: "share";
  readonly accepted: boolean;
}

/** Synchronously: what is written has happened, even if the world is killed in the next moment. */
function keepRecord(plant: Plant, file: string): void {
  plant.record.onEntry((entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`));
}

function keepShares(pool: SimulatedPool, file: string): void {
  pool.onEvent(({ event }) => {
    if (event !== "share-accepted" && event !== "share-rejected") return;
    const accepted = event === "share-accepted";
    const entry: ShareEntry = { unixMs: Date.now(), what: "share", accepted };
    appendFileSync(file, `${JSON.stringify(entry)}\n`);
  });
}
