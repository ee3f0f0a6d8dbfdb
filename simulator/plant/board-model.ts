/** One hashboard: what its chips are fed with, what they draw, how warm it gets, and what of it can be measured. */
import type { MachineChainSpec } from "../../boards/machine-spec.ts";
import type { ChainModel } from "../chain/chain-model.ts";
import { type Assumptions, heatTraitsOf, nominalHashingW } from "./assumptions.ts";
import { HeatModel } from "./heat-model.ts";
import type { SupplyModel } from "./parts/part-model.ts";

/** As much of a chain as the world around it touches. */
export type PoweredChain = Pick<
  ChainModel,
  "setPower" | "setReset" | "setChipTemperatureC" | "activeMHz" | "addFault" | "removeFault"
>;

export interface HotChip {
  readonly chip: number;
  readonly offsetC: number;
}

export interface BoardConditions {
  /** What comes over the connector. */
  readonly inputV: number;
  readonly isEnabled: boolean;
  readonly isHeldInReset: boolean;
}

export class BoardModel {
  readonly index: number;
  readonly spec: MachineChainSpec;
  readonly chain: PoweredChain;
  readonly heat: HeatModel;
  readonly nominalPowerW: number;
  /** What feeds this board alone. */
  supply: SupplyModel | undefined;
  isPlugged = true;
  hotChips: readonly HotChip[] = [];
  readonly #assumptions: Assumptions;
  readonly #hashingW: number;
  #voltageV = 0;
  #hasPower = false;
  #isChainHeld = false;
  #isHeldInReset = true;

  constructor(
    index: number,
    spec: MachineChainSpec,
    chain: PoweredChain,
    assumptions: Assumptions,
  ) {
    this.index = index;
    this.spec = spec;
    this.chain = chain;
    this.#assumptions = assumptions;
    this.#hashingW = nominalHashingW(spec);
    this.nominalPowerW = this.#hashingW * (1 + assumptions.idlePowerShare);
    const { nominalPowerW } = this;
    this.heat = new HeatModel({ nominalPowerW, traits: heatTraitsOf(spec), assumptions });
    chain.setPower(false);
    this.#holdChain(true);
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  /** At the chips; 0 without power. */
  get voltageV(): number {
    return this.#voltageV;
  }

  /** The line, whether there is power or not. */
  get isHeldInReset(): boolean {
    return this.#isHeldInReset;
  }

  get powerW(): number {
    if (!this.#hasPower) return 0;
    const { chain, voltage } = this.spec;
    const voltageShare = (this.#voltageV / voltage.workingV) ** 2;
    const clockShare = this.chain.activeMHz / (chain.chipCount * chain.frequencyMHz);
    return this.#hashingW * voltageShare * (this.#assumptions.idlePowerShare + clockShare);
  }

  chipC(chip: number): number {
    const offsetC = Math.max(
      0,
      ...this.hotChips.flatMap((hot) => (hot.chip === chip ? [hot.offsetC] : [])),
    );
    return this.heat.dieC + offsetC * (this.powerW / this.nominalPowerW);
  }

  /** Of the hottest chip. */
  get hottestC(): number {
    return Math.max(this.heat.dieC, ...this.hotChips.map(({ chip }) => this.chipC(chip)));
  }

  /** What is switched has an effect at once. */
  settle({ inputV, isEnabled, isHeldInReset }: BoardConditions): void {
    const { startV, workingV } = this.spec.voltage;
    const offered = this.supply?.outputV() ?? "input";
    const outputV = offered === "input" ? inputV : inputV > 0 ? offered : 0;
    const leastV = Math.min(startV, workingV) * this.#assumptions.brownOutShare;
    const hasPower = this.isPlugged && isEnabled && outputV >= leastV;
    this.#voltageV = hasPower ? outputV : 0;
    this.#isHeldInReset = isHeldInReset;
    if (hasPower !== this.#hasPower) {
      this.#hasPower = hasPower;
      this.chain.setPower(hasPower);
    }
    this.#holdChain(isHeldInReset || !hasPower);
  }

  advance(seconds: number, inputV: number, airflow: number, ambientC: number): void {
    const { powerW } = this;
    this.heat.advance(seconds, { powerW, airflow, ambientC });
    this.supply?.load?.({
      inputV,
      powerW,
      outputV: this.#voltageV,
      regulatorC: this.heat.regulatorC,
    });
    this.chain.setChipTemperatureC("all", this.heat.dieC);
    for (const { chip } of this.hotChips) this.chain.setChipTemperatureC(chip, this.chipC(chip));
  }

  /** Once for every change: each call makes the chips forget everything. */
  #holdChain(held: boolean): void {
    if (held === this.#isChainHeld) return;
    this.#isChainHeld = held;
    this.chain.setReset(held);
  }
}
