/**
 * The temperatures of an EMC2103, at 0x2E: its own and those of two diodes, as pairs of bytes in registers 00 to 05 [D].
 * Which pair is which, the ids and the fault code are from the datasheet alone [?].
 */
import type { TemperatureSensorDriver } from "../../src/ports/peripherals.ts";
import { type DiodeFault, elevenBitsToC, trueTemperature } from "./emc2101.ts";
import type { Registers } from "./i2c-part.ts";
import { sensorDriver } from "./sensor-driver.ts";

export const emc2103Internal: TemperatureSensorDriver = channel("EMC2103 internal", 0x00);
export const emc2103External1: TemperatureSensorDriver = channel("EMC2103 external 1", 0x02);
export const emc2103External2: TemperatureSensorDriver = channel("EMC2103 external 2", 0x04);

const PRODUCT_ID = 0xfd; // [?]
const MANUFACTURER_ID = 0xfe; // [?]
const SMSC = 0x5d; // [?]
const EMC2103_IDS = [0x24, 0x26]; // EMC2103-1; -2 and -4 [?]
const DIODE_FAULT = 0x400; // −128 °C [?]

/** Shared with the fan that hangs on the same part. */
export async function identifyEmc2103(registers: Registers): Promise<void> {
  await registers.expectId(MANUFACTURER_ID, [SMSC]);
  await registers.expectId(PRODUCT_ID, EMC2103_IDS);
}

/** °C of 11 bits, signed, left-aligned; one code stands for a broken diode. */
export function emc2103ToC(high: number, low: number): number | DiodeFault {
  return ((high << 8) | low) >> 5 === DIODE_FAULT ? "open" : elevenBitsToC(high, low);
}

function channel(part: string, highRegister: number): TemperatureSensorDriver {
  return sensorDriver({
    part,
    identify: identifyEmc2103,
    read: async (registers) => {
      const high = await registers.readByte(highRegister);
      const low = await registers.readByte(highRegister + 1);
      return trueTemperature(registers, emc2103ToC(high, low));
    },
  });
}
