/** DS4432U: a current into the feedback of a regulator, which moves its output. Nothing it is told switches anything off. */
import { byteRegisterDevice } from "./byte-registers.ts";
import { NO_SUPPLY_FAULTS, type PartContext, type PartModel } from "./part-model.ts";

/** What hangs around it decides what a code is worth. */
interface Feedback {
  readonly referenceV: number;
  readonly upperOhm: number;
  readonly lowerOhm: number;
  readonly fullScaleA: number;
}

/** Bitaxe Max [D]; gives 1.458 V while no current flows. */
const bitaxe: Feedback = {
  referenceV: 0.6,
  upperOhm: 4_750,
  lowerOhm: 3_320,
  fullScaleA: 98.921e-6,
};
/**
 * emberOne: resistors [D]; full scale 0.997 V / 39 kΩ × 127 / 16 (datasheet), and the reference that makes the range of 2.875
 * to 4.324 V that its driver gives [D] come out.
 */
const emberOne: Feedback = {
  referenceV: 0.8,
  upperOhm: 3_570,
  lowerOhm: 1_020,
  fullScaleA: ((0.997 / 39_000) * 127) / 16,
};

const OUTPUT_0 = 0xf8; // [D]
const SOURCE = 0x80;
const HIGHEST_CODE = 127;

function voltageAt({ referenceV, upperOhm, lowerOhm, fullScaleA }: Feedback, code: number): number {
  const currentA = ((code & HIGHEST_CODE) / HIGHEST_CODE) * fullScaleA;
  const throughUpperA = referenceV / lowerOhm + ((code & SOURCE) === 0 ? currentA : -currentA);
  return referenceV + upperOhm * throughUpperA;
}

export function ds4432uModel({
  voltage,
  onChange,
}: Pick<PartContext, "voltage" | "onChange">): PartModel {
  const feedback = voltage.workingV > voltageAt(bitaxe, HIGHEST_CODE) ? emberOne : bitaxe;
  let codes: readonly [number, number] = [0, 0];
  let faults = NO_SUPPLY_FAULTS;
  const device = byteRegisterDevice({
    read: (register) => codes[register - OUTPUT_0] ?? 0,
    write(register, value) {
      if (register === OUTPUT_0) codes = [value, codes[1]];
      if (register === OUTPUT_0 + 1) codes = [codes[0], value];
      onChange();
      return true;
    },
  });
  return {
    device: {
      write: (bytes) => !faults.isSilent && device.write(bytes),
      read: (lengthBytes) => (faults.isSilent ? undefined : device.read(lengthBytes)),
    },
    supply: {
      outputV: () => voltageAt(feedback, codes[0]),
      setFaults(now) {
        faults = now;
      },
    },
  };
}
