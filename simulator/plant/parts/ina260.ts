/** INA260: current, voltage and power of a board's input, high byte first [D]. */
import { wordRegisterDevice } from "./byte-registers.ts";
import type { PartModel } from "./part-model.ts";

const CURRENT = 0x01;
const VOLTAGE = 0x02;
const POWER = 0x03;
const MANUFACTURER = 0xfe;
const DIE = 0xff;
const LSB_A = 0.00125; // [D]
const LSB_V = 0.00125;
const LSB_W = 0.01;

export function ina260Model(): PartModel {
  let inputV = 0;
  let powerW = 0;
  return {
    measure(load) {
      ({ inputV, powerW } = load);
    },
    device: wordRegisterDevice({
      read(register) {
        if (register === CURRENT) return Math.round((inputV > 0 ? powerW / inputV : 0) / LSB_A);
        if (register === VOLTAGE) return Math.round(inputV / LSB_V);
        if (register === POWER) return Math.round(powerW / LSB_W);
        if (register === MANUFACTURER) return 0x5449; // datasheet
        return register === DIE ? 0x2270 : 0; // datasheet
      },
      write: () => true,
    }),
  };
}
