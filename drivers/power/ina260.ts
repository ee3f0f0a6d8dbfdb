/** INA260 at 0x40 of older Bitaxe boards [D]: current through it, voltage at it and power, measured at the board's input. */
import type { SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import { I2cPart } from "../sensors/i2c-part.ts";

export interface InputReadings {
  readonly inputV: number;
  readonly currentA: number;
  readonly powerW: number;
}

export interface PowerMonitor {
  /** Rejects with DeviceError. */
  read(): Promise<InputReadings>;
}

export interface PowerMonitorDriver {
  readonly part: string;
  open(bus: SharedI2cBus, address: number): PowerMonitor;
}

export const ina260: PowerMonitorDriver = {
  part: "INA260",
  open(bus, address) {
    const part = new I2cPart(bus, "INA260", address);
    return {
      read: () =>
        part.converse("read", async (registers) => {
          const current = await registers.readWord(CURRENT);
          const voltage = await registers.readWord(VOLTAGE);
          const power = await registers.readWord(POWER);
          return ina260Readings(current, voltage, power);
        }),
    };
  },
};

const CURRENT = 0x01; // [D]
const VOLTAGE = 0x02; // [D]
const POWER = 0x03; // [D]
const STEPS_PER_A = 800; // 1.25 mA [D]
const STEPS_PER_V = 800; // 1.25 mV [D]
const STEPS_PER_W = 100; // 10 mW [D]

/** From the three registers; the current is signed (datasheet). */
export function ina260Readings(current: number, voltage: number, power: number): InputReadings {
  return {
    inputV: voltage / STEPS_PER_V,
    currentA: ((current << 16) >> 16) / STEPS_PER_A,
    powerW: power / STEPS_PER_W,
  };
}
