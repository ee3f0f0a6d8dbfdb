import { describe, expect, test } from "vitest";
import { clearLatch } from "../../src/control/board-policy.ts";
import type { BoardFacts, MachineState } from "../../src/control/board-policy-types.ts";
import { board, dieLimits, known, Life, machine, sensor, unknown } from "./builders.ts";

const tooFewFans = (tooFewForMs: number) =>
  machine({ fans: { required: 4, turning: 3, tooFewForMs, areProven: true } });

describe("before there is power", () => {
  test("a healthy board that is wanted gets it", () => {
    const life = new Life();
    expect(life.step(board()).power).toBe("on");
    expect(life.told).toEqual(["power-on: wanted"]);
  });

  test.each<[string, Partial<BoardFacts>, Partial<MachineState>]>([
    ["nobody wants it", { wantsPower: false }, {}],
    ["no board is there", { isPresent: false }, {}],
    ["a sensor was never read", { sensors: [sensor(unknown("never-read"))] }, {}],
    ["one of two sensors is stale", { sensors: [sensor(known(40)), sensor(unknown("stale"))] }, {}],
    ["a sensor tells nonsense", { sensors: [sensor(unknown("implausible"))] }, {}],
    ["no sensor answers, however fresh the last word is", { allSensorsLost: true }, {}],
    ["no sensor has a limit", { sensors: [sensor(known(40), "air", "air", null)] }, {}],
    ["the board is hot already", { sensors: [sensor(known(65))] }, {}],
    ["its supply complains", { supplyFault: "over-current" }, {}],
    ["its supply failed", { supply: "failed" }, {}],
    ["the machine's supply complains", {}, { supplyFault: "brown-out" }],
    [
      "the fans are not proven",
      {},
      { fans: { required: 4, turning: 4, tooFewForMs: 0, areProven: false } },
    ],
    ["a fan stands still", {}, tooFewFans(100)],
    ["the miner is silent", {}, { miner: { silentMs: 1_500 } }],
    ["there is no miner", {}, { miner: { silentMs: null } }],
    ["the guard is going down", {}, { isStopping: true }],
  ])("it stays off, with a reason, when %s", (_, facts, state) => {
    const life = new Life();
    const { power, reason } = life.step(board({ supply: "off", ...facts }), machine(state));
    expect(power).toBe("off");
    expect(reason).toMatch(/\w{3}/);
    expect(life.told).toEqual([]);
  });

  test("a machine without fans needs a fresh temperature and no proof", () => {
    const fanless = machine({
      fans: { required: 0, turning: 0, tooFewForMs: 0, areProven: true },
    });
    expect(new Life().step(board(), fanless).power).toBe("on");
    const blind = board({ sensors: [sensor(unknown("never-read"))] });
    expect(new Life().step(blind, fanless).power).toBe("off");
  });
});

describe("with power on, it goes off in the same decision", () => {
  test.each<[string, Partial<BoardFacts>, Partial<MachineState>]>([
    ["dangerous-temperature", { sensors: [sensor(known(70))] }, {}],
    [
      "dangerous-temperature",
      { sensors: [sensor(known(40)), sensor(known(90), "chips", "chip", dieLimits)] },
      {},
    ],
    ["sensors-lost", { allSensorsLost: true }, {}],
    ["sensor-unknown", { sensors: [sensor(known(40)), sensor(unknown("stale"))] }, {}],
    ["miner-silent", {}, { miner: { silentMs: 1_500 } }],
    ["fan-lost", {}, tooFewFans(10_000)],
    ["supply-fault", { supplyFault: "no answer to its heartbeat" }, {}],
    ["machine-supply-fault", {}, { supplyFault: "brown-out" }],
    ["board-absent", { isPresent: false }, {}],
  ])("%s", (rule, facts, state) => {
    const life = Life.on();
    const { power, events } = life.step(board(facts), machine(state));
    expect(power).toBe("off");
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ what: "trip", rule, where: "chain 0" });
    expect(events[0]?.reason).toMatch(/\w+ \w+/);
    expect(life.memory.state).toMatchObject({ at: "resting", rule });
  });

  test("a trip tells what was measured and what the limit is, and says it in a sentence", () => {
    const [told] = Life.on().step(board({ temperatureC: 71.5 })).events;
    expect(told).toMatchObject({ measured: 71.5, limit: 70 });
    expect(told?.reason).toContain("71.5 °C");
    expect(told?.reason).toContain("70 °C");
  });

  test("a moment without a fan, and a little less than 2 s without the miner, trip nothing", () => {
    const life = Life.on();
    expect(life.step(board(), tooFewFans(8_800)).power).toBe("on");
    expect(life.step(board(), machine({ miner: { silentMs: 1_400 } })).power).toBe("on");
  });

  test("a sensor that is only shown protects nothing and trips nothing", () => {
    const air = sensor(known(99), "air", "air", null);
    const life = Life.on();
    expect(life.step(board({ sensors: [sensor(known(50)), air] })).power).toBe("on");
  });

  test("an orderly end is no trip", () => {
    const life = Life.on();
    expect(life.step(board({ wantsPower: false })).power).toBe("off");
    expect(life.told).toEqual(["power-off: not-wanted"]);
    expect(life.memory.state.at).toBe("off");
  });
});

describe("hot", () => {
  test("one step down every 20 s, and the operator's frequency is not touched", () => {
    const life = Life.on();
    const caps = [0, 19, 1, 20, 20].map(
      (seconds) => life.run(seconds, board({ temperatureC: 66 })).frequencyCapMHz,
    );
    expect(caps).toEqual([500, 500, 475, 450, 425]);
    expect(life.last?.reason).toContain("66.0 °C");
  });

  test("at the floor for a minute: off", () => {
    const life = Life.on();
    const hot = board({ temperatureC: 66 });
    while (life.step(hot).frequencyCapMHz > 262.5) life.nowMs += 100;
    const atFloorMs = life.nowMs;
    while (life.step(hot).power === "on") life.nowMs += 100;
    expect(life.told.at(-1)).toBe("trip: hot-at-floor");
    expect(life.nowMs - atFloorMs).toBe(60_000);
  });

  test("a board that has just cooled down at the floor is not switched off for having been hot", () => {
    const life = Life.on();
    const hot = board({ temperatureC: 66 });
    while (life.step(hot).frequencyCapMHz > 262.5) life.nowMs += 100;
    life.run(59.9, hot);
    life.nowMs += 100;
    expect(life.step(board({ temperatureC: 60 })).power).toBe("on");
  });

  test("no step ever raises the cap, whatever the operator does to the target meanwhile", () => {
    const life = Life.on();
    const hot = { temperatureC: 66 };
    while (life.step(board(hot)).frequencyCapMHz > 262.5) life.nowMs += 100;
    const { frequencyCapMHz } = life.run(
      70,
      board({ ...hot, targetMHz: 800, frequencyMHz: 262.5 }),
    );
    expect(frequencyCapMHz).toBeLessThanOrEqual(262.5);
  });

  test("cool for a minute: one step back up, one per minute, never above what the operator wants", () => {
    const life = Life.on();
    life.run(40, board({ temperatureC: 66 }));
    const cool = board({ temperatureC: 52 });
    const caps = [59, 1, 59, 1, 60, 60, 60].map(
      (seconds) => life.run(seconds, cool).frequencyCapMHz,
    );
    expect(caps).toEqual([450, 475, 475, 500, 525, 525, 525]);
    expect(life.last?.reason).toBeNull();
    expect(life.memory.capMHz).toBeUndefined();
  });

  test("neither hot nor cool: nothing moves", () => {
    const life = Life.on();
    life.run(0, board({ temperatureC: 66 }));
    expect(life.run(600, board({ temperatureC: 60 })).frequencyCapMHz).toBe(500);
  });

  test("a board that does not hash has not shown that it stays cool", () => {
    const life = Life.on();
    life.run(0, board({ temperatureC: 66 }));
    expect(life.run(600, board({ temperatureC: 40, frequencyMHz: 0 })).frequencyCapMHz).toBe(500);
  });
});

describe("after a trip", () => {
  const dangerous = board({ temperatureC: 71 });

  test("it rests for 30 s and until it is cool, then starts a step lower", () => {
    const life = Life.on();
    life.step(dangerous);
    expect(life.run(29.9, board({ temperatureC: 40 })).power).toBe("off");
    expect(life.run(60, board({ temperatureC: 58 })).power).toBe("off");
    expect(life.last?.reason).toContain("58.0 °C");
    const { power, frequencyCapMHz } = life.run(0.1, board({ temperatureC: 50 }));
    expect({ power, frequencyCapMHz }).toEqual({ power: "on", frequencyCapMHz: 500 });
  });

  test("the same within 300 s latches, until an operator clears it", () => {
    const life = Life.on();
    life.step(dangerous);
    life.run(31, board({ temperatureC: 40 }));
    const { events } = life.step(dangerous);
    expect(events[0]?.action).toContain("operator");
    expect(life.memory.state.at).toBe("latched");
    expect(life.run(7_200, board({ temperatureC: 30 })).power).toBe("off");
    life.memory = clearLatch(life.memory);
    const { power, frequencyCapMHz } = life.step(board({ temperatureC: 30 }));
    expect({ power, frequencyCapMHz }).toEqual({ power: "on", frequencyCapMHz: 475 });
  });

  test("a long rest does not make a trip look like a new one: the 300 s count from its end", () => {
    const life = Life.on();
    life.step(dangerous);
    life.run(600, board({ temperatureC: 58 }));
    life.run(10, board({ temperatureC: 40 }));
    expect(life.last?.power).toBe("on");
    life.step(dangerous);
    expect(life.memory.state.at).toBe("latched");
  });

  test("later than that it is a new one", () => {
    const life = Life.on();
    life.step(dangerous);
    life.run(31, board({ temperatureC: 40 }));
    life.run(301, board({ temperatureC: 50 }));
    life.step(dangerous);
    expect(life.memory.state.at).toBe("resting");
  });

  test("a miner that falls silent again and again latches nothing: it is not the board's fault", () => {
    const life = Life.on();
    for (let i = 0; i < 5; i++) {
      life.step(board(), machine({ miner: { silentMs: 1_600 } }));
      expect(life.run(5, board(), machine({ miner: { silentMs: 3_000 } })).power).toBe("off");
      expect(life.run(1, board()).power).toBe("on");
    }
    expect(life.last?.frequencyCapMHz).toBe(525);
    expect(life.told.filter((told) => told === "trip: miner-silent")).toHaveLength(5);
  });
});
