import { describe, expect, test } from "vitest";
import {
  FANS_OUTLAST_MS,
  type FanFacts,
  type FanMemory,
  type FanMode,
  newFanMemory,
  QUIET_PERCENT,
  stepFans,
} from "../../src/control/fan-control.ts";
import { boardLimits } from "./builders.ts";
import { Heat } from "./heat.ts";

const { targetC, hotC } = boardLimits;
const auto: FanMode = { mode: "auto" };
const manual: FanMode = { mode: "manual", dutyPercent: 35 };

function facts(valueC: number | null, change: Partial<FanFacts> = {}): FanFacts {
  return {
    excess: valueC === null ? null : { name: "board 0", valueC, aboveC: valueC - targetC },
    isHot: valueC !== null && valueC >= hotC,
    isPowered: true,
    offForMs: 0,
    ...change,
  };
}

const dutyOf = (now: FanFacts, mode: FanMode, memory = newFanMemory()) =>
  stepFans(memory, now, mode, 1).memory.dutyPercent;

describe("what overrides the law", () => {
  test("fans begin at full speed and stay there until a temperature is known", () => {
    expect(newFanMemory().dutyPercent).toBe(100);
    expect(dutyOf(facts(null), auto)).toBe(100);
  });

  test("unknown and hot mean full speed at once, from any speed, also in manual mode", () => {
    const slow: FanMemory = { ...newFanMemory(), dutyPercent: 20 };
    for (const mode of [auto, manual]) {
      expect(dutyOf(facts(null), mode, slow)).toBe(100);
      expect(dutyOf(facts(hotC), mode, slow)).toBe(100);
    }
  });

  test("manual is manual otherwise", () => {
    expect(dutyOf(facts(60), manual)).toBe(35);
  });

  test("immersion has no fans", () => {
    expect(dutyOf(facts(null), { mode: "immersion" })).toBe(0);
    expect(dutyOf(facts(80), { mode: "immersion" })).toBe(0);
  });

  test("every duty has a reason, with the temperature when it rests on one", () => {
    expect(stepFans(newFanMemory(), facts(null), auto, 1).reason).toContain("unknown");
    expect(stepFans(newFanMemory(), facts(66), auto, 1).reason).toContain("66.0 °C");
    expect(stepFans(newFanMemory(), facts(50), auto, 1).reason).toContain("50.0 °C");
  });
});

describe("fans outlast hashing", () => {
  test("they blow for 90 s after the last board lost its power, then they are quiet", () => {
    const off = (offForMs: number) => facts(40, { isPowered: false, offForMs });
    let memory = newFanMemory();
    for (let ms = 0; ms < FANS_OUTLAST_MS; ms += 1_000) {
      memory = stepFans(memory, off(ms), auto, 1).memory;
      expect(memory.dutyPercent).toBeGreaterThanOrEqual(50);
    }
    expect(dutyOf(off(FANS_OUTLAST_MS), auto, memory)).toBe(QUIET_PERCENT);
  });
});

test("they change by at most 5 % a second up and 1 % down", () => {
  const from: FanMemory = { dutyPercent: 50, learntPercent: 50 };
  expect(dutyOf(facts(64), auto, from)).toBe(55);
  expect(dutyOf(facts(40), auto, from)).toBe(49);
});

test("what the fans cannot do is not learnt: after an hour far from target they react at once", () => {
  let memory = newFanMemory();
  for (let s = 0; s < 3_600; s++) memory = stepFans(memory, facts(64), auto, 1).memory;
  for (let s = 0; s < 90; s++) memory = stepFans(memory, facts(45), auto, 1).memory;
  expect(memory.dutyPercent).toBeLessThan(65);
  for (let s = 0; s < 3_600; s++) memory = stepFans(memory, facts(30), auto, 1).memory;
  for (let s = 0; s < 15; s++) memory = stepFans(memory, facts(64), auto, 1).memory;
  expect(memory.dutyPercent).toBeGreaterThan(70);
});

describe("an hour of load steps", () => {
  const STEP_S = 360;
  const loads = [1, 0.5, 1, 0.7, 0.4, 1, 0.6, 0.9, 0.5, 1];

  interface Stretch {
    readonly load: number;
    readonly temperaturesC: number[];
    readonly duties: number[];
  }

  /** Fans follow their duty with a lag of 1.5 s; the sensor counts in 0.125 °C, is read once a second and seen a second late. */
  function runHour(ambientC: number, noiseC: number): Stretch[] {
    const heat = new Heat(ambientC);
    let memory = newFanMemory();
    let airflow = 1;
    let seenC = ambientC;
    let noise = 1;
    return loads.map((load) => {
      const stretch: Stretch = { load, temperaturesC: [], duties: [] };
      for (let s = 0; s < STEP_S; s++) {
        memory = stepFans(memory, facts(seenC), auto, 1).memory;
        noise = (noise * 16_807) % 2_147_483_647;
        seenC = Math.round((heat.boardC + noiseC * (noise / 1_073_741_823 - 1)) * 8) / 8;
        for (let i = 0; i < 10; i++) {
          airflow += (memory.dutyPercent / 100 - airflow) * (0.1 / 1.5);
          heat.advance(0.1, load, airflow, ambientC);
        }
        stretch.temperaturesC.push(heat.boardC);
        stretch.duties.push(memory.dutyPercent);
      }
      return stretch;
    });
  }

  /** Turns of direction after which the duty moved by more than this. */
  function reversalsOf(duties: readonly number[], byPercent: number): number {
    let reversals = 0;
    let direction = 0;
    let extreme = duties[0] ?? 0;
    for (const duty of duties) {
      const movedPercent = duty - extreme;
      if (
        direction === 0 ? Math.abs(movedPercent) > byPercent : movedPercent * direction < -byPercent
      ) {
        if (direction !== 0) reversals++;
        direction = Math.sign(movedPercent);
        extreme = duty;
      } else if (movedPercent * direction > 0) extreme = duty;
    }
    return reversals;
  }

  test("counting reversals sees hunting", () => {
    const hunting = Array.from({ length: 100 }, (_, i) => 50 + 10 * Math.sin(i / 3));
    expect(reversalsOf(hunting, 3)).toBeGreaterThan(8);
    expect(reversalsOf([50, 60, 70, 69, 68, 70], 3)).toBe(0);
  });

  test.each([
    [25, 0],
    [25, 0.3],
    [32, 0],
    [32, 0.3],
  ])(
    "at %i °C with %f °C of noise: no hunting, within 2 °C in the end, never hot",
    (ambientC, noiseC) => {
      const stretches = runHour(ambientC, noiseC);
      expect(stretches).toHaveLength(loads.length);
      for (const { load, temperaturesC, duties } of stretches) {
        expect(reversalsOf(duties, 3), `load ${load}`).toBeLessThanOrEqual(2);
        expect(Math.max(...temperaturesC), `load ${load}`).toBeLessThan(hotC);
        const settled = temperaturesC.slice(-60);
        expect(Math.max(...settled), `load ${load}`).toBeLessThan(targetC + 2);
        const isAtQuiet = Math.min(...duties.slice(-60)) <= QUIET_PERCENT + 1;
        if (!isAtQuiet) expect(Math.min(...settled), `load ${load}`).toBeGreaterThan(targetC - 2);
      }
    },
  );
});
