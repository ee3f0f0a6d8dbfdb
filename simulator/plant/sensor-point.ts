/** A place whose temperature a sensor reads, with what can be wrong with that sensor. */
import type { SeededRandom } from "../chain/random.ts";

/** `undefined` of each: it is fine in that way. */
export interface SensorFaults {
  readonly isLost: boolean;
  readonly isStuck: boolean;
  readonly noiseC: number;
  readonly absurdC: number | undefined;
}

const FINE: SensorFaults = { isLost: false, isStuck: false, noiseC: 0, absurdC: undefined };

export class SensorPoint {
  readonly #trueC: () => number;
  readonly #random: SeededRandom;
  #faults = FINE;
  #stuckAtC: number | undefined;

  constructor(trueC: () => number, random: SeededRandom) {
    this.#trueC = trueC;
    this.#random = random;
  }

  /** °C as the sensor has it; `undefined`: it is not there any more. */
  read(): number | undefined {
    const { isLost, noiseC, absurdC } = this.#faults;
    if (isLost) return undefined;
    if (absurdC !== undefined) return absurdC;
    const measuredC = this.#stuckAtC ?? this.#trueC();
    return noiseC === 0 ? measuredC : measuredC + noiseC * (2 * this.#random.fraction() - 1);
  }

  setFaults(faults: SensorFaults): void {
    // It stays at what it had when it got stuck.
    if (!faults.isStuck) this.#stuckAtC = undefined;
    else this.#stuckAtC ??= this.#trueC();
    this.#faults = faults;
  }
}
