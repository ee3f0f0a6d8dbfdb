/** What feeds all boards: the machine's supply behind its enable line, or, where none is declared, somebody's that is always on. */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { Assumptions } from "./assumptions.ts";
import type { SupplyModel } from "./parts/part-model.ts";

export class MachineSupplyModel {
  readonly #assumptions: Assumptions;
  readonly #declaredLimitW: number;
  /** Absent: an external one. */
  readonly #part: SupplyModel | undefined;
  #isEnabled = false;
  #isTripped = false;
  /** Share of its voltage that comes out. */
  share = 1;
  /** Of a fault. */
  limitW: number | undefined;

  constructor(
    spec: MachineSpec,
    part: SupplyModel | undefined,
    nominalPowerW: number,
    assumptions: Assumptions,
  ) {
    this.#part = part;
    this.#assumptions = assumptions;
    this.#declaredLimitW =
      spec.supply?.maxPowerW ?? Math.max(1, nominalPowerW) * assumptions.supplyReserve;
  }

  get isDeclared(): boolean {
    return this.#part !== undefined;
  }

  get isTripped(): boolean {
    return this.#isTripped;
  }

  get isOn(): boolean {
    return this.outputV(Number.POSITIVE_INFINITY) > 0;
  }

  setEnabled(isEnabled: boolean): void {
    this.#isEnabled = isEnabled;
    if (!isEnabled) this.#isTripped = false;
  }

  /** `externalV`: what the board wants of a supply that is not declared. */
  outputV(externalV: number): number {
    if (this.#part === undefined) return externalV * this.share;
    if (!this.#isEnabled || this.#isTripped) return 0;
    const outputV = this.#part.outputV();
    return outputV === "input" ? 0 : outputV * this.share;
  }

  /** Returns whether it has just switched itself off. */
  load(powerW: number): boolean {
    const limitW = Math.min(this.limitW ?? Number.POSITIVE_INFINITY, this.#declaredLimitW);
    if (this.#part === undefined || this.#isTripped || powerW <= limitW) return false;
    this.#isTripped = true;
    return true;
  }

  wallW(outputW: number): number {
    return outputW / this.#assumptions.supplyEfficiency;
  }
}
