/** From percent to what a fan controller wants. */
import type { Registers } from "../sensors/i2c-part.ts";

/** Steps out of `full`, rounded towards more air. Throws RangeError outside 0 to 100 %. */
export function dutySteps(dutyPercent: number, full: number): number {
  if (!(dutyPercent >= 0 && dutyPercent <= 100))
    throw new RangeError(`fan duty: ${dutyPercent} %; allowed: 0 to 100`);
  return Math.ceil((dutyPercent * full) / 100);
}

/**
 * One duty for all of the registers. Rejects with "refused" when the part reads back less than was written: it was reset,
 * or a table of its own drives the fan. More is what a part says while it kicks a standing fan.
 */
export async function writeDuty(
  registers: Registers,
  settings: readonly number[],
  steps: number,
): Promise<void> {
  // All are written before one is checked: a fan that refuses keeps the air of no other.
  for (const setting of settings) await registers.write(setting, steps);
  for (const setting of settings) {
    const found = await registers.readByte(setting);
    if (found < steps)
      throw registers.failure("refused", `fan setting: wrote ${steps}, reads ${found}`);
  }
}
