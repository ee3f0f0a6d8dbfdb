/** EMC2101: its own temperature, one diode, and one fan with a tachometer [D, registers of ESP-Miner and mujina]. */
import type { FanGroupModel } from "../fan-model.ts";
import type { SensorPoint } from "../sensor-point.ts";
import { byteRegisterDevice } from "./byte-registers.ts";
import type { PartModel } from "./part-model.ts";

const INTERNAL = 0x00;
const EXTERNAL_HIGH = 0x01;
const STATUS = 0x02;
const CONFIGURATION = 0x03;
const EXTERNAL_LOW = 0x10;
const TACH_LOW = 0x46;
const TACH_HIGH = 0x47;
const FAN_CONFIGURATION = 0x4a;
const FAN_SETTING = 0x4c;
const PRODUCT = 0xfd;
const MANUFACTURER = 0xfe;

const DIODE_FAULT = 0x04; // datasheet [?]
/** Bit 2 of the configuration: the pin is a tachometer's input and not an alert [D]. */
const TACH_INPUT = 0x04;
/** Bit 5 of the fan configuration: the look-up table is off and the setting can be written [D]. */
const DIRECT_SETTING = 0x20;
const OPEN_DIODE = 0x3f8; // [D]
const TACH_RATE = 5_400_000; // [D]
const TACH_STOPPED = 0xffff;
const MAX_SETTING = 63;

/** Eleven bits in eighths of a degree, left-aligned in two bytes; for the external diodes of the EMC2103, too. */
export function emcExternalWord(temperatureC: number | undefined): number {
  // One below the codes for an open and a shorted diode.
  const code =
    temperatureC === undefined
      ? OPEN_DIODE
      : Math.min(OPEN_DIODE - 1, Math.max(-512, Math.round(temperatureC * 8)));
  return (code << 5) & 0xffff;
}

export function emc2101Model(): PartModel {
  const points: { internal?: SensorPoint; external?: SensorPoint } = {};
  let fans: FanGroupModel | undefined;
  const stored = new Map([[FAN_CONFIGURATION, 0x20]]); // datasheet [?]
  const isSet = (register: number, bit: number) => ((stored.get(register) ?? 0) & bit) !== 0;
  const external = () => emcExternalWord(points.external?.read());
  const tach = () => {
    const rpm = fans?.fans[0]?.tachRpm ?? 0;
    const isUnreadable = !isSet(CONFIGURATION, TACH_INPUT) || rpm < TACH_RATE / TACH_STOPPED;
    return isUnreadable ? TACH_STOPPED : Math.round(TACH_RATE / rpm);
  };
  /** The low byte belongs to the high one that is read with it. */
  let latchedTach = TACH_STOPPED;

  const device = byteRegisterDevice({
    read(register) {
      switch (register) {
        case INTERNAL: {
          const temperatureC = points.internal === undefined ? 25 : points.internal.read();
          return temperatureC === undefined ? undefined : wholeDegrees(temperatureC);
        }
        case EXTERNAL_HIGH:
          return external() >> 8;
        case EXTERNAL_LOW:
          return external() & 0xff;
        case STATUS:
          return points.external?.read() === undefined ? DIODE_FAULT : 0;
        case TACH_LOW:
          latchedTach = tach();
          return latchedTach & 0xff;
        case TACH_HIGH:
          return latchedTach >> 8;
        case PRODUCT:
          return 0x16; // or 28 [D]
        case MANUFACTURER:
          return 0x5d; // [D]
        default:
          return stored.get(register) ?? 0;
      }
    },
    write(register, value) {
      if (register === FAN_SETTING && !isSet(FAN_CONFIGURATION, DIRECT_SETTING)) return true;
      stored.set(register, value);
      if (register === FAN_SETTING && fans !== undefined)
        fans.dutyPercent = (Math.min(MAX_SETTING, value) / MAX_SETTING) * 100;
      return true;
    },
  });
  return {
    device,
    sense(declared, point) {
      points[declared.includes("external") ? "external" : "internal"] = point;
    },
    drive(declared) {
      fans = declared;
      // Out of reset its setting is 0 (datasheet).
      fans.dutyPercent = 0;
    },
  };
}

function wholeDegrees(temperatureC: number): number {
  return Math.min(127, Math.max(-128, Math.round(temperatureC))) & 0xff;
}
