/** The one fan of an EMC2101, at 0x4C on Bitaxe boards [D]. */
import type { FanController, FanControllerDriver } from "../../src/ports/peripherals.ts";
import { identifyEmc2101 } from "../sensors/emc2101.ts";
import { I2cPart } from "../sensors/i2c-part.ts";
import { dutySteps, writeDuty } from "./duty.ts";

export const emc2101Fan: FanControllerDriver = {
  part: "EMC2101",
  fans: 1,
  open(bus, address): FanController {
    const part = new I2cPart(bus, "EMC2101", address);
    return {
      /** Leaves the duty alone: 0 after a power-on. */
      prepare: () =>
        part.converse("prepare fan", async (registers) => {
          await identifyEmc2101(registers);
          await registers.writeChecked(CONFIGURATION, TACH_INPUT);
          await registers.writeChecked(FAN_CONFIGURATION, DIRECT_DUTY);
        }),
      setDuty: (dutyPercent) =>
        part.converse("set fan duty", (registers) =>
          writeDuty(registers, [DUTY], dutySteps(dutyPercent, DUTY_FULL)),
        ),
      readRpm: () =>
        part.converse("read fan speed", async (registers) => {
          const low = await registers.readByte(TACH_LOW);
          const high = await registers.readByte(TACH_HIGH);
          return [emc2101ToRpm((high << 8) | low)];
        }),
    };
  },
};

const CONFIGURATION = 0x03; // [D]
const TACH_INPUT = 0x04; // the pin is a tachometer, not an alert [D]
const FAN_CONFIGURATION = 0x4a; // [D]
const DIRECT_DUTY = 0x23; // look-up table off, so that the duty can be written; tachometer mode 3 [D]
const DUTY = 0x4c; // [D]
/** Steps to 100 % [D]; with the PWM divider as it powers on the datasheet has full speed from 46 on: more air, not less [?]. */
const DUTY_FULL = 63;
const TACH_LOW = 0x46; // [D]
const TACH_HIGH = 0x47; // [D]
const RPM_TIMES_COUNT = 5_400_000; // [D]
const STOPPED = 0xffff; // [D]

/** 0 for a fan that stands still. */
export function emc2101ToRpm(count: number): number {
  // A count of 0 has measured nothing, and proves no turning fan.
  return count === STOPPED || count === 0 ? 0 : Math.trunc(RPM_TIMES_COUNT / count);
}
