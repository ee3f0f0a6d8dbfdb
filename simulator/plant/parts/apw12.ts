/** APW12 and relatives: the machine's supply, spoken to a byte at a time through one register [C on an S19 Pro]. */
import type { I2cDevice } from "../i2c-bus-model.ts";
import { FramedTalk, withLengthAndSum } from "./framed-talk.ts";
import { NO_SUPPLY_FAULTS, type PartContext, type PartModel } from "./part-model.ts";

const VERSION_REGISTER = 0x00;
const VERSION = 0xf5; // "V2" [C]
const TALK_REGISTER = 0x11;

const GET_FIRMWARE = 0x01;
const GET_TYPE = 0x02;
const GET_VOLTAGE = 0x03;
const SET_VOLTAGE = 0x83;
const FIRMWARE = 6; // documented

/** A code is `offset - perV × V`, cut to a whole number [D]; how far the codes reach is known for 0x71 alone. */
interface SupplyType {
  readonly type: number;
  readonly offset: number;
  readonly perV: number;
  readonly minCode: number;
  readonly maxCode: number;
}

const supplyTypes: readonly SupplyType[] = [
  { type: 0x71, offset: 1190.935338, perV: 78.742588, minCode: 9, maxCode: 246 },
  { type: 0x74, offset: 1156.107585, perV: 76.090494, minCode: 0, maxCode: 255 },
  { type: 0x73, offset: 1280.577821, perV: 73.979365, minCode: 0, maxCode: 255 },
  { type: 0x43, offset: 933.240365, perV: 59.806034, minCode: 0, maxCode: 255 },
  { type: 0x41, offset: 765.411764, perV: 35.833333, minCode: 0, maxCode: 255 },
  { type: 0x22, offset: 1215.89444, perV: 59.931507, minCode: 0, maxCode: 255 },
  { type: 0x61, offset: 1144.502262, perV: 52.243589, minCode: 0, maxCode: 255 },
];

/** The first type that can give all voltages of the declaration. */
export function apw12TypeFor({ startV, workingV }: PartContext["voltage"]): SupplyType {
  const fits = (type: SupplyType, voltageV: number) =>
    voltageV >= voltageAt(type, type.maxCode) - 0.02 &&
    voltageV <= voltageAt(type, type.minCode) + 0.02;
  const fitting = supplyTypes.find((type) => fits(type, startV) && fits(type, workingV));
  return fitting ?? (supplyTypes[0] as SupplyType);
}

export function voltageAt({ offset, perV }: SupplyType, code: number): number {
  return (offset - code) / perV;
}

export function apw12Model(context: PartContext): PartModel {
  const { clock, assumptions, onChange, voltage } = context;
  const type = apw12TypeFor(voltage);
  let faults = NO_SUPPLY_FAULTS;
  /** Nobody has said how much yet: then it gives nothing [?]. */
  let code: number | undefined;

  const content = (command: number, payload: readonly number[]): readonly number[] | undefined => {
    switch (command) {
      case GET_FIRMWARE:
        return [FIRMWARE, 0];
      case GET_TYPE:
        return [faults.wrongType ?? type.type, 0];
      case GET_VOLTAGE:
        return [code ?? type.maxCode, 0];
      case SET_VOLTAGE:
        code = Math.min(type.maxCode, Math.max(type.minCode, payload[0] ?? type.maxCode));
        onChange();
        return payload;
      default:
        return undefined;
    }
  };
  const talk = new FramedTalk({
    clock,
    sumOrder: "low first",
    answer(command, payload) {
      if (faults.isSilent) return undefined;
      const bytes = content(command, payload);
      return (
        bytes && {
          bytes: [0x55, 0xaa, ...withLengthAndSum([command, ...bytes], "low first")],
          afterMs: assumptions.supplyReplyMs,
        }
      );
    },
  });
  let register = 0;
  const device: I2cDevice = {
    write(bytes) {
      register = bytes[0] ?? register;
      // One byte at a time: what follows it is lost.
      if (register === TALK_REGISTER && bytes[1] !== undefined) talk.hear(bytes[1]);
      return true;
    },
    read: (lengthBytes) =>
      Uint8Array.from({ length: lengthBytes }, (_, i) => {
        if (register === VERSION_REGISTER) return VERSION;
        return register === TALK_REGISTER && i === 0 ? talk.say() : 0xff;
      }),
  };
  return {
    device,
    supply: {
      outputV: () => (code === undefined ? 0 : voltageAt(type, code)),
      setFaults(now) {
        faults = now;
      },
    },
  };
}
