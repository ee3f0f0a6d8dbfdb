/**
 * EMC2103, EMC2302 and EMC2305: blocks of 16 registers, one for each fan. Setting, tachometer and formula [D]; where the
 * range stands is [?]. All fans of a part get the same duty.
 */
import type { FanController, FanControllerDriver } from "../../src/ports/peripherals.ts";
import { identifyEmc2103 } from "../sensors/emc2103.ts";
import { I2cPart, type Registers } from "../sensors/i2c-part.ts";
import { dutySteps, writeDuty } from "./duty.ts";

interface FanPart {
  readonly part: string;
  /** Where each fan's registers begin. */
  readonly blocks: readonly number[];
  readonly identify: (registers: Registers) => Promise<void>;
}

/** At 0x2E [D]. */
export const emc2103Fan: FanControllerDriver = fanDriver({
  part: "EMC2103",
  blocks: [0x40], // [D]
  identify: identifyEmc2103,
});

/** At 0x2E or 0x2F [D]. */
export const emc2302Fans: FanControllerDriver = fanDriver({
  part: "EMC2302",
  blocks: [0x30, 0x40], // [D]
  identify: (registers) => identify(registers, 0x36), // SMSC EMC2302, table 5.1
});

/** At 0x4D or 0x2E [D]. Fans three to five by analogy [?]. */
export const emc2305Fans: FanControllerDriver = fanDriver({
  part: "EMC2305",
  blocks: [0x30, 0x40, 0x50, 0x60, 0x70],
  identify: (registers) => identify(registers, 0x34), // [?]
});

const SETTING = 0x0; // [D]
const FULL = 255; // [D]
const CONFIGURATION = 0x2; // that the range is here, in bits 6-5: datasheet from memory [?]
const KEEPS_SPEED_ITSELF = 0x80; // the setting is then read-only; off after power-on [?]
const TACH_HIGH = 0xe; // [D]
const TACH_LOW = 0xf; // [D]
const RPM_TIMES_COUNT = 3_932_160; // [D]; twice that for the EMC2103 [D] is its range after power-on
const STOPPED_HIGH = 0xff; // [D]
const PRODUCT_ID = 0xfd; // SMSC EMC2302, table 5.1
const MANUFACTURER_ID = 0xfe; // SMSC EMC2302, table 5.1
const SMSC = 0x5d; // SMSC EMC2302, table 5.1

/** 0 for a fan that stands still. `configuration` is the fan's own: bits 6-5 are the range, which multiplies by 1, 2, 4, 8. */
export function emc230xToRpm(high: number, low: number, configuration: number): number {
  const count = (high << 5) | (low >> 3);
  // A count of 0 has measured nothing, and proves no turning fan.
  if (high === STOPPED_HIGH || count === 0) return 0;
  return Math.trunc((RPM_TIMES_COUNT * (1 << ((configuration >> 5) & 3))) / count);
}

function fanDriver({ part: name, blocks, identify }: FanPart): FanControllerDriver {
  return {
    part: name,
    fans: blocks.length,
    open(bus, address): FanController {
      const part = new I2cPart(bus, name, address);
      return {
        /** Leaves the duty alone: 0 after a power-on. */
        prepare: () =>
          part.converse("prepare fans", async (registers) => {
            await identify(registers);
            for (const block of blocks) await takeOver(registers, block);
          }),
        setDuty: (dutyPercent) =>
          part.converse("set fan duty", (registers) =>
            writeDuty(
              registers,
              blocks.map((block) => block + SETTING),
              dutySteps(dutyPercent, FULL),
            ),
          ),
        readRpm: () =>
          part.converse("read fan speed", async (registers) => {
            const rpm: number[] = [];
            for (const block of blocks) rpm.push(await readRpm(registers, block));
            return rpm;
          }),
      };
    },
  };
}

async function takeOver(registers: Registers, block: number): Promise<void> {
  const configuration = await registers.readByte(block + CONFIGURATION);
  if ((configuration & KEEPS_SPEED_ITSELF) !== 0)
    await registers.writeChecked(block + CONFIGURATION, configuration & ~KEEPS_SPEED_ITSELF);
}

async function readRpm(registers: Registers, block: number): Promise<number> {
  const configuration = await registers.readByte(block + CONFIGURATION);
  const high = await registers.readByte(block + TACH_HIGH);
  const low = await registers.readByte(block + TACH_LOW);
  return emc230xToRpm(high, low, configuration);
}

async function identify(registers: Registers, productId: number): Promise<void> {
  await registers.expectId(MANUFACTURER_ID, [SMSC]);
  await registers.expectId(PRODUCT_ID, [productId]);
}
