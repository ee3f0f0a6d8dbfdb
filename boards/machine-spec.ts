/** The shape of a machine's declaration: what is where, within which limits, and what each number rests on. No I/O. */

import type { PlaceLimits, SensorPlace } from "../src/control/limits.ts";
import type { LineSpec, PwmSpec } from "../src/ports/lines.ts";
import type {
  BoardSupplyDriver,
  FanControllerDriver,
  PowerSupplyDriver,
  TemperatureSensorDriver,
} from "../src/ports/peripherals.ts";
import type { ChainSpec } from "./chain-spec.ts";

/**
 * captured: bytes or values seen on hardware [C]. driver: in a shipping driver or vendor file [D]. thin: one source, or
 * inferred [?]. assumed: nobody's; good for the simulation only.
 */
export type Evidence = "captured" | "driver" | "thin" | "assumed";

export interface Source {
  readonly evidence: Evidence;
  /** Where the number comes from, in a few words. */
  readonly source: string;
}

/** Which bus a part is on: one of the control board, one behind a USB board's control port, one behind the board's own supply. */
export type BusRef =
  | { readonly via: "i2c"; readonly path: string }
  | { readonly via: "usb" }
  | { readonly via: "supply" };

/** A line of the control board, or a pin of a USB board. */
export type LineRef =
  | ({ readonly via: "gpio" } & LineSpec)
  | {
      readonly via: "usb";
      readonly label: string;
      readonly pin: number;
      readonly activeLow?: boolean;
    };

export interface SensorSpec extends Source {
  /** Unique within the machine, e.g. "board 0 sensor 48". */
  readonly name: string;
  readonly place: SensorPlace;
  readonly driver: TemperatureSensorDriver;
  readonly bus: BusRef;
  readonly address: number;
}

/** A group of fans on one output, with their tachometers. */
export type FanSpec = Source & {
  readonly name: string;
} & (
    | {
        readonly via: "pwm";
        readonly pwm: PwmSpec;
        readonly tachometers: readonly LineSpec[];
        readonly pulsesPerTurn: number;
      }
    | {
        readonly via: "controller";
        readonly driver: FanControllerDriver;
        readonly bus: BusRef;
        readonly address: number;
      }
  );

/** What the chain of a board is fed with. */
export interface VoltageSpec extends Source {
  /** While chips are enumerated. */
  readonly startV: number;
  /** While hashing. */
  readonly workingV: number;
  /** What shipping firmware offers for such a chain; an operator's wish stays within. Absent: only the supply's clamp is known. */
  readonly offered?: { readonly minV: number; readonly maxV: number };
}

export interface BoardSupplySpec extends Source {
  readonly driver: BoardSupplyDriver;
  readonly bus: BusRef;
  readonly address: number;
}

export interface MachineChainSpec {
  readonly chain: ChainSpec;
  /** Device of the control board; "usb": the board's own data port. */
  readonly uart: string;
  /** Active: the chips are held in reset. */
  readonly reset: LineRef;
  /** Active: a board is plugged in. Absent: there is no such line, or the board is always there. */
  readonly plugDetect?: LineRef;
  /** Active: the board has power. Absent: it hangs on the machine's supply. */
  readonly enable?: LineRef;
  /** What feeds this board alone. Absent: nothing to talk to. */
  readonly supply?: BoardSupplySpec;
  readonly voltage: VoltageSpec;
  readonly sensors: readonly SensorSpec[];
  /** Hashboard memory; hints only. */
  readonly eeprom?: { readonly bus: BusRef; readonly address: number };
  /** With fewer chips than declared it may hash all the same. */
  readonly mayRunWithFewerChips: boolean;
}

/** The supply in front of all boards. */
export interface MachineSupplySpec extends Source {
  readonly driver: PowerSupplyDriver;
  readonly bus: BusRef;
  readonly address: number;
  /** Active: the output is on. */
  readonly enable: LineRef;
  /** What it can give before it switches itself off, W. */
  readonly maxPowerW?: number;
}

/** What makes power go off when the guard itself is dead. */
export type Backstop =
  | { readonly by: "supply"; readonly withinS: number }
  | { readonly by: "watchdog"; readonly path: string; readonly withinS: number }
  | { readonly by: "nothing"; readonly why: string };

export interface ControlBoardSpec extends Source {
  readonly name: string;
  /** Strings of the device tree's "compatible", any of which means this control board. */
  readonly compatible: readonly string[];
  readonly leds: readonly LineRef[];
  readonly buttons: readonly LineRef[];
}

/** By which facts a machine is recognised; all that are given must hold, and the one with most of them wins. */
export interface MachineMatch {
  readonly compatible?: readonly string[];
  /** Words in the device tree's model. */
  readonly model?: string;
  readonly usb?: { readonly manufacturer: string; readonly product: string };
  /** Start of the board name in a hashboard's memory, e.g. "BHB42". */
  readonly eepromBoard?: readonly string[];
  /** First bytes of a hashboard's memory, hex. */
  readonly eepromHeader?: string;
}

export interface MachineSpec {
  /** As typed after --board, e.g. "s21-pro". */
  readonly id: string;
  readonly name: string;
  readonly controlBoard: ControlBoardSpec;
  readonly match: MachineMatch;
  readonly chains: readonly MachineChainSpec[];
  readonly fans: readonly FanSpec[];
  /** Fans that must turn before and while there is power; 0 on declared-fanless machines. */
  readonly fansRequired: number;
  readonly supply?: MachineSupplySpec;
  readonly limits: PlaceLimits;
  readonly backstop: Backstop;
  /** How often sensors are read. */
  readonly pollMs: number;
  /** Between two boards' power-ons: inrush. */
  readonly startDelayMs: number;
  /**
   * The chips behind the UARTs are somebody's emulation, slower than real ones by this power of two: nothing there can burn,
   * no voltage needs the operator's word, and everything says that the hardware is simulated. Absent on every real machine.
   */
  readonly emulated?: { readonly hashScale: number };
  /** What the declaration as a whole rests on, in a sentence for the table of drivers/README.md. */
  readonly evidence: string;
}

/** A machine that is known and cannot be served. */
export interface RefusedMachine {
  readonly id: string;
  readonly name: string;
  readonly match: MachineMatch;
  readonly reason: string;
}
