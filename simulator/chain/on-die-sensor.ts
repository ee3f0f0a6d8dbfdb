/** The temperature sensor of BM1368: TEMP_CTL (B0) starts a measurement step by step, TEMP_RESULT (B4) has it [D]. */

/** What has to be written to TEMP_CTL, in this order, before there is a result [D]. */
const measurement: readonly number[] = [0x80000000, 0x00020000, 0x01020000, 0x10020000];

const VALID = 0x80000000;
/** T = code × 0.171342 − 299.5144 °C [D]. */
const DEGREES_PER_CODE = 0.171342;
const DEGREES_AT_CODE_0 = -299.5144;

export class OnDieSensor {
  #steps = 0;
  #result = 0;

  /** Register B4: bit 31 once a measurement is done; its value is that of the moment of the last step [?]. */
  get result(): number {
    return this.#result;
  }

  reset(): void {
    this.#steps = 0;
    this.#result = 0;
  }

  /** A write to register B0. */
  control(value: number, temperatureC: number): void {
    if (value === measurement[0]) this.#steps = 0;
    const isNext = value === measurement[this.#steps];
    const done = isNext ? this.#steps + 1 : 0;
    this.reset();
    if (done < measurement.length) {
      this.#steps = done;
      return;
    }
    const code = Math.round((temperatureC - DEGREES_AT_CODE_0) / DEGREES_PER_CODE);
    this.#result = (VALID | Math.min(0xffff, Math.max(0, code))) >>> 0;
  }
}
