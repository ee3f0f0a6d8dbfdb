/** All that the status tree is made from. */
import type { MachineSnapshot } from "../telemetry/machine-snapshot.ts";
import type { DeviceFacts, GuardView } from "./operator-link.ts";
import type { Persona } from "./status.ts";

export interface ConfiguredPool {
  readonly name: string;
  readonly group: string;
  readonly url: string;
  readonly user: string;
  readonly protocol: "sv2" | "sv1";
  readonly authorityKey: string | null;
  readonly enabled: boolean;
}

export interface StatusSource {
  readonly nowUnixSeconds: number;
  readonly facts: DeviceFacts;
  /** Null until the guard has told anything. */
  readonly machine: MachineSnapshot | null;
  /** Age of `machine`. */
  readonly machineAgeS: number | null;
  readonly guard: GuardView;
  readonly name: string;
  readonly persona: Persona;
  /** In the operator's order, the disabled ones too. */
  readonly pools: readonly ConfiguredPool[];
  readonly paused: boolean;
  readonly waitsForRestart: readonly string[];
  readonly operator: { readonly uptimeS: number; readonly memoryBytes: number };
  /** For how many seconds a sensor's reading has been unknown; by its name. */
  readonly unknownForS: ReadonlyMap<string, number>;
  /** For how many seconds a board has hashed without a break; by its index. */
  readonly hashingForS: ReadonlyMap<number, number>;
}

/** What was told longer ago is not shown as the present. */
export const STALE_AFTER_S = 5;
