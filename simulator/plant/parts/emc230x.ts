/** EMC2302 and EMC2305, and EMC2103 with its temperatures: fans by duty of eight bits, turns by a counter of thirteen [D]. */
import type { FanGroupModel } from "../fan-model.ts";
import type { SensorPoint } from "../sensor-point.ts";
import { byteRegisterDevice } from "./byte-registers.ts";
import { emcExternalWord } from "./emc2101.ts";
import type { PartContext, PartModel } from "./part-model.ts";

interface Emc230xPart {
  readonly prefix: string;
  /** First register of each fan. */
  readonly fanBlocks: readonly number[];
  readonly product: number;
  readonly hasTemperatures: boolean;
}

/** Products: the kernel's emc2305 and emc2103 drivers [D]. */
const parts: readonly Emc230xPart[] = [
  { prefix: "EMC2103", fanBlocks: [0x40], product: 0x24, hasTemperatures: true },
  { prefix: "EMC2302", fanBlocks: [0x30, 0x40], product: 0x36, hasTemperatures: false },
  {
    prefix: "EMC2305",
    fanBlocks: [0x30, 0x40, 0x50, 0x60, 0x70],
    product: 0x34,
    hasTemperatures: false,
  },
];

const SETTING = 0x0;
const FAN_CONFIGURATION = 0x2;
const TACH_HIGH = 0xe;
const TACH_LOW = 0xf;
const PRODUCT = 0xfd;
const MANUFACTURER = 0xfe;
/** Range in bits 6 and 5: multiplier 1, 2, 4, 8; 2 out of reset (datasheet). */
const DEFAULT_FAN_CONFIGURATION = 0x2b;
const TACH_RATE = 3_932_160; // [D]
const MAX_COUNT = 0x1fff;
const MAX_SETTING = 255;

export function emc230xModel({ part: name }: Pick<PartContext, "part">): PartModel {
  const part = parts.find(({ prefix }) => name.startsWith(prefix)) as Emc230xPart;
  const points: { internal?: SensorPoint; external?: SensorPoint } = {};
  let fans: FanGroupModel | undefined;
  const stored = new Map(
    part.fanBlocks.map((block) => [block + FAN_CONFIGURATION, DEFAULT_FAN_CONFIGURATION]),
  );

  const tach = (fan: number): number => {
    const configuration = stored.get((part.fanBlocks[fan] as number) + FAN_CONFIGURATION) ?? 0;
    const multiplier = 1 << ((configuration >> 5) & 3);
    const rpm = fans?.fans[fan]?.tachRpm ?? 0;
    const count = rpm > 0 ? Math.round((TACH_RATE * multiplier) / rpm) : MAX_COUNT;
    return Math.min(MAX_COUNT, count) << 3;
  };
  const temperature = (register: number): number | undefined => {
    const word =
      register < 2
        ? points.internal === undefined
          ? emcExternalWord(25)
          : wordOrLost(points.internal.read())
        : register < 4
          ? emcExternalWord(points.external?.read())
          : emcExternalWord(undefined);
    if (word === undefined) return undefined;
    return register % 2 === 0 ? word >> 8 : word & 0xff;
  };

  const device = byteRegisterDevice({
    read(register) {
      if (part.hasTemperatures && register < 6) return temperature(register);
      const fan = part.fanBlocks.indexOf(register & 0xf0);
      if (fan >= 0 && (register & 0xf) === TACH_HIGH) return tach(fan) >> 8;
      if (fan >= 0 && (register & 0xf) === TACH_LOW) return tach(fan) & 0xff;
      if (register === PRODUCT) return part.product;
      if (register === MANUFACTURER) return 0x5d; // [D]
      return stored.get(register) ?? 0;
    },
    write(register, value) {
      stored.set(register, value);
      const isSetting = (register & 0xf) === SETTING && part.fanBlocks.includes(register);
      // The fans of a group stand in one air stream: the group goes by the mean of their settings.
      if (isSetting && fans !== undefined) {
        const settings = part.fanBlocks
          .slice(0, fans.fans.length)
          .map((block) => stored.get(block + SETTING) ?? 0);
        const sum = settings.reduce((total, setting) => total + setting, 0);
        fans.dutyPercent = ((sum / settings.length) * 100) / MAX_SETTING;
      }
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
      fans.dutyPercent = 0;
    },
  };
}

function wordOrLost(temperatureC: number | undefined): number | undefined {
  return temperatureC === undefined ? undefined : emcExternalWord(temperatureC);
}
