/** In which order voltage and frequency move: chips that run fast on too few volts compute wrongly. */

export interface OperatingPoint {
  readonly voltageV: number;
  readonly frequencyMHz: number;
}

export type Move = { readonly voltageV: number } | { readonly frequencyMHz: number };

/**
 * The moves from one point to another, to be made one after the other: voltage before frequency on the way up, the reverse on
 * the way down (guidance of the protocol notes [?]; stock firmware of the S21 Pro sets its working voltage after the ramp, at
 * a higher starting one).
 */
export function planMove(from: OperatingPoint, to: OperatingPoint): readonly Move[] {
  const voltage = to.voltageV === from.voltageV ? [] : [{ voltageV: to.voltageV }];
  const frequency =
    to.frequencyMHz === from.frequencyMHz ? [] : [{ frequencyMHz: to.frequencyMHz }];
  return to.frequencyMHz < from.frequencyMHz
    ? [...frequency, ...voltage]
    : [...voltage, ...frequency];
}
