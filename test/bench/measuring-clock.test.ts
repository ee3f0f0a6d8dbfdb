import { expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { MeasuringClock } from "./measuring-clock.ts";

/** Lets a test say when a period's timer fires, and how long its callback takes. */
class LateClock extends VirtualClock {
  fire: () => void = () => {};
  atMs = 0;

  override nowMs(): number {
    return this.atMs;
  }

  override every(_: number, run: () => void): Disposable {
    this.fire = run;
    return { [Symbol.dispose]() {} };
  }
}

test("a period that comes in time and does nothing is neither late nor long", async () => {
  const clock = new VirtualClock();
  const measuring = new MeasuringClock(clock);
  measuring.every(100, () => {});
  await clock.advance(350);
  expect(measuring.take()).toEqual(
    new Map([[100, { durationsMs: [0, 0, 0], latenessMs: [0, 0, 0] }]]),
  );
  expect(measuring.take().size).toBe(0);
});

test("lateness counts from when a run was due, and runs that a blocked loop missed are not expected", () => {
  const clock = new LateClock();
  const measuring = new MeasuringClock(clock);
  measuring.every(100, () => {
    clock.atMs += 7;
  });
  // Due at 100; at 500, as what was missed is not made up for; at 600.
  for (const firedMs of [103, 430, 500, 601]) {
    clock.atMs = firedMs;
    clock.fire();
  }
  expect(measuring.take().get(100)).toEqual({
    durationsMs: [7, 7, 7, 7],
    latenessMs: [3, 230, 0, 1],
  });
});

test("everything else is the clock's own", async () => {
  const clock = new VirtualClock({ unixSeconds: 77 });
  const measuring: Clock = new MeasuringClock(clock);
  const done: string[] = [];
  measuring.after(20, () => done.push("after"));
  void measuring.sleep(30).then(() => done.push("sleep"));
  await clock.advance(40);
  expect(done).toEqual(["after", "sleep"]);
  expect([measuring.nowMs(), measuring.unixSeconds()]).toEqual([
    clock.nowMs(),
    clock.unixSeconds(),
  ]);
});
