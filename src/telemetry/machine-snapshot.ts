/** What the guard tells about the machine around the chips, one tree; `null` is unknown. */
import type { MachineEvent } from "./event.ts";
import type { MinerSnapshot } from "./snapshot.ts";

export interface MachineSnapshot {
  readonly uptimeS: number;
  /** As typed after --board. */
  readonly board: string;
  readonly boardName: string;
  readonly simulated: boolean;
  /** The operator wants no hashing. */
  readonly paused: boolean;
  /** The lamp blinks so that somebody finds the machine. */
  readonly identifying: boolean;
  readonly boards: readonly BoardSnapshot[];
  readonly fans: FansSnapshot;
  readonly supply: SupplySnapshot | null;
  readonly minerProcess: MinerProcessSnapshot;
  /** The newest last. */
  readonly events: readonly MachineEvent[];
  /** As the miner last told; null while there is none. */
  readonly miner: MinerSnapshot | null;
}

export interface SensorSnapshot {
  readonly name: string;
  readonly place: string;
  readonly temperatureC: number | null;
  /** Why it is unknown, or null. */
  readonly reason: string | null;
  /** What the fans aim at. */
  readonly targetC: number | null;
  readonly hotC: number | null;
  readonly dangerousC: number | null;
}

/** protected: limit, sensor and backstop work. blind: one of them is missing. absent: there is nothing to protect. */
export type Protection = "protected" | "blind" | "absent";

export interface BoardSnapshot {
  readonly index: number;
  readonly present: boolean;
  readonly power: "off" | "turning-on" | "on" | "turning-off" | "failed";
  /** off, on, resting after a trip, or latched until an operator clears it. */
  readonly state: "off" | "on" | "resting" | "latched";
  /** Why there is no power, or less frequency than asked for. */
  readonly reason: string | null;
  readonly targetFrequencyMHz: number;
  readonly frequencyCapMHz: number;
  readonly sensors: readonly SensorSnapshot[];
  readonly supplyV: number | null;
  readonly supplyPowerW: number | null;
  readonly protection: Protection;
  readonly protectionReason: string;
}

export interface FansSnapshot {
  readonly mode: "auto" | "manual" | "immersion";
  readonly targetDutyPercent: number;
  readonly reason: string;
  readonly required: number;
  readonly turning: number;
  readonly groups: readonly { readonly name: string; readonly rpm: readonly (number | null)[] }[];
}

export interface SupplySnapshot {
  readonly on: boolean;
  readonly type: string | null;
  readonly voltageV: number | null;
}

export interface MinerProcessSnapshot {
  readonly state: "starting" | "running" | "silent" | "waiting" | "stopped";
  readonly pid: number | null;
  readonly restarts: number;
  /** Why it was last restarted, or is not running. */
  readonly reason: string | null;
}
