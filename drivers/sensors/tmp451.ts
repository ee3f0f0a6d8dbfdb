/**
 * TMP451 and the parts that were made like it: own temperature (local) and that of a diode in a chip (remote).
 * TMP451 at 0x4C or 0x49 [D]; TMP42x, ADT7461 and NCT218 sit behind the chips of an S9 at 0x4C to 0x4E [D].
 */
import type { TemperatureSensorDriver } from "../../src/ports/peripherals.ts";
import type { Registers } from "./i2c-part.ts";
import { sensorDriver } from "./sensor-driver.ts";

interface RemoteDiodePart {
  readonly part: string;
  readonly manufacturerIds: readonly number[];
  /** Upper half of register FF, where that tells the family. */
  readonly deviceFamily?: number;
  readonly configuration: number;
  readonly openDiode: { readonly register: number; readonly mask: number };
  /** `low` is null where there are whole degrees only. */
  readonly local: { readonly high: number; readonly low: number | null };
  readonly remote: { readonly high: number; readonly low: number };
  /** Reading this byte holds the other one, so that both are of one conversion. */
  readonly first: "high" | "low";
}

/** All registers of this one: reference [D], TI SBOS686. */
const TMP451: RemoteDiodePart = {
  part: "TMP451",
  manufacturerIds: [0x55],
  configuration: 0x03,
  openDiode: { register: 0x02, mask: 0x04 },
  local: { high: 0x00, low: 0x15 },
  remote: { high: 0x01, low: 0x10 },
  first: "high",
};

/** Registers as the TMP451; no local fraction, and the low byte goes first (datasheet of the ADT7461, no driver seen) [?]. */
const ADT7461: RemoteDiodePart = {
  ...TMP451,
  part: "ADT7461",
  manufacturerIds: [0x41], // Analog Devices' [?]
  local: { high: 0x00, low: null },
  first: "low",
};

/** Onsemi's ADT7461. The NCT1008's datasheet has 0x41; that this one may say 0x1A is not confirmed [?]. */
const NCT218: RemoteDiodePart = { ...ADT7461, part: "NCT218", manufacturerIds: [0x41, 0x1a] };

/** TMP421, 422, 423; their first remote channel. A map of its own: TI SBOS398, id 2x in register FF [D]. */
const TMP42X: RemoteDiodePart = {
  part: "TMP42x",
  manufacturerIds: [0x55],
  deviceFamily: 0x2,
  configuration: 0x09,
  openDiode: { register: 0x11, mask: 0x01 },
  local: { high: 0x00, low: 0x10 },
  remote: { high: 0x01, low: 0x11 },
  first: "high",
};

export const tmp451Local: TemperatureSensorDriver = localChannel(TMP451);
export const tmp451Remote: TemperatureSensorDriver = remoteChannel(TMP451);
export const adt7461Local: TemperatureSensorDriver = localChannel(ADT7461);
export const adt7461Remote: TemperatureSensorDriver = remoteChannel(ADT7461);
export const nct218Local: TemperatureSensorDriver = localChannel(NCT218);
export const nct218Remote: TemperatureSensorDriver = remoteChannel(NCT218);
export const tmp42xLocal: TemperatureSensorDriver = localChannel(TMP42X);
export const tmp42xRemote: TemperatureSensorDriver = remoteChannel(TMP42X);

const MANUFACTURER_ID = 0xfe; // [D]
const DEVICE_ID = 0xff; // [D]
const EXTENDED_RANGE = 0x04; // configuration bit 2 [D]
const EXTENDED_OFFSET_C = 64; // [D]
const SHUT_DOWN = 0x40; // configuration bit 6, TI SBOS686 and SBOS398
const C_PER_STEP = 0.0625; // [D]

/**
 * °C of both bytes. The normal range ends at 0 and 127 °C in most of these parts; read as signed, so that a byte beyond
 * (the range was switched and no conversion has come yet) is far too cold to be believed.
 */
export function remoteDiodeToC(high: number, low: number, isExtended: boolean): number {
  const fractionC = (low >> 4) * C_PER_STEP;
  return (isExtended ? high - EXTENDED_OFFSET_C : (high << 24) >> 24) + fractionC;
}

function localChannel(model: RemoteDiodePart): TemperatureSensorDriver {
  return sensorDriver({
    part: `${model.part} local`,
    identify: (registers) => identify(model, registers),
    read: async (registers) => {
      const isExtended = await readRange(model, registers);
      const [high, low] = await readBytes(registers, model.local, model.first);
      return remoteDiodeToC(high, low, isExtended);
    },
  });
}

function remoteChannel(model: RemoteDiodePart): TemperatureSensorDriver {
  return sensorDriver({
    part: `${model.part} remote`,
    identify: (registers) => identify(model, registers),
    read: async (registers) => {
      const isExtended = await readRange(model, registers);
      const [high, low] = await readBytes(registers, model.remote, model.first);
      // Last, so that it speaks of the bytes just read.
      const { register, mask } = model.openDiode;
      if (((await registers.readByte(register)) & mask) !== 0)
        throw registers.failure("not-found", "the diode is open");
      return remoteDiodeToC(high, low, isExtended);
    },
  });
}

async function identify(model: RemoteDiodePart, registers: Registers): Promise<void> {
  await registers.expectId(MANUFACTURER_ID, model.manufacturerIds);
  if (model.deviceFamily === undefined) return;
  const device = await registers.readByte(DEVICE_ID);
  if (device >> 4 !== model.deviceFamily)
    throw registers.failure("wrong-id", `device id 0x${device.toString(16).padStart(2, "0")}`);
}

async function readRange(model: RemoteDiodePart, registers: Registers): Promise<boolean> {
  const configuration = await registers.readByte(model.configuration);
  // It would repeat its last temperature for ever.
  if ((configuration & SHUT_DOWN) !== 0) throw registers.failure("refused", "it is shut down");
  return (configuration & EXTENDED_RANGE) !== 0;
}

async function readBytes(
  registers: Registers,
  channel: { readonly high: number; readonly low: number | null },
  first: "high" | "low",
): Promise<[high: number, low: number]> {
  if (channel.low === null) return [await registers.readByte(channel.high), 0];
  const low = first === "low" ? await registers.readByte(channel.low) : undefined;
  const high = await registers.readByte(channel.high);
  return [high, low ?? (await registers.readByte(channel.low))];
}
