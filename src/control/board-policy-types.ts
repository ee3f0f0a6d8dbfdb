/** What decisions about power are made from, and what comes out of them. */
import type { UntimedEvent } from "../telemetry/event.ts";
import type { SensorPlace, TemperatureLimits } from "./limits.ts";
import type { TripRuleName } from "./trip-rules.ts";

/** What a sensor says after its samples were looked at with suspicion. */
export type SensorReading =
  | { readonly is: "known"; readonly valueC: number; readonly ageMs: number }
  | {
      readonly is: "unknown";
      readonly why: "never-read" | "lost" | "stale" | "implausible";
      readonly detail: string;
    };

export interface SensorFact {
  readonly name: string;
  readonly place: SensorPlace;
  /** Absent: shown only. */
  readonly limits: TemperatureLimits | undefined;
  readonly reading: SensorReading;
}

/** Where a board's power really is, as its supply has confirmed it. */
export type SupplyState = "off" | "turning-on" | "on" | "turning-off" | "failed";

export interface BoardFacts {
  readonly where: string;
  readonly isPresent: boolean;
  readonly sensors: readonly SensorFact[];
  /** In the last poll no sensor of the board answered, retries included. */
  readonly allSensorsLost: boolean;
  /** The miner's wish. */
  readonly wantsPower: boolean;
  /** Why the operator wants no power here now, or null: whoever asks for a restart or a pause gets it before anything else. */
  readonly withheld: string | null;
  readonly supply: SupplyState;
  /** Why the supply failed, or what fault it reports. */
  readonly supplyFault: string | null;
  /** As the miner reports it; 0 while nothing hashes. */
  readonly frequencyMHz: number;
  /** The frequency that the operator wants. */
  readonly targetMHz: number;
}

export interface MachineState {
  readonly fans: {
    /** Required by the declaration; 0 where fans are not needed (declared fanless, immersion). */
    readonly required: number;
    /** With a fresh tachometer above the minimum. */
    readonly turning: number;
    /** How long there have been too few, ms; 0 when there are enough. */
    readonly tooFewForMs: number;
    /** All required fans were seen turning since the guard started or the last fan trip. */
    readonly areProven: boolean;
  };
  readonly miner: {
    /** Since its last heartbeat, the guard's own lateness taken off; null without a miner. */
    readonly silentMs: number | null;
  };
  /** The machine's supply: a reason not to use it, or null. */
  readonly supplyFault: string | null;
  /** The guard is going down in order. */
  readonly isStopping: boolean;
}

/** A board's life as the guard sees it. */
export type BoardState =
  /** `sinceMs`: when the boards may be powered one after the other. */
  | { readonly at: "off"; readonly reason: string }
  | { readonly at: "on"; readonly sinceMs: number }
  /** Tripped: waits until it has cooled down and `untilMs` has come. */
  | {
      readonly at: "resting";
      readonly rule: TripRuleName;
      readonly reason: string;
      readonly untilMs: number;
    }
  /** Tripped again too soon: an operator must clear it. */
  | { readonly at: "latched"; readonly rule: TripRuleName; readonly reason: string };

export interface BoardMemory {
  readonly state: BoardState;
  /** When the last trip that may latch was, or its rest ended: to tell a returning one. */
  readonly lastTripMs: number | undefined;
  /** Overlay on the operator's frequency; undefined: none. */
  readonly capMHz: number | undefined;
  /** When the cap last moved. */
  readonly capMovedMs: number;
  /** Hot, or below target, without a break since then. */
  readonly hotSinceMs: number | undefined;
  readonly coolSinceMs: number | undefined;
}

export interface BoardDecision {
  readonly memory: BoardMemory;
  readonly power: "on" | "off";
  /** min(operator's target, overlay). */
  readonly frequencyCapMHz: number;
  /** Why there is no power, or why less than the operator wants. */
  readonly reason: string | null;
  readonly events: readonly UntimedEvent[];
}
