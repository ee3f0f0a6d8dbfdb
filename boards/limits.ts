/** Temperature limits, each as shipping firmware has it. Machines without numbers of their own take the strictest of these. */
import type { Bm13xxChip } from "../drivers/bm13xx/chips.ts";
import type { PlaceLimits, TemperatureLimits } from "../src/control/limits.ts";

/** LM75 sensors on a hashboard. LuxOS has 75 for fibre-glass and 72 for aluminium boards; which ones are, is not known. */
export const hashboardLimits: TemperatureLimits = {
  targetC: 55,
  hotC: 65,
  dangerousC: 70,
  ceilingC: 75,
  source: "LuxOS, S19 defaults [D]",
};

/** The chip's own diode. ESP-Miner has a default target of 60 and stops at 75; where it gets hot is ours. */
export const chipLimits: TemperatureLimits = {
  targetC: 60,
  hotC: 70,
  dangerousC: 75,
  ceilingC: 75,
  source: "ESP-Miner: set-point 60, stops at 75 [D]; hot at 70 is ours",
};

/** ESP-Miner stops at 105 and resumes below 95, which is what fans may aim at; where it gets hot is ours. */
export const regulatorLimits: TemperatureLimits = {
  targetC: 95,
  hotC: 100,
  dangerousC: 105,
  ceilingC: 105,
  source: "ESP-Miner: stops at 105, resumes below 95 [D]; hot at 100 is ours",
};

/** Of a hashboard; its chips' own reading counts where they have one that is known to work. */
export function hashboardLimitsWith(chip: Bm13xxChip): PlaceLimits {
  return chip.temperature === null
    ? { board: hashboardLimits }
    : { board: hashboardLimits, chip: chipLimits };
}
