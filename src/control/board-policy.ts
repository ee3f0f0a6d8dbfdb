/**
 * Whether a board may have power, and how fast it may run: one pure decision for one board, ten times a second. What is
 * unknown reads as hot before it reads as lost; limits are overlays on what the operator wants and never change it.
 */
import type { UntimedEvent } from "../telemetry/event.ts";
import type { BoardDecision, BoardFacts, BoardMemory, MachineState } from "./board-policy-types.ts";
import { capOf, celsius, floorOf, hotOf, hottestOf, limitedSensors } from "./board-readings.ts";
import { tripRules } from "./trip-rules.ts";
import { obstacleToPower, type Trip, tripOf } from "./trips.ts";

/** One step down of the clock, and the pause between two. */
const STEP_MHZ = 25;
const STEP_DOWN_EVERY_MS = 20_000;
/** A step back up: after so long below target less hysteresis. */
const STEP_UP_EVERY_MS = 60_000;
const HYSTERESIS_C = 2;
/** Power stays off for at least this long after a trip. */
const REST_MS = 30_000;
/** A trip that returns within this time latches. */
const RETURN_WITHIN_MS = 300_000;

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
      if (facts.withheld !== null) return off(memory, facts, facts.withheld, "operator");
      if (!facts.wantsPower) return off(memory, facts, "the miner wants no power");
      return throttle(memory, facts, nowMs);
    }
    default:
      return state satisfies never;
  }
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
function off(
  memory: BoardMemory,
  facts: BoardFacts,
  reason: string,
  rule = "not-wanted",
): BoardDecision {
  const wasOn = memory.state.at === "on";
  const events = wasOn
    ? [
        event(facts, {
          what: "power-off",
          rule,
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

/** A step below what was allowed, not under the floor; an operator who wants more lifts the floor, never the cap. */
function lowerCap(memory: BoardMemory, facts: BoardFacts): number {
  const fromMHz = capOf(memory, facts);
  return Math.min(fromMHz, Math.max(floorOf(facts), fromMHz - STEP_MHZ));
}

function capReason({ capMHz }: BoardMemory, { targetMHz }: BoardFacts): string | null {
  if (capMHz === undefined || capMHz >= targetMHz) return null;
  return `held at ${capMHz} MHz after it was hot or tripped`;
}

function event(facts: BoardFacts, rest: Omit<UntimedEvent, "where">): UntimedEvent {
  const { what, rule, measured, limit, action, reason } = rest;
  return { what, where: facts.where, rule, measured, limit, action, reason };
}
