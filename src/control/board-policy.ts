/**
 * Whether a board may have power, and how fast it may run: one pure decision for one board, ten times a second. What is
 * unknown reads as hot before it reads as lost; limits are overlays on what the operator wants and never change it.
 */
import type { UntimedEvent } from "../telemetry/event.ts";
import type {
  BoardDecision,
  BoardFacts,
  BoardMemory,
  MachineState,
  SensorFact,
} from "./board-policy-types.ts";
import { type TripRuleName, tripRules } from "./trip-rules.ts";

/** One step down of the clock, and the pause between two. */
const STEP_MHZ = 25;
const STEP_DOWN_EVERY_MS = 20_000;
/** A step back up: after so long below target less hysteresis. */
const STEP_UP_EVERY_MS = 60_000;
const HYSTERESIS_C = 2;
/** The lowest clock is this share of what the operator wants; who is still hot there for so long gets no power. */
const FLOOR_SHARE = 0.5;
const HOT_AT_FLOOR_MS = 60_000;
/** Power stays off for at least this long after a trip. */
const REST_MS = 30_000;
/** A trip that returns within this time latches. */
const RETURN_WITHIN_MS = 300_000;
/** The miner beats ten times a second; power is off within 2 s of its last sign of life, ticks and lines included. */
const MINER_SILENT_MS = 1_500;
const FAN_LOST_MS = 10_000;

export function newBoardMemory(): BoardMemory {
  return {
    state: { at: "off", reason: "not started" },
    lastTripMs: undefined,
    capMHz: undefined,
    capMovedMs: Number.NEGATIVE_INFINITY,
    hotSinceMs: undefined,
    coolSinceMs: undefined,
  };
}

/** An operator has looked; the board may be tried again, no faster than before. */
export function clearLatch(memory: BoardMemory): BoardMemory {
  if (memory.state.at !== "latched" && memory.state.at !== "resting") return memory;
  return { ...memory, state: { at: "off", reason: "cleared" }, lastTripMs: undefined };
}

export function decideBoard(
  memory: BoardMemory,
  facts: BoardFacts,
  machine: MachineState,
  nowMs: number,
): BoardDecision {
  const { state } = memory;
  if (machine.isStopping) return off(memory, facts, "stopping");
  switch (state.at) {
    case "latched":
      return withhold(memory, facts, state.reason);
    case "resting": {
      const wait = restReason(state.untilMs, facts, nowMs);
      if (wait !== undefined) return withhold(memory, facts, `${state.reason}; ${wait}`);
      // However long it took to cool down: whether the trip returns shows from now on.
      const lastTripMs = tripRules[state.rule].latches ? nowMs : memory.lastTripMs;
      const rested: BoardMemory = { ...memory, state: { at: "off", reason: "rested" }, lastTripMs };
      return decideBoard(rested, facts, machine, nowMs);
    }
    case "off": {
      const obstacle = obstacleToPower(facts, machine);
      if (obstacle !== undefined) return off(memory, facts, obstacle);
      return {
        memory: {
          ...memory,
          state: { at: "on", sinceMs: nowMs },
          hotSinceMs: undefined,
          coolSinceMs: undefined,
        },
        power: "on",
        frequencyCapMHz: capOf(memory, facts),
        reason: capReason(memory, facts),
        events: [
          event(facts, {
            what: "power-on",
            rule: "wanted",
            measured: null,
            limit: null,
            action: "power on",
            reason: "the miner wants power and nothing speaks against it",
          }),
        ],
      };
    }
    case "on": {
      const trip = tripOf(memory, facts, machine, nowMs);
      if (trip !== undefined) return tripped(memory, facts, trip, nowMs);
      if (!facts.wantsPower) return off(memory, facts, "the miner wants no power");
      return throttle(memory, facts, nowMs);
    }
    default:
      return state satisfies never;
  }
}

/** Why a board that is off stays off, or `undefined`. Everything that is expected must be known, fresh and cool. */
function obstacleToPower(facts: BoardFacts, machine: MachineState): string | undefined {
  if (!facts.isPresent) return "no board is plugged in";
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

interface Trip {
  readonly rule: TripRuleName;
  readonly measured: number | string | null;
  readonly limit: number | string | null;
  readonly reason: string;
}

/** What takes power away from a board that has it, the worst first. */
function tripOf(
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

function tripped(memory: BoardMemory, facts: BoardFacts, trip: Trip, nowMs: number): BoardDecision {
  const { latches } = tripRules[trip.rule];
  const { lastTripMs } = memory;
  const returns = latches && lastTripMs !== undefined && nowMs - lastTripMs <= RETURN_WITHIN_MS;
  const reason = returns
    ? `${trip.reason}; the second time within ${RETURN_WITHIN_MS / 1_000} s`
    : trip.reason;
  // A retry never raises a setting, and after heat it begins lower.
  const capMHz = latches ? lowerCap(memory, facts) : memory.capMHz;
  return {
    memory: {
      ...memory,
      state: returns
        ? { at: "latched", rule: trip.rule, reason }
        : { at: "resting", rule: trip.rule, reason, untilMs: nowMs + (latches ? REST_MS : 0) },
      lastTripMs: latches ? nowMs : lastTripMs,
      capMHz,
      capMovedMs: nowMs,
      hotSinceMs: undefined,
      coolSinceMs: undefined,
    },
    power: "off",
    frequencyCapMHz: capOf({ ...memory, capMHz }, facts),
    reason,
    events: [
      event(facts, {
        what: "trip",
        ...trip,
        action: returns
          ? "power off until an operator clears it"
          : `power off${latches ? ` for at least ${REST_MS / 1_000} s, until it is cool` : ""}`,
        reason,
      }),
    ],
  };
}

/** Hot: a step down every 20 s. Cool for long enough: a step up. */
function throttle(memory: BoardMemory, facts: BoardFacts, nowMs: number): BoardDecision {
  const hottest = hottestOf(facts);
  const hot = hotOf(facts);
  // A board that does not hash does not show whether it stays cool.
  const isCool =
    facts.frequencyMHz > 0 &&
    limitedSensors(facts).every(
      ({ reading, limits }) =>
        limits === undefined ||
        (reading.is === "known" && reading.valueC < limits.targetC + HYSTERESIS_C),
    );
  const known: BoardMemory = {
    ...memory,
    hotSinceMs: hot !== undefined ? (memory.hotSinceMs ?? nowMs) : undefined,
    coolSinceMs: isCool ? (memory.coolSinceMs ?? nowMs) : undefined,
  };
  const sinceMoveMs = nowMs - memory.capMovedMs;
  const isAboveFloor = capOf(memory, facts) > floorOf(facts);
  if (hot !== undefined && sinceMoveMs >= STEP_DOWN_EVERY_MS && isAboveFloor) {
    const capMHz = lowerCap(memory, facts);
    const reason = `${hot.name} is at ${celsius(hot.valueC)}, hot from ${hot.limits.hotC} °C`;
    return moved({ ...known, hotSinceMs: nowMs }, facts, capMHz, nowMs, {
      rule: "hot",
      measured: hot.valueC,
      limit: hot.limits.hotC,
      reason,
    });
  }
  const { capMHz, coolSinceMs } = known;
  if (
    capMHz !== undefined &&
    coolSinceMs !== undefined &&
    nowMs - coolSinceMs >= STEP_UP_EVERY_MS &&
    sinceMoveMs >= STEP_UP_EVERY_MS
  ) {
    const higher = capMHz + STEP_MHZ;
    return moved(known, facts, higher >= facts.targetMHz ? undefined : higher, nowMs, {
      rule: "cool-again",
      measured: hottest?.valueC ?? null,
      limit: hottest?.limits.targetC ?? null,
      reason: `cool for ${STEP_UP_EVERY_MS / 1_000} s`,
    });
  }
  return on(known, facts, capReason(known, facts), []);
}

function moved(
  memory: BoardMemory,
  facts: BoardFacts,
  capMHz: number | undefined,
  nowMs: number,
  why: Pick<UntimedEvent, "rule" | "measured" | "limit" | "reason">,
): BoardDecision {
  const next = { ...memory, capMHz, capMovedMs: nowMs };
  const action = `at most ${capOf(next, facts)} MHz`;
  const told = event(facts, { what: "frequency-step", action, ...why });
  return on(next, facts, capMHz === undefined ? null : why.reason, [told]);
}

function on(
  memory: BoardMemory,
  facts: BoardFacts,
  reason: string | null,
  events: readonly UntimedEvent[],
): BoardDecision {
  return { memory, power: "on", frequencyCapMHz: capOf(memory, facts), reason, events };
}

/** Off without a trip: in order, because nobody wants power or something is missing. */
function off(memory: BoardMemory, facts: BoardFacts, reason: string): BoardDecision {
  const wasOn = memory.state.at === "on";
  const events = wasOn
    ? [
        event(facts, {
          what: "power-off",
          rule: "not-wanted",
          measured: null,
          limit: null,
          action: "power off",
          reason,
        }),
      ]
    : [];
  const state = memory.state.at === "latched" ? memory.state : ({ at: "off", reason } as const);
  return {
    memory: { ...memory, state, hotSinceMs: undefined, coolSinceMs: undefined },
    power: "off",
    frequencyCapMHz: capOf(memory, facts),
    reason,
    events,
  };
}

function withhold(memory: BoardMemory, facts: BoardFacts, reason: string): BoardDecision {
  return { memory, power: "off", frequencyCapMHz: capOf(memory, facts), reason, events: [] };
}

function restReason(untilMs: number, facts: BoardFacts, nowMs: number): string | undefined {
  if (nowMs < untilMs) return `rests for ${Math.ceil((untilMs - nowMs) / 1_000)} s more`;
  const warm = limitedSensors(facts).find(
    ({ reading, limits }) =>
      limits !== undefined && (reading.is === "unknown" || reading.valueC >= limits.targetC),
  );
  if (warm === undefined) return undefined;
  return warm.reading.is === "unknown"
    ? `${warm.name} is unknown: ${warm.reading.detail}`
    : `${warm.name} is still at ${celsius(warm.reading.valueC)}`;
}

function limitedSensors({ sensors }: BoardFacts): readonly SensorFact[] {
  return sensors.filter(({ limits }) => limits !== undefined);
}

/** The sensor nearest to its hot limit, or farthest beyond. */
function hottestOf(facts: BoardFacts) {
  let hottest:
    | {
        readonly name: string;
        readonly valueC: number;
        readonly limits: NonNullable<SensorFact["limits"]>;
      }
    | undefined;
  for (const { name, reading, limits } of facts.sensors) {
    if (limits === undefined || reading.is === "unknown") continue;
    if (
      hottest === undefined ||
      reading.valueC - limits.hotC > hottest.valueC - hottest.limits.hotC
    )
      hottest = { name, valueC: reading.valueC, limits };
  }
  return hottest;
}

/** The hottest sensor, if it is hot. */
function hotOf(facts: BoardFacts) {
  const hottest = hottestOf(facts);
  return hottest !== undefined && hottest.valueC >= hottest.limits.hotC ? hottest : undefined;
}

function capOf({ capMHz }: Pick<BoardMemory, "capMHz">, { targetMHz }: BoardFacts): number {
  return Math.min(targetMHz, capMHz ?? targetMHz);
}

/** A step below what was allowed, not under the floor; an operator who wants more lifts the floor, never the cap. */
function lowerCap(memory: BoardMemory, facts: BoardFacts): number {
  const fromMHz = capOf(memory, facts);
  return Math.min(fromMHz, Math.max(floorOf(facts), fromMHz - STEP_MHZ));
}

function floorOf({ targetMHz }: BoardFacts): number {
  return targetMHz * FLOOR_SHARE;
}

function capReason({ capMHz }: BoardMemory, { targetMHz }: BoardFacts): string | null {
  if (capMHz === undefined || capMHz >= targetMHz) return null;
  return `held at ${capMHz} MHz after it was hot or tripped`;
}

function celsius(valueC: number): string {
  return `${valueC.toFixed(1)} °C`;
}

function event(facts: BoardFacts, rest: Omit<UntimedEvent, "where">): UntimedEvent {
  const { what, rule, measured, limit, action, reason } = rest;
  return { what, where: facts.where, rule, measured, limit, action, reason };
}
