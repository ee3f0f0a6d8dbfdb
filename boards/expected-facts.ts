/** What a machine shows of itself before anything is powered: what a simulation serves, and what detection must recognise. */
import type { MachineFacts, UsbFact } from "../src/ports/machine-platform.ts";
import type { BoardIdentity } from "../src/ports/peripherals.ts";
import type { BusRef, MachineMatch, MachineSpec } from "./machine-spec.ts";

/** What was read, or not, at the address of a hashboard's memory. */
export interface EepromFact {
  readonly bus: string;
  readonly address: number;
  /** Null: nothing answers. */
  readonly identity: BoardIdentity | null;
}

export interface ProbedFacts extends MachineFacts {
  /** Absent: nobody has looked. */
  readonly eeproms?: readonly EepromFact[];
}

/** Facts of a whole machine with all its boards. */
export function expectedFacts(spec: MachineSpec): Required<ProbedFacts> {
  const { match, chains } = spec;
  const identity = expectedIdentity(match);
  return {
    deviceTree: {
      model: match.model ?? null,
      compatible: match.compatible?.slice(0, 1) ?? [],
    },
    usb: match.usb === undefined ? [] : [usbFactOf(match.usb)],
    i2cBuses: i2cPathsOf(spec),
    uarts:
      match.usb === undefined ? chains.map(({ uart }) => uart) : ["/dev/ttyACM0", "/dev/ttyACM1"],
    eeproms: chains.flatMap(({ eeprom }) =>
      eeprom?.bus.via === "i2c"
        ? [{ bus: eeprom.bus.path, address: eeprom.address, identity }]
        : [],
    ),
  };
}

/** The I²C buses of the control board that the declaration names, each once. */
export function i2cPathsOf({ chains, fans, supply }: MachineSpec): readonly string[] {
  const buses: readonly (BusRef | undefined)[] = [
    supply?.bus,
    ...fans.map((fan) => (fan.via === "controller" ? fan.bus : undefined)),
    ...chains.flatMap((chain) => [
      chain.supply?.bus,
      chain.eeprom?.bus,
      ...chain.sensors.map(({ bus }) => bus),
    ]),
  ];
  const paths = buses.flatMap((bus) => (bus?.via === "i2c" ? [bus.path] : []));
  return [...new Set(paths)].sort();
}

function usbFactOf({ manufacturer, product }: NonNullable<MachineMatch["usb"]>): UsbFact {
  // Minor release 1: the protocol that tells errors from data.
  const ids =
    manufacturer === "256F"
      ? { vendorId: "1209", productId: "256f", release: "0510" } // emberone-usbserial-fw [D]
      : { vendorId: "c0de", productId: "cafe", release: "0010" }; // seen by a user of mujina [?]
  return {
    ...ids,
    manufacturer,
    product,
    serial: "SIM00000001",
    uarts: ["/dev/ttyACM0", "/dev/ttyACM1"],
  };
}

/** As the reader of memories says it of one whose format is not known but has the board's name in plain text. */
function expectedIdentity({ eepromBoard, eepromHeader }: MachineMatch): BoardIdentity | null {
  const boardName = eepromBoard?.[0];
  if (boardName === undefined) return null;
  return {
    boardName,
    format: `unknown, header ${eepromHeader ?? "0000"}`,
    serial: null,
    voltageV: null,
    frequencyMHz: null,
  };
}
