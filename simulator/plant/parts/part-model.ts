/** What the plant and the model of a part have to do with each other; a model uses of this what its part can. */
import type { Clock } from "../../../src/ports/clock.ts";
import type { Assumptions } from "../assumptions.ts";
import type { FanGroupModel } from "../fan-model.ts";
import type { I2cBusModel, I2cDevice } from "../i2c-bus-model.ts";
import type { SensorPoint } from "../sensor-point.ts";

export interface PartContext {
  /** As the declaration's driver names it. */
  readonly part: string;
  readonly clock: Clock;
  readonly assumptions: Assumptions;
  /** Something that others depend on has changed, an output's state for instance. */
  readonly onChange: () => void;
  /** What a supply has to give: of the chain that it feeds, or the greatest of all. */
  readonly voltage: { readonly startV: number; readonly workingV: number };
}

export interface SupplyFaults {
  /** It gives no answers; its output goes on. */
  readonly isSilent: boolean;
  /** Instead of its type. */
  readonly wrongType: number | undefined;
  /** Above this load it switches itself off. */
  readonly limitW: number | undefined;
}

/** Conditions at a supply, as its readings show them and its limits judge them. */
export interface SupplyLoad {
  readonly inputV: number;
  readonly powerW: number;
  readonly outputV: number;
  readonly regulatorC: number;
}

export const NO_SUPPLY_FAULTS: SupplyFaults = {
  isSilent: false,
  wrongType: undefined,
  limitW: undefined,
};

export interface SupplyModel {
  /** It passes its input on, or not. */
  readonly isSwitch?: true;
  /** V; 0: nothing. "input": a switch that is on. */
  outputV(): number | "input";
  setFaults(faults: SupplyFaults): void;
  /** Once a physics step. */
  load?(load: SupplyLoad): void;
}

export interface PartModel {
  readonly device: I2cDevice;
  /** Forgets its timers. */
  stop?(): void;
  /** Puts a declared sensor where its part's name says; absent: it measures nothing. */
  sense?(part: string, point: SensorPoint): void;
  /** Hangs fans on it; absent: it is no fan controller. */
  drive?(fans: FanGroupModel): void;
  readonly supply?: SupplyModel;
  /** Tells a meter what there is to measure, once a physics step. */
  measure?(load: Pick<SupplyLoad, "inputV" | "powerW">): void;
  /** A bus behind it. */
  readonly passThrough?: I2cBusModel;
  /** Deaf: it hears nobody. */
  setDeaf?(isDeaf: boolean): void;
}
