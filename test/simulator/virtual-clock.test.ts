import { expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";

test("timers see exactly the time at which they are due, those set meanwhile included", async () => {
  const clock = new VirtualClock({ startMs: 100 });
  const seenMs: number[] = [];
  clock.after(2.5, () => {
    seenMs.push(clock.nowMs());
    clock.after(1, () => seenMs.push(clock.nowMs()));
  });
  clock.after(10, () => seenMs.push(clock.nowMs()));
  await clock.advance(9);
  expect(seenMs).toEqual([102.5, 103.5]);
  expect(clock.nowMs()).toBe(109);
  expect(clock.pendingTimers).toBe(1);
});

test("timers of the same moment run in the order in which they were set", async () => {
  const clock = new VirtualClock();
  const order: number[] = [];
  for (let i = 0; i < 5; i++) clock.after(7, () => order.push(i));
  await clock.advance(7);
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

test("long chains of promises settle before the next timer, and after the last", async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  const work = async (name: string) => {
    await clock.sleep(5);
    for (let i = 0; i < 1_000; i++) await null;
    log.push(`${name} at ${clock.nowMs()}`);
    await clock.sleep(5);
    log.push(`${name} again at ${clock.nowMs()}`);
  };
  const a = work("a");
  clock.after(5, () => log.push("timer"));
  await clock.advance(10);
  expect(log).toEqual(["a at 5", "timer", "a again at 10"]);
  await a;
});

test("an hour of a one-second period is 3600 runs, without drift", async () => {
  const clock = new VirtualClock({ unixSeconds: 2_000_000_000 });
  let runs = 0;
  clock.every(1_000, () => runs++);
  await clock.advance(3_600_000);
  expect(runs).toBe(3_600);
  expect(clock.unixSeconds()).toBe(2_000_003_600);
});

test("the wall clock can be shifted without touching timers", async () => {
  const clock = new VirtualClock({ unixSeconds: 2_000_000_000 });
  let runs = 0;
  clock.after(1_000, () => runs++);
  clock.shiftWallClock(-86_400);
  expect(clock.unixSeconds()).toBe(1_999_913_600);
  expect(clock.nowMs()).toBe(0);
  await clock.advance(1_000);
  expect(runs).toBe(1);
});

test("what a timer throws reaches the test, and the clock can go on", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {
    throw new Error("planted");
  });
  let runs = 0;
  clock.after(2, () => runs++);
  await expect(clock.advance(5)).rejects.toThrow("planted");
  await clock.advance(5);
  expect(runs).toBe(1);
});

test("time does not go back, nor in two places at once", async () => {
  const clock = new VirtualClock();
  await expect(clock.advance(-1)).rejects.toThrow("-1 ms");
  await expect(clock.advance(Number.NaN)).rejects.toThrow("NaN ms");
  const first = clock.advance(10);
  await expect(clock.advance(10)).rejects.toThrow("already advancing");
  await first;
  expect(clock.nowMs()).toBe(10);
});

test("disposed and aborted timers are no longer pending", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const timers = [5, 3, 9, 3, 1].map((delayMs) => clock.after(delayMs, () => {}));
  const period = clock.every(2, () => {});
  const sleep = clock.sleep(4, controller.signal).catch(() => {});
  expect(clock.pendingTimers).toBe(7);
  for (const timer of timers) timer[Symbol.dispose]();
  period[Symbol.dispose]();
  controller.abort();
  await sleep;
  expect(clock.pendingTimers).toBe(0);
});
