/** All hardware that the guard owns, opened from a declaration into its safe state: chips in reset, power off, fans full. */
import type { MachineChainSpec, MachineSpec } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { OutputLine } from "../../src/ports/lines.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import { BoardHardware } from "./board-hardware.ts";
import { type FanGroup, openFanGroup } from "./fan-group.ts";
import { type Lamps, openLamps } from "./lamps.ts";
import { MachineSupply } from "./machine-supply.ts";
import { OpenPorts } from "./open-ports.ts";

export interface MachineHardware extends AsyncDisposable {
  readonly spec: MachineSpec;
  readonly boards: readonly BoardHardware[];
  readonly fans: readonly FanGroup[];
  readonly supply: MachineSupply | undefined;
  readonly lamps: Lamps;
}

/**
 * The lines come first: they need no bus, and power is off when they are there. Rejects with DeviceError when a line, a fan
 * or a bus of the declaration does not exist: a machine that is not the declared one gets no power.
 */
export async function openMachineHardware(
  spec: MachineSpec,
  platform: MachinePlatform,
  usbControl: string | undefined,
  log: Logger,
): Promise<MachineHardware> {
  const ports = new OpenPorts(platform, usbControl);
  try {
    const enable = spec.supply && (await ports.openOutput(spec.supply.enable, false));
    const lines = await Promise.all(spec.chains.map((chain) => openLines(chain, ports)));
    await Promise.all(spec.chains.map((chain) => tellOff(chain, ports, platform, log)));
    const fans = await Promise.all(spec.fans.map((fan) => openFanGroup(fan, ports)));
    const supply = await openSupply(spec, enable, ports, platform);
    const boards = await Promise.all(
      spec.chains.map(async (chain, index) => {
        const sensors = await Promise.all(
          chain.sensors.map(async (sensor) => ({
            spec: sensor,
            sensor: sensor.driver.open(await ports.open(sensor.bus, chain), sensor.address),
          })),
        );
        const own = chain.supply;
        const parts = {
          ...(lines[index] as (typeof lines)[number]),
          spec: chain,
          index,
          sensors,
          supply: own?.driver.open(await ports.open(own.bus), own.address, platform.clock),
          machineSupply: supply,
        };
        return new BoardHardware(parts, platform.clock);
      }),
    );
    return {
      spec,
      boards,
      fans,
      supply,
      lamps: await openLamps(spec.controlBoard, ports, log),
      [Symbol.asyncDispose]: () => ports[Symbol.asyncDispose](),
    };
  } catch (error) {
    await ports[Symbol.asyncDispose]();
    throw error;
  }
}

/** Off is the first word that a supply of its own hears; one that is missing shows when it shall give power. Never rejects. */
async function tellOff(
  { supply }: MachineChainSpec,
  ports: OpenPorts,
  { clock }: MachinePlatform,
  log: Logger,
): Promise<void> {
  if (supply === undefined) return;
  try {
    const bus = await ports.open(supply.bus);
    await supply.driver.open(bus, supply.address, clock).turnOff("urgent");
  } catch (error) {
    log.warn({ part: supply.driver.part, err: error }, "the board's supply does not answer");
  }
}

interface BoardLines {
  readonly reset: OutputLine;
  readonly enable: OutputLine | undefined;
  readonly plugDetect: Awaited<ReturnType<OpenPorts["openInput"]>> | undefined;
}

async function openLines(
  chain: MachineSpec["chains"][number],
  ports: OpenPorts,
): Promise<BoardLines> {
  return {
    reset: await ports.openOutput(chain.reset, true),
    enable: chain.enable && (await ports.openOutput(chain.enable, false)),
    plugDetect: chain.plugDetect && (await ports.openInput(chain.plugDetect)),
  };
}

async function openSupply(
  { supply }: MachineSpec,
  enable: OutputLine | undefined,
  ports: OpenPorts,
  { clock }: MachinePlatform,
): Promise<MachineSupply | undefined> {
  if (supply === undefined || enable === undefined) return undefined;
  const bus = await ports.open(supply.bus);
  return new MachineSupply(supply, enable, supply.driver.open(bus, supply.address, clock), clock);
}
