/** How fast the fans turn: a PI law towards the target temperature, full speed for whatever is not known, a reason with each duty. */

export type FanMode =
  | { readonly mode: "auto" }
  /** Full speed all the same when it is hot or unknown. */
  | { readonly mode: "manual"; readonly dutyPercent: number }
  /** No fans. */
  | { readonly mode: "immersion" };

export interface FanFacts {
  /** The sensor farthest above its target, or least below; null: one that counts is unknown. */
  readonly excess: {
    readonly name: string;
    readonly valueC: number;
    readonly aboveC: number;
  } | null;
  readonly isHot: boolean;
  /** Any board has power. */
  readonly isPowered: boolean;
  /** Since the last board lost its power; infinite when none ever had any. */
  readonly offForMs: number;
}

export interface FanMemory {
  readonly dutyPercent: number;
  /** The part of the duty that has been learnt, %. */
  readonly learntPercent: number;
}

export interface FanStep {
  readonly memory: FanMemory;
  readonly reason: string;
}

/** A degree too warm gives so much more at once, and so much more for every second that it lasts. Tuned in simulation. */
const PERCENT_PER_C = 3;
const PERCENT_PER_C_S = 0.06;
/** Between two steps of a second: what ears take for a change of speed and not for a jolt. */
const SLEW_UP_PERCENT_PER_S = 5;
const SLEW_DOWN_PERCENT_PER_S = 1;
/** A change that nobody needs is not made: fans do not hunt. */
const DEAD_BAND_C = 0.4;
/** Slower than this many fans stop. */
export const QUIET_PERCENT = 20;
const OUTLAST_PERCENT = 50;
export const FANS_OUTLAST_MS = 90_000;

export function newFanMemory(): FanMemory {
  return { dutyPercent: 100, learntPercent: 60 };
}

/** `dtS`: since the last step. */
export function stepFans(memory: FanMemory, facts: FanFacts, mode: FanMode, dtS: number): FanStep {
  if (mode.mode === "immersion") return at(memory, 0, "immersion: no fans");
  const { excess, isHot, isPowered, offForMs } = facts;
  if (excess === null) return at(memory, 100, "a temperature is unknown");
  if (isHot) return at(memory, 100, `${excess.name} is hot at ${excess.valueC.toFixed(1)} °C`);
  if (mode.mode === "manual") return at(memory, mode.dutyPercent, "set by the operator");
  if (!isPowered && offForMs >= FANS_OUTLAST_MS && excess.aboveC < 0)
    return at(memory, QUIET_PERCENT, "no board has power");
  const floor = isPowered ? QUIET_PERCENT : OUTLAST_PERCENT;
  return regulate(memory, excess, floor, dtS);
}

function regulate(
  memory: FanMemory,
  { name, valueC, aboveC }: NonNullable<FanFacts["excess"]>,
  floor: number,
  dtS: number,
): FanStep {
  const error = Math.abs(aboveC) < DEAD_BAND_C ? 0 : aboveC;
  const learning = memory.learntPercent + PERCENT_PER_C_S * error * dtS;
  const wanted = learning + PERCENT_PER_C * error;
  const isAtRail = (wanted > 100 && error > 0) || (wanted < floor && error < 0);
  // What the fans cannot do is not learnt (anti-windup).
  const learntPercent = clamp(isAtRail ? memory.learntPercent : learning, floor, 100);
  const lowest = memory.dutyPercent - SLEW_DOWN_PERCENT_PER_S * dtS;
  const highest = memory.dutyPercent + SLEW_UP_PERCENT_PER_S * dtS;
  const dutyPercent = clamp(clamp(wanted, floor, 100), lowest, highest);
  const side = aboveC >= 0 ? "above" : "below";
  return {
    memory: { dutyPercent, learntPercent },
    reason: `${name} at ${valueC.toFixed(1)} °C, ${Math.abs(aboveC).toFixed(1)} ${side} target`,
  };
}

function at(memory: FanMemory, dutyPercent: number, reason: string): FanStep {
  return { memory: { ...memory, dutyPercent }, reason };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
