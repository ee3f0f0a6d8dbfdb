/**
 * What the guard knows of the parts around the chips. A part's driver is a value that a board's declaration names; opening
 * it does no I/O. All methods reject with DeviceError.
 */
import type { SharedI2cBus, Urgency } from "./i2c-bus.ts";

/** One temperature, of whatever the declaration says that it is at. */
export interface TemperatureSensor {
  /** °C. Rejects with "nack", "timeout", "crc"; "wrong-id" when another part answers; "not-found" for an open diode. */
  readC(): Promise<number>;
}

export interface TemperatureSensorDriver {
  /** The part, e.g. "LM75A"; the simulator has a model of the same name. */
  readonly part: string;
  open(bus: SharedI2cBus, address: number): TemperatureSensor;
}

/** A fan, or all that hang on one output. */
export interface FanController {
  /** Gets the part ready; again after a reset of it. */
  prepare(): Promise<void>;
  /** 0 to 100. */
  setDuty(dutyPercent: number): Promise<void>;
  /** One per tachometer; 0 for a fan that stands still. */
  readRpm(): Promise<readonly number[]>;
}

export interface FanControllerDriver {
  readonly part: string;
  /** Tachometers, and fans on the one duty. */
  readonly fans: number;
  open(bus: SharedI2cBus, address: number): FanController;
}

export interface SupplyReadings {
  readonly inputV: number | null;
  readonly outputV: number | null;
  readonly currentA: number | null;
  readonly powerW: number | null;
  /** Of the regulator. */
  readonly temperatureC: number | null;
  /** In the part's own words; empty when all is well. */
  readonly faults: readonly string[];
}

/** What gives one board its power: a regulator, or a microcontroller with a DC-DC converter. */
export interface BoardSupply {
  /** Identifies the part and leaves its output off. */
  prepare(): Promise<void>;
  /** `voltageV` is ignored by parts that only switch. Resolves when the part has confirmed it. */
  turnOn(voltageV: number): Promise<void>;
  /** Resolves when the part has confirmed it. */
  turnOff(urgency: Urgency): Promise<void>;
  read(): Promise<SupplyReadings>;
  /** Absent where the part needs none; otherwise the output goes off without it. */
  readonly beat?: () => Promise<void>;
}

export interface BoardSupplyDriver {
  readonly part: string;
  /** How long the part goes on without a beat; absent where it needs none. */
  readonly beatWithinS?: number;
  open(bus: SharedI2cBus, address: number, clock: PeripheralClock): BoardSupply;
  /** A bus behind the part, for sensors that only it reaches. */
  readonly passThrough?: (
    bus: SharedI2cBus,
    address: number,
    clock: PeripheralClock,
  ) => SharedI2cBus;
}

/** The supply of the whole machine, before the boards' own. Its enable line is not its business. */
export interface PowerSupply {
  /** Reads what it is; rejects with "wrong-id" for a type that is not known. */
  identify(): Promise<PowerSupplyIdentity>;
  /** Rejects with RangeError outside the type's clamp. */
  setVoltage(voltageV: number): Promise<void>;
  /** As the supply reports it; null where it cannot. */
  readVoltage(): Promise<number | null>;
}

export interface PowerSupplyIdentity {
  /** E.g. "0x71". */
  readonly type: string;
  readonly minV: number;
  readonly maxV: number;
}

export interface PowerSupplyDriver {
  readonly part: string;
  open(bus: SharedI2cBus, address: number, clock: PeripheralClock): PowerSupply;
}

/** What a hashboard's memory says of itself: hints, never orders. */
export interface BoardIdentity {
  /** E.g. "BHB42601", or the header bytes where the format is not known. */
  readonly boardName: string | null;
  readonly format: string;
  readonly serial: string | null;
  readonly voltageV: number | null;
  readonly frequencyMHz: number | null;
}

/** Time for parts that want pauses. */
export interface PeripheralClock {
  nowMs(): number;
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}
