import { describe, expect, test } from "vitest";
import { BoardHeat } from "../../../simulator/control-board/board-heat.ts";
import { memoryOf } from "../../../simulator/control-board/guest-memory.ts";
import { parseBoardOptions, usage } from "../../../simulator/control-board/options.ts";
import { Stage, type Step } from "../../../simulator/control-board/stage.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";

function stageOf(clock: VirtualClock, signal = new AbortController().signal) {
  const steps: Step[] = [];
  return {
    steps,
    stage: new Stage({ run: "heat", clock, signal, onStep: (step) => steps.push(step) }),
  };
}

describe("a step", () => {
  test("that comes true is told with its time", async () => {
    const clock = new VirtualClock();
    const { stage, steps } = stageOf(clock);
    const step = stage.step("boot", 10, async (signal) => {
      await clock.sleep(3_000, signal);
      return "up";
    });
    await clock.advance(3_000);
    await step;
    expect(steps).toEqual([{ run: "heat", name: "boot", atS: 3, outcome: "pass", detail: "up" }]);
  });

  test("that is late fails with what was missing", async () => {
    const clock = new VirtualClock();
    const { stage, steps } = stageOf(clock);
    const step = stage.step("share", 5, (signal) =>
      stage.until<string>(signal, () => ({ missing: "no share yet" })),
    );
    const failed = expect(step).rejects.toThrow("not within 5 s: no share yet");
    await clock.advance(6_000);
    await failed;
    expect(steps[0]).toMatchObject({ outcome: "fail", detail: "not within 5 s: no share yet" });
  });

  test("ends when the computer is gone", async () => {
    const { stage, steps } = stageOf(new VirtualClock());
    stage.endWith(Promise.reject(new Error("QEMU ended")));
    const step = stage.step("share", 5, () => new Promise(() => {}));
    await expect(step).rejects.toThrow("QEMU ended");
    expect(steps[0]).toMatchObject({ outcome: "fail" });
  });

  test("forgives a computer that does not answer once", async () => {
    const clock = new VirtualClock();
    const { stage } = stageOf(clock);
    let asked = 0;
    const found = stage.until(new AbortController().signal, async () => {
      if (asked++ === 0) throw new Error("refused");
      return { found: asked };
    });
    await clock.advance(1_000);
    expect(await found).toBe(2);
  });
});

describe("a heater on a sensor", () => {
  test("warms it no faster than it is told, and says when the alarm was due", async () => {
    const clock = new VirtualClock();
    const told: { atMs: number; temperatureC: number }[] = [];
    await using heat = new BoardHeat({
      clock,
      boards: 1,
      boardC: () => 50,
      async setTemperatureC(_, temperatureC) {
        told.push({ atMs: clock.nowMs(), temperatureC });
      },
    });
    await clock.advance(1);
    const heating = heat.heat(
      0,
      { targetC: 74, alarmC: 70, cPerS: 4 },
      new AbortController().signal,
    );
    await clock.advance(10_000);
    const alarmMs = await heating;
    expect(told.find(({ temperatureC }) => temperatureC >= 70)?.atMs).toBe(alarmMs);
    expect(told.at(-1)?.temperatureC).toBe(74);
    for (const { atMs, temperatureC } of told)
      expect(temperatureC).toBeLessThanOrEqual(50 + (4 * atMs) / 1_000);
  });
});

test("the guest's memory is read per program", () => {
  const text = `memory 70 30720 20480 /usr/bin/node /usr/lib/asicd/base/asicd.js run --config /etc/asicd.jsonc
noise
memory 81 10240 5120 /usr/bin/node --max-semi-space-size=1 /usr/lib/asicd/base/guard.js 
`;
  expect(memoryOf(text)).toEqual([
    { program: "supervisor", pid: 70, pssMB: 30, anonymousMB: 20 },
    { program: "guard", pid: 81, pssMB: 10, anonymousMB: 5 },
  ]);
});

describe("the command line", () => {
  test("takes one run by name, and says which there are", () => {
    expect(parseBoardOptions(["--only", "heat"], ["heat", "sensor"])).toMatchObject({
      only: "heat",
      strictMemory: false,
    });
    expect(() => parseBoardOptions(["--only", "cold"], ["heat", "sensor"])).toThrow(
      "allowed: heat, sensor",
    );
    expect(() => parseBoardOptions(["--fast"], [])).toThrow(/--fast/);
    expect(parseBoardOptions(["--help"], [])).toBe("help");
    expect(usage([{ name: "heat", does: "it gets hot" }])).toContain("heat     it gets hot");
  });
});
