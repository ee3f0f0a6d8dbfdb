/** Types of the APW12 class: how each writes a voltage as a code, and which voltages it may be told. */

export interface Apw12Type {
  /** As the supply reports it. */
  readonly types: readonly number[];
  /** code = trunc(offset - codesPerV × V), so a higher code is a lower voltage [D]; 0x71 also [C]. */
  readonly offset: number;
  readonly codesPerV: number;
  /** Clamp. */
  readonly minV: number;
  readonly maxV: number;
  /** The code can be read back; for other types nobody has written down whether it can. */
  readonly readsBack?: true;
}

/**
 * Coefficients from stock firmware, disassembled [D]. Clamps: 0x71 has codes 9 to 246, which are 15.00 and 12.00 V [D];
 * the others take the 12 to 15 V that the APW12 is sold with [?], less what needs a code above 255: no frame has been
 * seen whose second code byte was not 00, and 0x73 at 12 V would be code 392. Types 0x22 and 0x61 are left out: none of
 * their voltages up to 15 V has a code of one byte (1215.894440 - 59.931507 V, 1144.502262 - 52.243589 V [D]).
 */
export const apw12Types: readonly Apw12Type[] = [
  { types: [0x71], offset: 1190.935338, codesPerV: 78.742588, minV: 12, maxV: 15 },
  { types: [0x73, 0x78], offset: 1280.577821, codesPerV: 73.979365, minV: 13.85, maxV: 15 },
  { types: [0x74, 0x76], offset: 1156.107585, codesPerV: 76.090494, minV: 12, maxV: 15 },
  {
    types: [0x41],
    offset: 765.411764,
    codesPerV: 35.833333,
    minV: 14.22,
    maxV: 15,
    readsBack: true, // documented for the x17 supplies [D]
  },
  { types: [0x42], offset: 765.411764, codesPerV: 35.833333, minV: 14.22, maxV: 15 },
  { types: [0x43], offset: 933.240365, codesPerV: 59.806034, minV: 12, maxV: 15 },
];

export function apw12TypeOf(type: number): Apw12Type | undefined {
  return apw12Types.find(({ types }) => types.includes(type));
}

/** Throws RangeError outside the type's clamp. */
export function apw12CodeOf(type: Apw12Type, voltageV: number): number {
  if (!(voltageV >= type.minV && voltageV <= type.maxV))
    throw new RangeError(`${voltageV} V; allowed: ${type.minV} to ${type.maxV} V`);
  return Math.trunc(type.offset - type.codesPerV * voltageV);
}

/** V that a code stands for: the highest of those that are sent as this code. */
export function apw12VoltageOf({ offset, codesPerV }: Apw12Type, code: number): number {
  return (offset - code) / codesPerV;
}

/** Code of the S17's APW9, whose types are not told apart here (document on the x17 supplies [D]). */
export function apw9CodeOf(voltageV: number): number {
  return Math.round(((21_360 - voltageV * 1_000) * 253) / 7_060);
}
