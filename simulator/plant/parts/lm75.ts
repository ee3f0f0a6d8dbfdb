/** LM75A, TMP75 and TMP1075: a temperature of 12 bits in steps of 1/16 °C [C through a dsPIC; conversion D]. */
import type { SensorPoint } from "../sensor-point.ts";
import { wordRegisterDevice } from "./byte-registers.ts";
import type { PartContext, PartModel } from "./part-model.ts";

const TEMPERATURE = 0x00;
const CONFIGURATION = 0x01;
const LOW_LIMIT = 0x02;
const HIGH_LIMIT = 0x03;
const ID = 0x0f;
const TMP1075_ID = 0x7500;

const STEPS_PER_C = 16;
const LOWEST_STEP = -2048;
const HIGHEST_STEP = 2047;

/** As the temperature register holds it. */
export function lm75Word(temperatureC: number): number {
  const step = Math.round(temperatureC * STEPS_PER_C);
  return (Math.min(HIGHEST_STEP, Math.max(LOWEST_STEP, step)) << 4) & 0xffff;
}

export function lm75Model({ part }: Pick<PartContext, "part">): PartModel {
  let point: SensorPoint | undefined;
  const hasId = part.startsWith("TMP1075");
  const stored = new Map([
    [CONFIGURATION, 0],
    [LOW_LIMIT, lm75Word(75)], // limits after power-on: datasheet of the LM75A
    [HIGH_LIMIT, lm75Word(80)],
  ]);
  /** The others decode two bits of the pointer only [?]. */
  const decoded = (register: number) => (hasId ? register : register & 3);
  const device = wordRegisterDevice({
    read(register) {
      const temperatureC = point?.read();
      if (temperatureC === undefined) return undefined;
      const number = decoded(register);
      if (number === TEMPERATURE) return lm75Word(temperatureC);
      if (number === CONFIGURATION) return ((stored.get(number) as number) << 8) | 0xff;
      return hasId && number === ID ? TMP1075_ID : (stored.get(number) ?? 0xffff);
    },
    write(register, value) {
      if (decoded(register) !== TEMPERATURE) stored.set(decoded(register), value);
      return true;
    },
  });
  return {
    sense: (_part, declared) => {
      point = declared;
    },
    device: {
      // Without the part nobody acknowledges the pointer, either.
      write: (bytes) => point?.read() !== undefined && device.write(bytes),
      read: (lengthBytes) => device.read(lengthBytes),
    },
  };
}
