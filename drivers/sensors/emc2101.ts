/**
 * The temperatures of an EMC2101, at 0x4C: its own, and that of the chip's diode. Bitaxe boards read their BM13xx with it
 * [D]. Ideality and beta (17, 18) stay as the part powers on; what boards want there is not in our evidence.
 */
import type { TemperatureSensorDriver } from "../../src/ports/peripherals.ts";
import type { Registers } from "./i2c-part.ts";
import { sensorDriver } from "./sensor-driver.ts";

export const emc2101Internal: TemperatureSensorDriver = sensorDriver({
  part: "EMC2101 internal",
  identify: identifyEmc2101,
  read: async (registers) => emc2101InternalToC(await registers.readByte(INTERNAL)),
});

export const emc2101External: TemperatureSensorDriver = sensorDriver({
  part: "EMC2101 external",
  identify: identifyEmc2101,
  read: async (registers) => {
    // The high byte holds the low one until it is read (datasheet [?]).
    const high = await registers.readByte(EXTERNAL_HIGH);
    const low = await registers.readByte(EXTERNAL_LOW);
    return trueTemperature(registers, emc2101ExternalToC(high, low));
  },
});

const INTERNAL = 0x00; // [D]
const EXTERNAL_HIGH = 0x01; // [D]
const EXTERNAL_LOW = 0x10; // [D]
const PRODUCT_ID = 0xfd; // [D]
const MANUFACTURER_ID = 0xfe; // [D]
const SMSC = 0x5d; // [D]
const EMC2101_IDS = [0x16, 0x28]; // EMC2101 and EMC2101-R [D]
const OPEN = 0x3f8; // [D]
const SHORTED = 0x3ff; // [D]
const C_PER_STEP = 0.125; // [D]

export type DiodeFault = "open" | "shorted";

/** Shared with the fan that hangs on the same part. */
export async function identifyEmc2101(registers: Registers): Promise<void> {
  await registers.expectId(MANUFACTURER_ID, [SMSC]);
  await registers.expectId(PRODUCT_ID, EMC2101_IDS);
}

/** Whole °C, signed. */
export function emc2101InternalToC(byte: number): number {
  return (byte << 24) >> 24;
}

/** °C of 11 bits, signed, left-aligned; two codes stand for a broken diode. */
export function emc2101ExternalToC(high: number, low: number): number | DiodeFault {
  const code = ((high << 8) | low) >> 5;
  if (code === OPEN) return "open";
  if (code === SHORTED) return "shorted";
  return elevenBitsToC(high, low);
}

/** °C of 11 bits, signed, left-aligned. */
export function elevenBitsToC(high: number, low: number): number {
  return ((((high << 8) | low) << 16) >> 21) * C_PER_STEP;
}

/** Rejects with "not-found" for a broken diode. */
export function trueTemperature(registers: Registers, reading: number | DiodeFault): number {
  if (typeof reading === "number") return reading;
  throw registers.failure("not-found", `the diode is ${reading}`);
}
