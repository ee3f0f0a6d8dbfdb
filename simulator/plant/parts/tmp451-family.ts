/** TMP451, NCT218, ADT7461 and TMP42x: a local sensor and a remote diode, in whole degrees and sixteenths. */
import type { SensorPoint } from "../sensor-point.ts";
import { byteRegisterDevice } from "./byte-registers.ts";
import type { PartContext, PartModel } from "./part-model.ts";

interface Tmp451Part {
  readonly prefix: string;
  readonly manufacturerId: number;
  /** Register FF, where it tells the part. */
  readonly deviceId?: number;
  readonly localLow?: number;
  readonly remoteLow: number;
  readonly writeConfiguration: number;
}

/** Registers of the TMP451 [D]; ids of the others from their datasheets [?]. */
const parts: readonly Tmp451Part[] = [
  {
    prefix: "TMP451",
    manufacturerId: 0x55, // [D]
    localLow: 0x15,
    remoteLow: 0x10,
    writeConfiguration: 0x09,
  },
  { prefix: "NCT218", manufacturerId: 0x41, remoteLow: 0x10, writeConfiguration: 0x09 },
  { prefix: "ADT7461", manufacturerId: 0x41, remoteLow: 0x10, writeConfiguration: 0x09 },
  {
    prefix: "TMP42",
    manufacturerId: 0x55,
    deviceId: 0x21, // 2x [D]
    localLow: 0x10,
    remoteLow: 0x11,
    writeConfiguration: 0x09,
  },
];

const LOCAL_HIGH = 0x00;
const REMOTE_HIGH = 0x01;
const STATUS = 0x02;
const CONFIGURATION = 0x03;
const REMOTE_OFFSET = 0x11;
const MANUFACTURER = 0xfe;
const DEVICE = 0xff;

const DIODE_OPEN = 0x04; // bit 2 of the status [D]
const EXTENDED_RANGE = 0x04; // bit 2 of the configuration [D]
const EXTENDED_RANGE_C = 64;
const STEPS_PER_C = 16;

/** Whole degrees in the high byte, sixteenths in the upper half of the low one. */
export function tmp451Word(temperatureC: number, isExtended: boolean): number {
  const step = Math.round((temperatureC + (isExtended ? EXTENDED_RANGE_C : 0)) * STEPS_PER_C);
  const highest = isExtended ? 0xfff : 0x7ff;
  return Math.min(highest, Math.max(isExtended ? 0 : -64 * STEPS_PER_C, step)) << 4;
}

export function tmp451Model({ part: name }: Pick<PartContext, "part">): PartModel {
  const part = parts.find(({ prefix }) => name.startsWith(prefix)) as Tmp451Part;
  const points: { local?: SensorPoint; remote?: SensorPoint } = {};
  let configuration = 0;
  let offsetC = 0;

  const word = (temperatureC: number) =>
    tmp451Word(temperatureC, (configuration & EXTENDED_RANGE) !== 0);
  const local = () => {
    if (points.local === undefined) return word(25);
    const temperatureC = points.local.read();
    return temperatureC === undefined ? undefined : word(temperatureC);
  };
  /** A diode that is not there reads as the most there is [?], and the status says so. */
  const remote = () => {
    const temperatureC = points.remote?.read();
    return word(temperatureC === undefined ? Number.MAX_SAFE_INTEGER : temperatureC + offsetC);
  };
  const high = (value: number | undefined) =>
    value === undefined ? undefined : (value >> 8) & 0xff;
  const low = (value: number | undefined) => (value === undefined ? undefined : value & 0xff);

  const device = byteRegisterDevice({
    read(register) {
      if (register === LOCAL_HIGH) return high(local());
      if (register === REMOTE_HIGH) return high(remote());
      if (register === part.localLow) return low(local());
      if (register === part.remoteLow) return low(remote());
      if (register === STATUS) return points.remote?.read() === undefined ? DIODE_OPEN : 0;
      if (register === CONFIGURATION || register === part.writeConfiguration) return configuration;
      if (register === REMOTE_OFFSET) return offsetC & 0xff;
      if (register === MANUFACTURER) return part.manufacturerId;
      return register === DEVICE ? (part.deviceId ?? 0) : 0;
    },
    write(register, value) {
      if (register === part.writeConfiguration) configuration = value;
      if (register === REMOTE_OFFSET) offsetC = (value << 24) >> 24;
      return true;
    },
  });
  return {
    device,
    sense(declared, point) {
      points[declared.includes("remote") ? "remote" : "local"] = point;
    },
  };
}
