/** TPS546D24A: a regulator on PMBus. It stores all that it is told, and acts on what decides over its output [D]. */
import type { I2cDevice } from "../i2c-bus-model.ts";
import type { SensorPoint } from "../sensor-point.ts";
import {
  NO_SUPPLY_FAULTS,
  type PartContext,
  type PartModel,
  type SupplyLoad,
} from "./part-model.ts";
import { fromSlinear11, fromUlinear16, slinear11, ulinear16 } from "./pmbus-numbers.ts";

const OPERATION = 0x01;
const ON_OFF_CONFIG = 0x02;
const CLEAR_FAULTS = 0x03;
const VOUT_MODE = 0x20;
const VOUT_COMMAND = 0x21;
const VOUT_MAX = 0x24;
const VIN_ON = 0x35;
const VIN_OFF = 0x36;
const IOUT_OC_FAULT_LIMIT = 0x46;
const OT_FAULT_LIMIT = 0x4f;
const STATUS_BYTE = 0x78;
const STATUS_WORD = 0x79;
const READ_VIN = 0x88;
const READ_VOUT = 0x8b;
const READ_IOUT = 0x8c;
const READ_TEMPERATURE_1 = 0x8d;
const IC_DEVICE_ID = 0xad;

const OFF_BIT = 0x0040; // fault bits of the status word [D]
const IOUT_OC_BIT = 0x0010;
const VIN_UV_BIT = 0x0008;
const TEMPERATURE_BIT = 0x0004;

const DEVICE_ID = [0x54, 0x49, 0x54, 0x6d, 0x24, 0x41]; // [D]
const MODE = 0x97; // relative bit, exponent -9; low 5 bits [D]
/** Bits of ON_OFF_CONFIG: power-up needs a command, and listens to OPERATION, or to the pin (PMBus part II). */
const NEEDS_COMMAND = 0x10;
const OBEYS_OPERATION = 0x08;
const OBEYS_PIN = 0x04;
const SEND_BYTE = new Set([CLEAR_FAULTS, 0x15, 0x16]);
const ONE_BYTE = new Set([OPERATION, ON_OFF_CONFIG, VOUT_MODE, 0x10, 0x41, 0x47, 0x50, 0x55, 0x5a]);

export function tps546Model({ onChange }: Pick<PartContext, "onChange">): PartModel {
  const stored = new Map([
    [OPERATION, 0x00],
    [ON_OFF_CONFIG, NEEDS_COMMAND | OBEYS_OPERATION | OBEYS_PIN],
    [VOUT_COMMAND, ulinear16(0.5, MODE)], // what a fresh part would give is not known to us [?]
    [VOUT_MAX, ulinear16(6, MODE)],
    [VIN_ON, slinear11(2.75)],
    [VIN_OFF, slinear11(2.5)],
    [IOUT_OC_FAULT_LIMIT, slinear11(52)],
    [OT_FAULT_LIMIT, slinear11(150)],
  ]);
  const word = (register: number) => stored.get(register) as number;
  let load: SupplyLoad = { inputV: 5, powerW: 0, outputV: 0, regulatorC: 25 };
  let faults = NO_SUPPLY_FAULTS;
  let point: SensorPoint | undefined;
  /** Fault bits that keep the output off until it is told to be off, or to forget. */
  let latched = 0;
  let isUnderVoltage = false;

  const isOn = () => {
    const config = word(ON_OFF_CONFIG);
    const isCommanded =
      (config & NEEDS_COMMAND) === 0 ||
      // The pin hangs on nothing on these boards: where it counts, the answer is no.
      ((config & OBEYS_PIN) === 0 &&
        (config & OBEYS_OPERATION) !== 0 &&
        (word(OPERATION) & 0x80) !== 0);
    return isCommanded && latched === 0 && !isUnderVoltage;
  };
  const outputV = () =>
    isOn() ? fromUlinear16(Math.min(word(VOUT_COMMAND), word(VOUT_MAX)), MODE) : 0;
  const status = () => latched | (isOn() ? 0 : OFF_BIT) | (isUnderVoltage ? VIN_UV_BIT : 0);

  const read = (register: number): readonly number[] | undefined => {
    const bytes = (value: number) => [value & 0xff, (value >> 8) & 0xff];
    switch (register) {
      case VOUT_MODE:
        return [MODE];
      case STATUS_BYTE:
        return [status() & 0xff];
      case STATUS_WORD:
        return bytes(status());
      case READ_VIN:
        return bytes(slinear11(load.inputV));
      case READ_VOUT:
        return bytes(ulinear16(outputV(), MODE));
      case READ_IOUT:
        return bytes(slinear11(outputV() > 0 ? load.powerW / outputV() : 0));
      case READ_TEMPERATURE_1: {
        const temperatureC = point === undefined ? load.regulatorC : point.read();
        return temperatureC === undefined ? undefined : bytes(slinear11(temperatureC));
      }
      case IC_DEVICE_ID:
        return [
          DEVICE_ID.length,
          ...(faults.wrongType === undefined
            ? DEVICE_ID
            : DEVICE_ID.map((byte, i) => (i === 4 ? (faults.wrongType as number) : byte))),
        ];
      default:
        return ONE_BYTE.has(register)
          ? [(stored.get(register) ?? 0) & 0xff]
          : bytes(stored.get(register) ?? 0);
    }
  };
  const write = (register: number, data: Uint8Array) => {
    if (register === CLEAR_FAULTS) latched = 0;
    if (SEND_BYTE.has(register) || data.length === 0) return;
    if (register !== VOUT_MODE) stored.set(register, (data[0] as number) | ((data[1] ?? 0) << 8));
    if (register === OPERATION && (word(OPERATION) & 0x80) === 0) latched = 0;
  };

  let pointer = 0;
  const device: I2cDevice = {
    write(bytes) {
      if (faults.isSilent) return false;
      if (bytes.length === 0) return true;
      pointer = bytes[0] as number;
      write(pointer, bytes.subarray(1));
      onChange();
      return true;
    },
    read(lengthBytes) {
      const value = faults.isSilent ? undefined : read(pointer);
      return value && Uint8Array.from({ length: lengthBytes }, (_, i) => value[i] ?? 0xff);
    },
  };
  return {
    device,
    sense(_part, declared) {
      point = declared;
    },
    supply: {
      outputV,
      setFaults(now) {
        faults = now;
      },
      load(now) {
        load = now;
        const limitV = fromSlinear11(word(isUnderVoltage ? VIN_ON : VIN_OFF));
        const was = outputV();
        isUnderVoltage = now.inputV < limitV;
        const limitA = fromSlinear11(word(IOUT_OC_FAULT_LIMIT));
        const isOverLimit = now.powerW > (faults.limitW ?? Number.POSITIVE_INFINITY);
        if (was > 0 && (now.powerW / was > limitA || isOverLimit)) latched |= IOUT_OC_BIT;
        if (now.regulatorC >= fromSlinear11(word(OT_FAULT_LIMIT))) latched |= TEMPERATURE_BIT;
        if (outputV() !== was) onChange();
      },
    },
  };
}
