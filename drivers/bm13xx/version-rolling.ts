/** VERSION_ROLLING (0xA4): which version bits the chips step through by themselves [C]. */
import { VERSION_SHIFT } from "./nonce.ts";

/** Bits 13 to 28, all that the chips can roll. */
export const ROLLABLE_MASK = 0x1fffe000;
/** Rolling on, 8 midstates: the same on every chip in the wild, whatever its real batch [C]. */
const ENABLED = 0x90000000;

/** Register value for a version mask; bits outside 13 to 28 are ignored. */
export function versionRollingRegister(versionMask: number): number {
  return (ENABLED | ((versionMask & ROLLABLE_MASK) >>> VERSION_SHIFT)) >>> 0;
}

/** The version mask that a register value holds. */
export function versionMaskOf(register: number): number {
  return (register & 0xffff) << VERSION_SHIFT;
}
