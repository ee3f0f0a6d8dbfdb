/**
 * LM75A, TMP75 and TMP1075: board sensors at 0x48 to 0x4F, on hashboards at 0x48 to 0x4B (vendor's list [D]; readings
 * through the S19's dsPIC [C]).
 */
import type { TemperatureSensorDriver } from "../../src/ports/peripherals.ts";
import type { Registers } from "./i2c-part.ts";
import { sensorDriver } from "./sensor-driver.ts";

export const lm75a: TemperatureSensorDriver = sensorDriver({ part: "LM75A", read });
export const tmp75: TemperatureSensorDriver = sensorDriver({ part: "TMP75", read });
export const tmp1075: TemperatureSensorDriver = sensorDriver({
  part: "TMP1075",
  identify: identifyTmp1075,
  read,
});

const TEMPERATURE = 0x00; // [C]
const ID = 0x0f; // TMP1075 only [D]
const TMP1075_ID = 0x7500; // [D]
const C_PER_STEP = 0.0625; // [C]

/**
 * °C of the temperature register: 12 bits, signed, left-aligned. The LM75A has 11 and leaves the twelfth 0; whatever lies
 * below is dropped.
 */
export function lm75ToC(word: number): number {
  return ((word << 16) >> 20) * C_PER_STEP;
}

async function read(registers: Registers): Promise<number> {
  return lm75ToC(await registers.readWord(TEMPERATURE));
}

async function identifyTmp1075(registers: Registers): Promise<void> {
  const id = await registers.readWord(ID);
  if (id !== TMP1075_ID)
    throw registers.failure("wrong-id", `id 0x${id.toString(16).padStart(4, "0")}, not 0x7500`);
}
