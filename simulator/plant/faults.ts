/** What can go wrong with a machine, as values: around the chips, in them, and with the programs that run it. */
import type { BusRef, MachineSpec } from "../../boards/machine-spec.ts";
import type { ChainFault } from "../chain/faults.ts";

/** Done to programs, by whoever runs them: the plant only says when. */
export type ProcessFaultName =
  | "miner-blocked"
  | "miner-stopped"
  | "miner-killed"
  | "guard-killed"
  | "disk-full"
  | "clock-stepped";

export type PlantFault =
  | { readonly fault: "sensor-lost"; readonly sensor: string }
  | { readonly fault: "sensor-stuck"; readonly sensor: string }
  | { readonly fault: "sensor-noisy"; readonly sensor: string; readonly plusMinusC: number }
  | { readonly fault: "sensor-absurd"; readonly sensor: string; readonly valueC: number }
  | { readonly fault: "fan-stalled"; readonly fan: string; readonly tach?: number }
  | { readonly fault: "tach-lost"; readonly fan: string; readonly tach?: number }
  | { readonly fault: "psu-silent" }
  | { readonly fault: "psu-wrong-type"; readonly type: number }
  | { readonly fault: "psu-brown-out"; readonly share: number }
  | { readonly fault: "psu-over-power"; readonly limitW: number }
  | { readonly fault: "pic-deaf"; readonly chain: number }
  | { readonly fault: "i2c-hung"; readonly bus: string }
  | { readonly fault: "eeprom-garbage"; readonly chain: number }
  | {
      readonly fault: "chip-hot";
      readonly chain: number;
      readonly chip: number;
      readonly offsetC: number;
    }
  | { readonly fault: "ambient"; readonly temperatureC: number }
  | { readonly fault: "board-unplugged"; readonly chain: number }
  | { readonly fault: "chain"; readonly chain: number; readonly what: ChainFault }
  | { readonly fault: "process"; readonly what: ProcessFaultName; readonly seconds?: number };

/** In milliseconds since the world began; without an end it stays. */
export interface ScheduledFault {
  readonly fault: PlantFault;
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** Its bus transfers are not acknowledged; a remote diode reads as open. */
export function sensorLost(sensor: string): PlantFault {
  return { fault: "sensor-lost", sensor };
}

/** It goes on showing what it showed when this came. */
export function sensorStuck(sensor: string): PlantFault {
  return { fault: "sensor-stuck", sensor };
}

/** Evenly spread around what it should show. */
export function sensorNoisy(sensor: string, plusMinusC: number): PlantFault {
  return { fault: "sensor-noisy", sensor, plusMinusC };
}

/** It shows this, or the nearest that its part can. */
export function sensorAbsurd(sensor: string, valueC: number): PlantFault {
  return { fault: "sensor-absurd", sensor, valueC };
}

/** The fan at that tachometer stands still whatever its duty; without a tachometer all fans of the group. */
export function fanStalled(fan: string, tach?: number): PlantFault {
  return { fault: "fan-stalled", fan, ...(tach === undefined ? {} : { tach }) };
}

/** The fan turns and its tachometer tells nothing. */
export function tachLost(fan: string, tach?: number): PlantFault {
  return { fault: "tach-lost", fan, ...(tach === undefined ? {} : { tach }) };
}

/** The supply answers nobody; its output stays as it is, and its enable line works. */
export const psuSilent: PlantFault = { fault: "psu-silent" };

/** The supply calls itself something that it was not declared to be. */
export function psuWrongType(type = 0x99): PlantFault {
  return { fault: "psu-wrong-type", type };
}

/** What comes out is this share of what should: below some 0.7 chips forget everything. */
export function psuBrownOut(share = 0.5): PlantFault {
  return { fault: "psu-brown-out", share };
}

/** The supply switches itself off above this load, until its enable line has been inactive. */
export function psuOverPower(limitW: number): PlantFault {
  return { fault: "psu-over-power", limitW };
}

/** The board's microcontroller hears nothing, not even heartbeats. */
export function picDeaf(chain: number): PlantFault {
  return { fault: "pic-deaf", chain };
}

/** No transfer settles until this ends. `bus`: its path, or "usb". */
export function i2cHung(bus: string): PlantFault {
  return { fault: "i2c-hung", bus };
}

/** The board's memory reads as noise. */
export function eepromGarbage(chain: number): PlantFault {
  return { fault: "eeprom-garbage", chain };
}

/** The die of one chip is hotter than the others by this at full power. */
export function chipHot(chain: number, chip: number, offsetC: number): PlantFault {
  return { fault: "chip-hot", chain, chip, offsetC };
}

export function ambient(temperatureC: number): PlantFault {
  return { fault: "ambient", temperatureC };
}

/** The board is not there: no power, no answer, and its plug detect says so. */
export function boardUnplugged(chain: number): PlantFault {
  return { fault: "board-unplugged", chain };
}

/** Something is wrong with the chips of a chain. */
export function onChain(chain: number, what: ChainFault): PlantFault {
  return { fault: "chain", chain, what };
}

/** `seconds`: by how much the clock steps, or for how long the miner is blocked. */
export function ofProcess(what: ProcessFaultName, seconds?: number): PlantFault {
  return { fault: "process", what, ...(seconds === undefined ? {} : { seconds }) };
}

/** Why a machine cannot have this fault; `undefined`: it can. */
export function whyNotApplicable(fault: PlantFault, spec: MachineSpec): string | undefined {
  const { chains, fans, supply } = spec;
  if ("chain" in fault && chains[fault.chain] === undefined)
    return `there are chains 0 to ${chains.length - 1}`;
  switch (fault.fault) {
    case "sensor-lost":
    case "sensor-stuck":
    case "sensor-noisy":
    case "sensor-absurd": {
      const names = sensorNamesOf(spec);
      return names.includes(fault.sensor) ? undefined : `there are sensors ${quoted(names)}`;
    }
    case "fan-stalled":
    case "tach-lost": {
      const fan = fans.find(({ name }) => name === fault.fan);
      if (fan === undefined)
        return fans.length === 0
          ? "it has no fans"
          : `there are fans ${quoted(fans.map(({ name }) => name))}`;
      const count = fan.via === "pwm" ? fan.tachometers.length : fan.driver.fans;
      return (fault.tach ?? 0) < count ? undefined : `it has tachometers 0 to ${count - 1}`;
    }
    case "psu-silent":
      return hasTalkingSupply(spec) ? undefined : "it has no supply that is talked to";
    case "psu-wrong-type": {
      const part = supply?.driver.part ?? chains[0]?.supply?.driver.part ?? "";
      return /^(APW|TPS546)/.test(part) ? undefined : "its supply does not tell a type";
    }
    case "psu-over-power":
      return supply === undefined && !chains.some((chain) => chain.supply !== undefined)
        ? "it has no supply of its own"
        : undefined;
    case "pic-deaf":
      return chains[fault.chain]?.supply?.driver.part.startsWith("dsPIC")
        ? undefined
        : "its boards have no microcontroller";
    case "i2c-hung": {
      const buses = busNamesOf(spec);
      return buses.includes(fault.bus) ? undefined : `there are buses ${quoted(buses)}`;
    }
    case "eeprom-garbage":
      return chains[fault.chain]?.eeprom === undefined ? "its boards have no memory" : undefined;
    case "chip-hot":
      return chipProblem(spec, fault.chain, fault.chip);
    case "chain":
      return "chip" in fault.what && fault.what.chip !== "all"
        ? chipProblem(spec, fault.chain, fault.what.chip)
        : undefined;
    default:
      return undefined;
  }
}

export function sensorNamesOf({ chains }: MachineSpec): readonly string[] {
  return chains.flatMap(({ sensors }) => sensors.map(({ name }) => name));
}

/** Paths of the control board's buses, and "usb" where there is one. */
export function busNamesOf({ chains, fans, supply }: MachineSpec): readonly string[] {
  const refs: readonly (BusRef | undefined)[] = [
    supply?.bus,
    ...fans.map((fan) => (fan.via === "controller" ? fan.bus : undefined)),
    ...chains.flatMap((chain) => [
      chain.supply?.bus,
      chain.eeprom?.bus,
      ...chain.sensors.map(({ bus }) => bus),
    ]),
  ];
  const names = refs.flatMap((bus) => {
    if (bus === undefined || bus.via === "supply") return [];
    return bus.via === "usb" ? ["usb"] : [bus.path];
  });
  return [...new Set(names)];
}

function hasTalkingSupply({ chains, supply }: MachineSpec): boolean {
  return (
    supply !== undefined ||
    chains.some(
      (chain) => chain.supply !== undefined && !chain.supply.driver.part.startsWith("dsPIC"),
    )
  );
}

function chipProblem({ chains }: MachineSpec, chain: number, chip: number): string | undefined {
  const count = chains[chain]?.chain.chipCount ?? 0;
  return chip < count ? undefined : `there are chips 0 to ${count - 1}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
