import { expect, test } from "vitest";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";

test("no pause is short by even a fraction of a millisecond, whenever it begins", async () => {
  const clock = new SystemClock();
  const pauses: Promise<number>[] = [];
  for (let i = 0; i < 300; i++) {
    const startMs = clock.nowMs();
    pauses.push(clock.sleep(20).then(() => clock.nowMs() - startMs));
    blockForMs(0.07);
  }
  expect(Math.min(...(await Promise.all(pauses)))).toBeGreaterThanOrEqual(20);
});

test("a delay longer than Node can count is no busy loop", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.name);
  process.on("warning", onWarning);
  const clock = new SystemClock();
  const timer = clock.after(60 * 86_400_000, () => {});
  await clock.sleep(10);
  timer[Symbol.dispose]();
  process.off("warning", onWarning);
  expect(warnings).not.toContain("TimeoutOverflowWarning");
});

test("periods that a blocked loop missed are not made up for in a burst", async () => {
  const clock = new SystemClock();
  const ranAtMs: number[] = [];
  const startMs = clock.nowMs();
  const period = clock.every(10, () => ranAtMs.push(clock.nowMs() - startMs));
  blockForMs(55);
  await clock.sleep(26);
  period[Symbol.dispose]();
  // Due at 10 to 50: one run. Then 60, 70, 80, each in its time.
  expect(ranAtMs.length).toBeGreaterThanOrEqual(2);
  expect(ranAtMs.length).toBeLessThanOrEqual(1 + Math.floor((clock.nowMs() - startMs - 50) / 10));
  expect(ranAtMs[1]).toBeGreaterThanOrEqual(60);
});

function blockForMs(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}
