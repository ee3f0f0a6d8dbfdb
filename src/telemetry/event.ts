/** A protective or lifecycle action, told so that a person understands it later. */
export interface MachineEvent {
  /** Unix seconds by the wall clock, which may be wrong. */
  readonly time: number;
  /** Seconds since the guard started, which is not. */
  readonly uptimeS: number;
  /** E.g. "trip", "power-off", "frequency-step", "miner-restart". */
  readonly what: string;
  /** "machine", "chain 1", "fan front", "miner", "guard". */
  readonly where: string;
  /** The rule that acted, e.g. "dangerous-temperature". */
  readonly rule: string;
  readonly measured: number | string | null;
  readonly limit: number | string | null;
  readonly action: string;
  /** The whole sentence. */
  readonly reason: string;
}

/** What the decider knows; the recorder adds the times. */
export type UntimedEvent = Omit<MachineEvent, "time" | "uptimeS">;
