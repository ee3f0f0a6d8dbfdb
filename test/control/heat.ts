/** A board as two lumps of heat, for control laws only: dies that warm a board, a board that warms the air. Assumptions. */

export interface HeatOptions {
  readonly powerW: number;
  /** Settled, at full power: the die above the board, and the board above the air at full fans. */
  readonly dieAheadC: number;
  readonly boardAheadC: number;
  readonly dieTimeConstantS: number;
  /** Of the board without any cooling. */
  readonly riseCPerS: number;
}

export const hashboardHeat: HeatOptions = {
  powerW: 1_000,
  dieAheadC: 12,
  boardAheadC: 21,
  dieTimeConstantS: 5,
  riseCPerS: 0.45,
};

/** Of the cooling at full fans, what is left with all of them standing still. */
const NATURAL_SHARE = 0.06;

export class Heat {
  boardC: number;
  dieC: number;
  readonly #options: HeatOptions;

  constructor(ambientC: number, options: HeatOptions = hashboardHeat) {
    this.boardC = ambientC;
    this.dieC = ambientC;
    this.#options = options;
  }

  /** `load`: share of full power, 0 to 1; `airflow`: share of full fans, 0 to 1. Steps of 0.1 s are fine enough. */
  advance(seconds: number, load: number, airflow: number, ambientC: number): void {
    const { powerW, dieAheadC, boardAheadC, dieTimeConstantS, riseCPerS } = this.#options;
    const dieToBoardW = (powerW / dieAheadC) * (this.dieC - this.boardC);
    const cooling = NATURAL_SHARE + (1 - NATURAL_SHARE) * airflow ** 0.8;
    const boardToAirW = (powerW / boardAheadC) * cooling * (this.boardC - ambientC);
    this.dieC +=
      (seconds * (load * powerW - dieToBoardW)) / ((powerW / dieAheadC) * dieTimeConstantS);
    this.boardC += (seconds * (dieToBoardW - boardToAirW)) / (powerW / riseCPerS);
  }
}
