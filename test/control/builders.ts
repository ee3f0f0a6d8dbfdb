/** Facts of a healthy board and machine, and what a test wants to be different about them. */

import { decideBoard, newBoardMemory } from "../../src/control/board-policy.ts";
import type {
  BoardDecision,
  BoardFacts,
  BoardMemory,
  MachineState,
  SensorFact,
  SensorReading,
} from "../../src/control/board-policy-types.ts";
import type { SensorPlace, TemperatureLimits } from "../../src/control/limits.ts";

export const boardLimits: TemperatureLimits = {
  targetC: 55,
  hotC: 65,
  dangerousC: 70,
  ceilingC: 75,
  source: "test",
};

/** The tests' own, so that die and board come into question one after the other. */
export const dieLimits: TemperatureLimits = {
  targetC: 75,
  hotC: 85,
  dangerousC: 90,
  ceilingC: 95,
  source: "test",
};

export function known(valueC: number): SensorReading {
  return { is: "known", valueC, ageMs: 100 };
}

export function unknown(why: "never-read" | "lost" | "stale" | "implausible"): SensorReading {
  return { is: "unknown", why, detail: `${why} for the test` };
}

export function sensor(
  reading: SensorReading,
  name = "board 0 sensor 48",
  place: SensorPlace = "board",
  limits: TemperatureLimits | null = boardLimits,
): SensorFact {
  return { name, place, limits: limits ?? undefined, reading };
}

export function board(
  change: Partial<BoardFacts> & { readonly temperatureC?: number } = {},
): BoardFacts {
  const { temperatureC = 50, ...rest } = change;
  return {
    where: "chain 0",
    isPresent: true,
    sensors: [sensor(known(temperatureC))],
    allSensorsLost: false,
    wantsPower: true,
    withheld: null,
    supply: "on",
    supplyFault: null,
    frequencyMHz: 525,
    targetMHz: 525,
    ...rest,
  };
}

export function machine(change: Partial<MachineState> = {}): MachineState {
  return {
    fans: { required: 4, turning: 4, tooFewForMs: 0, areProven: true },
    miner: { silentMs: 0 },
    supplyFault: null,
    isStopping: false,
    ...change,
  };
}

/** A board's life, one decision after the other, with what it told. */
export class Life {
  memory: BoardMemory = newBoardMemory();
  nowMs = 0;
  readonly told: string[] = [];
  last: BoardDecision | undefined;

  step(facts: BoardFacts, state: MachineState = machine()): BoardDecision {
    const decision = decideBoard(this.memory, facts, state, this.nowMs);
    this.memory = decision.memory;
    this.last = decision;
    for (const { what, rule } of decision.events) this.told.push(`${what}: ${rule}`);
    return decision;
  }

  /** Ten decisions a second, for so long. */
  run(seconds: number, facts: BoardFacts, state?: MachineState): BoardDecision {
    let decision = this.step(facts, state);
    for (let i = 0; i < seconds * 10; i++) {
      this.nowMs += 100;
      decision = this.step(facts, state);
    }
    return decision;
  }

  static on(): Life {
    const life = new Life();
    life.step(board());
    life.told.length = 0;
    return life;
  }
}
