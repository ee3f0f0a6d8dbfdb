/** What keeps power from a board, and what takes it away: the worst that is true now, with its measured value and its limit. */
import type { BoardFacts, BoardMemory, MachineState } from "./board-policy-types.ts";
import { capOf, celsius, floorOf, hotOf, limitedSensors } from "./board-readings.ts";
import type { TripRuleName } from "./trip-rules.ts";

const HOT_AT_FLOOR_MS = 60_000;
/** The miner beats ten times a second; power is off within 2 s of its last sign of life, ticks and lines included. */
const MINER_SILENT_MS = 1_500;
/** Off 10 s after it stopped: a tachometer counts over a second before it shows that. */
const FAN_LOST_MS = 8_900;

/** Why a board that is off stays off, or `undefined`. Everything that is expected must be known, fresh and cool. */
export function obstacleToPower(facts: BoardFacts, machine: MachineState): string | undefined {
  if (!facts.isPresent) return "no board is plugged in";
  if (facts.withheld !== null) return facts.withheld;
  if (!facts.wantsPower) return "the miner wants no power";
  // Its wish may be older than its silence.
  const { silentMs } = machine.miner;
  if (silentMs === null) return "no miner has given a sign of life";
  if (silentMs >= MINER_SILENT_MS)
    return `the miner has given no sign of life for ${(silentMs / 1_000).toFixed(1)} s`;
  if (facts.supply === "failed") return facts.supplyFault ?? "the supply failed";
  if (facts.supplyFault !== null) return facts.supplyFault;
  if (machine.supplyFault !== null) return `the machine's supply: ${machine.supplyFault}`;
  const { required, turning, areProven } = machine.fans;
  if (!areProven || turning < required) return `${turning} of ${required} fans turn`;
  // What they last said may still be fresh.
  if (facts.allSensorsLost) return "no sensor of the board answers";
  const limited = limitedSensors(facts);
  if (limited.length === 0) return "there is no sensor that a limit applies to";
  for (const { name, reading, limits } of limited) {
    if (reading.is === "unknown") return `${name} is unknown: ${reading.detail}`;
    if (limits !== undefined && reading.valueC >= limits.hotC)
      return `${name} is at ${celsius(reading.valueC)}, power is given below ${limits.hotC} °C`;
  }
  return undefined;
}

export interface Trip {
  readonly rule: TripRuleName;
  readonly measured: number | string | null;
  readonly limit: number | string | null;
  readonly reason: string;
}

/** What takes power away from a board that has it, the worst first. */
export function tripOf(
  memory: BoardMemory,
  facts: BoardFacts,
  machine: MachineState,
  nowMs: number,
): Trip | undefined {
  for (const { name, reading, limits } of limitedSensors(facts)) {
    if (limits !== undefined && reading.is === "known" && reading.valueC >= limits.dangerousC)
      return {
        rule: "dangerous-temperature",
        measured: reading.valueC,
        limit: limits.dangerousC,
        reason: `${name} is at ${celsius(reading.valueC)}, ${limits.dangerousC} °C is dangerous`,
      };
  }
  if (facts.allSensorsLost)
    return {
      rule: "sensors-lost",
      measured: null,
      limit: null,
      reason: "no sensor of the board answers any more",
    };
  const unknown = limitedSensors(facts).find(({ reading }) => reading.is === "unknown");
  if (unknown?.reading.is === "unknown")
    return {
      rule: "sensor-unknown",
      measured: unknown.reading.why,
      limit: null,
      reason: `${unknown.name} is unknown: ${unknown.reading.detail}`,
    };
  const { silentMs } = machine.miner;
  if (silentMs !== null && silentMs >= MINER_SILENT_MS)
    return {
      rule: "miner-silent",
      measured: silentMs,
      limit: MINER_SILENT_MS,
      reason: `the miner has given no sign of life for ${(silentMs / 1_000).toFixed(1)} s`,
    };
  const { turning, required, tooFewForMs } = machine.fans;
  if (turning < required && tooFewForMs >= FAN_LOST_MS)
    return {
      rule: "fan-lost",
      measured: turning,
      limit: required,
      reason: `${turning} of ${required} fans have been turning for ${(tooFewForMs / 1_000).toFixed(0)} s`,
    };
  if (machine.supplyFault !== null)
    return {
      rule: "machine-supply-fault",
      measured: machine.supplyFault,
      limit: null,
      reason: `the machine's supply: ${machine.supplyFault}`,
    };
  if (facts.supplyFault !== null)
    return {
      rule: "supply-fault",
      measured: facts.supplyFault,
      limit: null,
      reason: `the board's supply: ${facts.supplyFault}`,
    };
  if (!facts.isPresent)
    return {
      rule: "board-absent",
      measured: null,
      limit: null,
      reason: "the board is not plugged in any more",
    };
  const hot = hotOf(facts);
  const hotForMs = nowMs - (memory.hotSinceMs ?? nowMs);
  if (hot !== undefined && hotForMs >= HOT_AT_FLOOR_MS && capOf(memory, facts) <= floorOf(facts))
    return {
      rule: "hot-at-floor",
      measured: hot.valueC,
      limit: hot.limits.hotC,
      reason: `${hot.name} is still at ${celsius(hot.valueC)} after ${hotForMs / 1_000} s at ${capOf(memory, facts)} MHz, hot from ${hot.limits.hotC} °C`,
    };
  return undefined;
}
