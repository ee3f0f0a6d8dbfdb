/** What every `Clock` must do, whether its time is the machine's or ours. */

import assert from "node:assert/strict";
import type { Clock } from "../../src/ports/clock.ts";
import type { DefineTest } from "./define-test.ts";

export interface ClockFixture {
  readonly clock: Clock;
  /** Lets at least this much of the clock's time pass. */
  pass(durationMs: number): Promise<void>;
}

export function clockContract(test: DefineTest, openFixture: () => ClockFixture): void {
  test("time goes forward, by at least what passed", async () => {
    const { clock, pass } = openFixture();
    const startMs = clock.nowMs();
    await pass(15);
    assert.ok(clock.nowMs() - startMs >= 15);
  });

  test("the wall clock says whole seconds of this age", async () => {
    const { clock } = openFixture();
    assert.ok(Number.isInteger(clock.unixSeconds()));
    assert.ok(clock.unixSeconds() > 1_700_000_000);
  });

  test("what is set for later runs once, never early and never from inside the call", async () => {
    const { clock, pass } = openFixture();
    const dueMs = clock.nowMs() + 10;
    const ranAtMs: number[] = [];
    clock.after(10, () => ranAtMs.push(clock.nowMs()));
    assert.equal(ranAtMs.length, 0);
    await pass(40);
    assert.equal(ranAtMs.length, 1);
    assert.ok((ranAtMs[0] ?? 0) >= dueMs);
  });

  test("no delay, and less than none, mean soon but not now", async () => {
    const { clock, pass } = openFixture();
    let runs = 0;
    clock.after(0, () => runs++);
    clock.after(-5, () => runs++);
    assert.equal(runs, 0);
    await pass(10);
    assert.equal(runs, 2);
  });

  test("different delays run in the order of their times", async () => {
    const { clock, pass } = openFixture();
    const order: number[] = [];
    for (const delayMs of [24, 8, 16]) clock.after(delayMs, () => order.push(delayMs));
    await pass(60);
    assert.deepEqual(order, [8, 16, 24]);
  });

  test("what was disposed of never runs, and disposing again does nothing", async () => {
    const { clock, pass } = openFixture();
    let runs = 0;
    const timer = clock.after(5, () => runs++);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    await pass(20);
    assert.equal(runs, 0);
  });

  test("a delay of 60 days does not run at once", async () => {
    const { clock, pass } = openFixture();
    let runs = 0;
    const timer = clock.after(60 * 86_400_000, () => runs++);
    await pass(20);
    timer[Symbol.dispose]();
    assert.equal(runs, 0);
  });

  test("a period repeats until disposed of", async () => {
    const { clock, pass } = openFixture();
    let runs = 0;
    const period = clock.every(5, () => runs++);
    const startMs = clock.nowMs();
    // Of a machine that is busy elsewhere it is late, and makes up for nothing.
    for (let i = 0; i < 20 && runs < 5; i++) await pass(100);
    const before = runs;
    const mostRuns = (clock.nowMs() - startMs) / 5 + 40;
    period[Symbol.dispose]();
    await pass(20);
    assert.ok(before >= 5 && before <= mostRuns, `${before} runs`);
    assert.equal(runs, before);
  });

  test("a period may end itself from inside", async () => {
    const { clock, pass } = openFixture();
    let runs = 0;
    const period = clock.every(5, () => {
      runs++;
      if (runs === 2) period[Symbol.dispose]();
    });
    for (let i = 0; i < 20 && runs < 2; i++) await pass(60);
    await pass(20);
    assert.equal(runs, 2);
  });

  test("a period that is no time at all is refused, and so is a delay that is no number", async () => {
    const { clock } = openFixture();
    assert.throws(() => clock.every(0, () => {}), RangeError);
    assert.throws(() => clock.every(Number.NaN, () => {}), RangeError);
    assert.throws(() => clock.after(Number.NaN, () => {}), RangeError);
    await assert.rejects(clock.sleep(Number.NaN), RangeError);
  });

  test("a sleep never ends early", async () => {
    const { clock, pass } = openFixture();
    const startMs = clock.nowMs();
    let sleptMs = 0;
    const sleep = clock.sleep(10).then(() => {
      sleptMs = clock.nowMs() - startMs;
    });
    await pass(40);
    await sleep;
    assert.ok(sleptMs >= 10, `${sleptMs} ms`);
  });

  test("an aborted sleep rejects with the signal's reason, before it began or during it", async () => {
    const { clock } = openFixture();
    const reason = new Error("we stop");
    await assert.rejects(clock.sleep(60_000, AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await assert.rejects(sleep, reason);
  });

  test("aborting after a sleep has ended changes nothing", async () => {
    const { clock, pass } = openFixture();
    const controller = new AbortController();
    const sleep = clock.sleep(1, controller.signal);
    await pass(20);
    await sleep;
    controller.abort();
  });
}
