/** One board's heat: dies on a board in an air stream. Two nodes are enough to be late in the way that real boards are. */
import type { Assumptions, HeatTraits } from "./assumptions.ts";

export interface HeatConditions {
  readonly powerW: number;
  /** 0 to 1: what the fans do together. */
  readonly airflow: number;
  readonly ambientC: number;
}

export interface HeatModelOptions {
  /** That to which the traits refer. */
  readonly nominalPowerW: number;
  readonly traits: HeatTraits;
  readonly assumptions: Pick<
    Assumptions,
    "ambientC" | "naturalCoolingShare" | "coolingExponent" | "physicsStepMs"
  >;
}

/** Air that stands still still carries something away. */
const LEAST_AIRFLOW = 0.05;

export class HeatModel {
  readonly #options: HeatModelOptions;
  readonly #stepS: number;
  #boardC: number;
  #dieC: number;
  #regulatorC: number;
  #outletC: number;

  constructor(options: HeatModelOptions) {
    this.#options = options;
    this.#stepS = options.assumptions.physicsStepMs / 1_000;
    const { ambientC } = options.assumptions;
    this.#boardC = ambientC;
    this.#dieC = ambientC;
    this.#regulatorC = ambientC;
    this.#outletC = ambientC;
  }

  get boardC(): number {
    return this.#boardC;
  }

  /** Of most chips. */
  get dieC(): number {
    return this.#dieC;
  }

  get regulatorC(): number {
    return this.#regulatorC;
  }

  get outletC(): number {
    return this.#outletC;
  }

  advance(seconds: number, conditions: HeatConditions): void {
    for (let leftS = seconds; leftS > 1e-9; leftS -= this.#stepS)
      this.#step(Math.min(leftS, this.#stepS), conditions);
  }

  #step(seconds: number, { powerW, airflow, ambientC }: HeatConditions): void {
    const { nominalPowerW, traits, assumptions } = this.#options;
    const toBoardWPerC = nominalPowerW / traits.dieAheadC;
    const dieJPerC = toBoardWPerC * traits.dieTimeConstantS;
    const boardJPerC = nominalPowerW / traits.riseWithoutCoolingCPerS;
    const natural = assumptions.naturalCoolingShare;
    const coolingShare = natural + (1 - natural) * airflow ** assumptions.coolingExponent;
    const toAirWPerC = (nominalPowerW / traits.boardRiseAtFullFansC) * coolingShare;

    const toBoardW = toBoardWPerC * (this.#dieC - this.#boardC);
    const toAirW = toAirWPerC * (this.#boardC - ambientC);
    this.#dieC += (seconds * (powerW - toBoardW)) / dieJPerC;
    this.#boardC += (seconds * (toBoardW - toAirW)) / boardJPerC;
    const load = powerW / nominalPowerW;
    const regulatorC = this.#boardC + traits.regulatorAheadC * load;
    this.#regulatorC += (seconds * (regulatorC - this.#regulatorC)) / traits.regulatorTimeConstantS;
    const airWPerC = (nominalPowerW / traits.outletRiseC) * Math.max(LEAST_AIRFLOW, airflow);
    this.#outletC = ambientC + Math.min(toAirW / airWPerC, Math.abs(this.#boardC - ambientC));
  }
}
