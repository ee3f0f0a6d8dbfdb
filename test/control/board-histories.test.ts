/** Over any history of readings, faults, commands and delays. The heat model is `heat.ts`'s: assumptions, honest in what is fast. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { decideBoard } from "../../src/control/board-policy.ts";
import type { BoardFacts, SensorFact } from "../../src/control/board-policy-types.ts";
import { type TripRuleName, tripRules } from "../../src/control/trip-rules.ts";
import {
  BoardWorld,
  type Doing,
  type Moment,
  POLL_MS,
  type SensorFault,
  type SensorSet,
  STALE_MS,
  TICK_MS,
} from "./board-world.ts";
import { boardLimits, dieLimits, known, unknown } from "./builders.ts";

// Computing, not waiting: how long it takes is the machine's load.
vi.setConfig({ testTimeout: 60_000 });

const RUNS = 100;
/** Dangerous and plausible: two polls until it is believed, or stale and a poll; and half a second to act. */
const DANGEROUS_MS = STALE_MS + POLL_MS + 500;

const wait = (...ms: number[]) =>
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(...ms) });
const of = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** Few values of everything, near the limits, so that what is dangerous is common. */
const doing: fc.Arbitrary<Doing> = fc.oneof(
  { weight: 8, arbitrary: wait(100, 1_000, 6_000, 40_000) },
  { weight: 2, arbitrary: wait(120_000, 300_000) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("sensor" as const),
      which: of(0, 1, 2),
      fault: of<SensorFault>("none", "none", "lost", "absurd", "noisy", "once-high", "once-low"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("fans" as const), turning: of(0, 1, 2, 2) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("ambient" as const), valueC: of(20, 35, 44, 50, 64) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("bus" as const), isHung: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("miner" as const), isAlive: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("want" as const), isWanted: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("target" as const),
      frequencyMHz: of(300, 525, 525, 600),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("plug" as const), isPresent: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("supply-fault" as const, "machine-fault" as const),
      fault: of<string | null>("over-current", null, null),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "clear" as const }) },
);
const sensorSet = of<SensorSet>("board", "two-of-board", "board-die");
const history = fc.array(doing, { minLength: 3, maxLength: 30, size: "max" });

/** A million moments are too many for `expect`. */
function must(holds: boolean, claim: string, { nowMs, decision, facts }: Moment): void {
  if (holds) return;
  const { memory, power, frequencyCapMHz, reason } = decision;
  const what = JSON.stringify({ memory, power, frequencyCapMHz, reason, facts });
  throw new Error(`${claim}: not so at ${nowMs} ms: ${what}`);
}

/** `begin` is called once for each history, and what it returns at every moment of it. */
function everyMoment(
  begin: (world: BoardWorld) => (now: Moment) => void,
  options: fc.Parameters<[SensorSet, Doing[]]> = { numRuns: RUNS },
): void {
  fc.assert(
    fc.property(sensorSet, history, (sensors, doings) => {
      const world = new BoardWorld(sensors);
      const look = begin(world);
      for (const one of doings) world.do(one, look);
    }),
    options,
  );
}

const limited = ({ sensors }: BoardFacts) =>
  sensors.flatMap(({ limits, reading }) => (limits === undefined ? [] : [{ limits, reading }]));

describe("power is on only where", () => {
  test("the board is there and wanted, its supplies are well, and the miner lives", () => {
    everyMoment(() => (now) => {
      const { decision, facts, machine } = now;
      if (decision.power === "off") return;
      must(decision.memory.state.at === "on", "its state says so", now);
      must(facts.isPresent && facts.wantsPower, "there and wanted", now);
      must(facts.supplyFault === null && machine.supplyFault === null, "supplies well", now);
      must((machine.miner.silentMs ?? 9_999) < 1_500, "the miner lives", now);
    });
  });

  test("every sensor with a limit is known and below what is dangerous, and enough fans turn", () => {
    everyMoment(() => (now) => {
      const { before, decision, facts, machine } = now;
      if (decision.power === "off") return;
      must(!facts.allSensorsLost, "a sensor answers", now);
      for (const { reading, limits } of limited(facts))
        must(reading.is === "known" && reading.valueC < limits.dangerousC, "known, safe", now);
      const { turning, required, tooFewForMs } = machine.fans;
      must(tooFewForMs < 10_000, "fans turn", now);
      must(before.state.at === "on" || turning === required, "fans proven before", now);
    });
  });

  test("no trip is being rested out or latched; only time and an operator end that", () => {
    everyMoment(() => (now) => {
      const { before, decision, nowMs } = now;
      const { state } = before;
      const isOff = decision.power === "off";
      if (state.at === "resting" && nowMs < state.untilMs) must(isOff, "rests", now);
      if (state.at !== "latched") return;
      must(isOff && decision.memory.state.at === "latched", "stays latched", now);
    });
  });
});

test("a trip that returns within 300 s latches, unless an operator has cleared the last one", () => {
  fc.assert(
    fc.property(sensorSet, history, (sensors, doings) => {
      const world = new BoardWorld(sensors);
      let lastTripMs = Number.NEGATIVE_INFINITY;
      for (const one of doings) {
        if (one.do === "clear") lastTripMs = Number.NEGATIVE_INFINITY;
        world.do(one, (now) => {
          const trip = now.decision.events.find(({ what }) => what === "trip");
          if (trip === undefined || !tripRules[trip.rule as TripRuleName].latches) return;
          if (now.nowMs - lastTripMs <= 300_000)
            must(now.decision.memory.state.at === "latched", "latches", now);
          lastTripMs = now.nowMs;
        });
      }
    }),
    { numRuns: RUNS },
  );
});

test("the frequency is never above the operator's, and never goes up while hot or within a minute", () => {
  const cap = (capMHz: number | undefined) => capMHz ?? Number.POSITIVE_INFINITY;
  everyMoment(() => {
    let movedMs = Number.NEGATIVE_INFINITY;
    return (now) => {
      const { before, decision, facts, nowMs } = now;
      must(decision.frequencyCapMHz <= facts.targetMHz, "at most the operator's", now);
      if (cap(decision.memory.capMHz) > cap(before.capMHz)) {
        must(nowMs - movedMs >= 60_000, "a minute passed", now);
        must(facts.frequencyMHz > 0, "it hashes", now);
        for (const { reading, limits } of limited(facts))
          must(reading.is === "known" && reading.valueC < limits.hotC, "not hot", now);
      }
      if (decision.memory.capMHz !== before.capMHz) movedMs = nowMs;
    };
  });
});

test("one bad sample of each sensor now and then trips nothing and slows nothing down", () => {
  const badSample = fc.record({
    do: fc.constant("sensor" as const),
    which: of(0, 1),
    fault: of<SensorFault>("once-high", "once-low"),
  });
  const nowAndThen = fc.array(fc.tuple(badSample, wait(6_000, 40_000)), {
    size: "max",
    maxLength: 20,
  });
  fc.assert(
    fc.property(sensorSet, nowAndThen, (sensors, doings) => {
      const world = new BoardWorld(sensors);
      world.do({ do: "wait", ms: 40_000 }, () => {});
      for (const one of doings.flat())
        world.do(one, (now) => {
          must(now.decision.power === "on", "keeps its power", now);
          must(now.decision.reason === null, "as fast as wanted", now);
        });
    }),
    { numRuns: RUNS },
  );
});

test("every protective action has a reason, and so has every moment without power", () => {
  everyMoment(() => (now) => {
    const { decision, facts } = now;
    if (decision.power === "off" || decision.frequencyCapMHz < facts.targetMHz)
      must((decision.reason ?? "").length > 3, "a reason", now);
    for (const { what, where, rule, action, reason } of decision.events) {
      must(
        [what, where, rule, action].every((text) => text !== ""),
        "complete",
        now,
      );
      must(/\w+ \w+/.test(reason), "a sentence", now);
    }
  });
});

describe("hotter is never milder", () => {
  const hotter = of<(sensor: SensorFact) => SensorFact>(
    ...[0.1, 2, 5, 10, 30].map((byC) => (sensor: SensorFact) => {
      const { reading } = sensor;
      return reading.is === "unknown"
        ? sensor
        : { ...sensor, reading: known(reading.valueC + byC) };
    }),
    ...(["never-read", "lost", "stale", "implausible"] as const).map(
      (why) => (sensor: SensorFact) => ({ ...sensor, reading: unknown(why) }),
    ),
  );

  test("in any moment: no more power, and no higher frequency, than with the same board cooler", () => {
    fc.assert(
      fc.property(sensorSet, history, fc.array(hotter, { minLength: 1 }), (set, doings, by) => {
        const world = new BoardWorld(set);
        for (const one of doings)
          world.do(one, (now) => {
            const { before, facts, machine, decision, nowMs } = now;
            const turn = nowMs / TICK_MS;
            const warm = by[turn % by.length] ?? ((sensor) => sensor);
            const sensors = facts.sensors.map((sensor, i) =>
              i === turn % facts.sensors.length ? warm(sensor) : sensor,
            );
            const worse = decideBoard(before, { ...facts, sensors }, machine, nowMs);
            must(worse.power === "off" || decision.power === "on", "no more power", now);
            must(worse.frequencyCapMHz <= decision.frequencyCapMHz, "no faster", now);
            const wasLatched = decision.memory.state.at === "latched";
            must(!wasLatched || worse.memory.state.at === "latched", "latched too", now);
          });
      }),
      { numRuns: RUNS },
    );
  });
});

test("nothing that has power is above its dangerous limit for longer than the deadline", () => {
  everyMoment((world) => {
    let aboveForMs = 0;
    return (now) => {
      const { dieC, boardC } = now.heat;
      const isAbove = dieC >= dieLimits.dangerousC || boardC >= boardLimits.dangerousC;
      aboveForMs = isAbove && world.hasPower ? aboveForMs + TICK_MS : 0;
      must(aboveForMs <= DANGEROUS_MS, `off within ${DANGEROUS_MS} ms`, now);
      must(dieC < dieLimits.dangerousC + 5, "no die far above its limit", now);
    };
  });
});

test("the histories reach what they are about", () => {
  const rules = new Set<string>();
  const states = new Set<string>();
  everyMoment(
    () =>
      ({ decision }) => {
        for (const { what, rule } of decision.events) rules.add(`${what}: ${rule}`);
        states.add(decision.memory.state.at);
      },
    { numRuns: 150, seed: 1 },
  );
  expect([...states].sort()).toEqual(["latched", "off", "on", "resting"]);
  expect([...rules]).toEqual(
    expect.arrayContaining([
      "trip: dangerous-temperature",
      "trip: sensors-lost",
      "trip: sensor-unknown",
      "trip: miner-silent",
      "trip: fan-lost",
      "trip: supply-fault",
      "trip: machine-supply-fault",
      "trip: board-absent",
      "frequency-step: hot",
      "frequency-step: cool-again",
    ]),
  );
});
