/** What a guard is told by whoever started it, and what it tells back. Data only: it crosses from one process into another. */

import type { MachineRef } from "../../boards/machine-ref.ts";
import type { FanMode } from "../../src/control/fan-control.ts";
import type { OperatorLimits } from "../../src/control/limits-within.ts";
import type { TripRuleName } from "../../src/control/trip-rules.ts";
import type { PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { MinerSetup } from "../miner-setup.ts";

/** Which machine this is: enough to switch it off without any settings. Kept in the runtime directory. */
export interface BoardRecord {
  readonly machine: MachineRef;
  /** Serial device of a USB board's control port. */
  readonly usbControl: string | undefined;
  /** Boards that wait for an operator: a guard that crashes clears nothing. */
  readonly latched?: readonly LatchedBoard[];
}

export interface LatchedBoard {
  readonly index: number;
  readonly rule: TripRuleName;
  readonly reason: string;
}

export interface MachineSettings {
  /** Of every chain; absent: the declaration's. */
  readonly frequencyMHz?: number;
  /** The operator's word for the voltage, where the declaration's rests on too little. */
  readonly voltageV?: number;
  readonly fans: FanMode;
  /** The operator wants no hashing: boards lose their power in order, fans and guard go on. */
  readonly paused: boolean;
  /** Lower limits than the declaration's. */
  readonly limits?: OperatorLimits;
}

export interface GuardSetup extends BoardRecord {
  readonly settings: MachineSettings;
  readonly simulated: boolean;
  readonly miner: MinerSetup;
  /** How long fans go on after an orderly stop, before the guard ends. */
  readonly fanOutlastMs: number;
}

export type ParentMessage =
  | { readonly tell: "setup"; readonly setup: GuardSetup }
  /** An operator has looked at what tripped; null: all chains. */
  | { readonly tell: "clear"; readonly chain: number | null }
  | { readonly tell: "settings"; readonly settings: MachineSettings }
  /** For the miner; what it was told at its start holds until then. */
  | { readonly tell: "pools"; readonly pools: readonly PoolGroupOptions[] }
  /** Power off, reset, power on. */
  | { readonly tell: "restart-chain"; readonly chain: number; readonly reason: string }
  | { readonly tell: "restart-miner"; readonly reason: string }
  /** The lamp blinks for so long; 0: no more. */
  | { readonly tell: "identify"; readonly seconds: number }
  | { readonly tell: "stop" };

export type GuardReport =
  | { readonly tell: "status"; readonly machine: MachineSnapshot }
  /** It will not drive this machine; the process ends. */
  | {
      readonly tell: "refused";
      readonly reason: string;
      /** Another asicd drives it already: there is nothing that this one could do. */
      readonly isTaken: boolean;
    };

/** First argument of a guard process, as JSON. */
export interface GuardArguments {
  /** Gone after a boot: the board record. */
  readonly runtimeDir: string;
  /** Kept: events. */
  readonly stateDir: string;
  readonly logLevel: MinerSetup["logLevel"];
  /** A simulated machine's ports. */
  readonly portsSocket?: string;
}
