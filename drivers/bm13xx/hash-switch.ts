/** The commands that start and stop the hashing of all chips: without one they repeat their last job at full power. */
import type { Bm13xxChip } from "./chips.ts";
import { writeRegisterOfAll } from "./frame.ts";
import { registers } from "./registers.ts";

/** What ESP-Miner writes while it sets a BM1397 up [D]: one ordered clock, for all cores. */
const ORDERED_CLOCKS = 0x00000001;

export function hashingOff(chip: Bm13xxChip): Uint8Array {
  return chip.hashSwitch === "hash-counting-number"
    ? writeRegisterOfAll(registers.hashCountingNumber.number, 0)
    : writeRegisterOfAll(registers.orderedClockEnable.number, 0);
}

/** `ticks`: the hash counting number, for chips that count. */
export function hashingOn(chip: Bm13xxChip, ticks: number): Uint8Array {
  return chip.hashSwitch === "hash-counting-number"
    ? writeRegisterOfAll(registers.hashCountingNumber.number, ticks)
    : writeRegisterOfAll(registers.orderedClockEnable.number, ORDERED_CLOCKS);
}
