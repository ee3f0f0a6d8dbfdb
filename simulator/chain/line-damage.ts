/** What a bad line, or two ends at different rates, makes of bytes. Chance is consumed per byte, never per chunk. */
import type { FaultState } from "./fault-state.ts";
import type { SeededRandom } from "./random.ts";

/** Two ends farther apart than this do not understand each other; 4 % is in use in the field [C]. */
const RATE_TOLERANCE = 0.05;

export function understandEachOther(baudRate: number, otherBaudRate: number): boolean {
  return Math.abs(baudRate / otherBaudRate - 1) <= RATE_TOLERANCE;
}

/** A byte read at the wrong rate: mostly runs of equal bits, as seen at baud switches [C]. One for one is a simplification. */
export function garbledByte(random: SeededRandom): number {
  return [0xff, 0xfe, 0x00, random.below(256)][random.below(4)] as number;
}

/** The byte with at most one bit flipped. */
export function byteWithErrors(byte: number, bitErrors: number, random: SeededRandom): number {
  if (!random.happens(1 - (1 - bitErrors) ** 8)) return byte;
  return byte ^ (1 << random.below(8));
}

/** What of an answer reaches the host. */
export function damaged(
  answer: Uint8Array,
  isUnderstood: boolean,
  faults: Pick<FaultState, "cutFrames" | "noise" | "bitErrors">,
  random: SeededRandom,
): Uint8Array {
  const isCut = random.happens(faults.cutFrames);
  const length = isCut ? 1 + random.below(answer.length - 1) : answer.length;
  const before = random.happens(faults.noise) ? noiseBytes(random) : [];
  return Uint8Array.from([...before, ...answer.subarray(0, length)], (byte) =>
    byteWithErrors(isUnderstood ? byte : garbledByte(random), faults.bitErrors, random),
  );
}

/** What arrives while the chips change their rate: one to sixteen bytes. */
export function switchGarbage(random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(16) }, () => garbledByte(random));
}

/** One to eight bytes of anything. */
function noiseBytes(random: SeededRandom): readonly number[] {
  return Array.from({ length: 1 + random.below(8) }, () => random.below(256));
}
