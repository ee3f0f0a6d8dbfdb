import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEvents } from "../../firmware/event-file.ts";
import { mergeByTime, openEventStore } from "../../firmware/operator/event-store.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";

let folder: string;
let clock: VirtualClock;
let warnings: string[];
let infos: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-events-"));
  clock = new VirtualClock();
  warnings = [];
  infos = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = (time: number, what: string): MachineEvent => ({
  time,
  uptimeS: 1,
  what,
  where: "operator",
  rule: "operator",
  measured: null,
  limit: null,
  action: what,
  reason: `session: ${what}`,
});

const whats = (events: readonly MachineEvent[]) => events.map(({ what }) => what);

async function open(ownFile = join(folder, "operator/events.jsonl")) {
  const log: Logger = {
    ...silentLog,
    warn: (_, message) => void warnings.push(message),
    info: (_, message) => void infos.push(message),
  };
  const guardEvents = await readEvents(join(folder, "events.jsonl"));
  return openEventStore({ ownFile, guardEvents, clock, log });
}

/** Real files: a write takes as long as it takes. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("events outlive the program, and are one list with the guard's by time", async () => {
  const first = await open();
  expect(first.earlier).toEqual([]);
  for (const [time, what] of [
    [20, "b"],
    [40, "d"],
  ] as const)
    first.keep(event(time, what));
  await first.close();
  const guard = [event(10, "a"), event(30, "c"), event(40, "c2"), event(50, "e")];
  const lines = guard.map((one) => `${JSON.stringify(one)}\n`).join("");
  writeFileSync(join(folder, "events.jsonl"), `${lines}{"time": 60, "wh`);
  expect(whats((await open()).earlier)).toEqual(["a", "b", "c", "c2", "d", "e"]);
});

test("each list keeps its order, whatever the clock did", () => {
  const list = fc.array(fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(list, list, (first, second) => {
      const merged = mergeByTime(
        first.map((time, i) => event(time, `first ${i}`)),
        second.map((time, i) => event(time, `second ${i}`)),
      );
      for (const [name, times] of [
        ["first", first],
        ["second", second],
      ] as const)
        expect(whats(merged).filter((what) => what.startsWith(name))).toEqual(
          times.map((_, i) => `${name} ${i}`),
        );
    }),
  );
});

test("somebody who guesses passwords all day writes once a second, and never more than a bound", async () => {
  const ownFile = join(folder, "operator/events.jsonl");
  const store = await open(ownFile);
  const sizes = new Set<number>();
  for (let i = 0; i < 2_000; i++) {
    store.keep(event(i, `login-failed ${i} ${"x".repeat(400)}`));
    await clock.advance(50);
  }
  await store.close();
  for (const name of [ownFile, `${ownFile}.1`]) sizes.add(statSync(name).size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(128 * 1_024);
  const { earlier } = await open(ownFile);
  expect(earlier.length).toBeLessThanOrEqual(1_000);
  expect(earlier.at(-1)?.time).toBe(1_999);
});

test("a disk that refuses is told once; what waits is bounded, and written when it is well", async () => {
  writeFileSync(join(folder, "operator"), "a file where the folder should be");
  const ownFile = join(folder, "operator/events.jsonl");
  const store = await open(ownFile);
  for (let i = 0; i < 1_500; i++) store.keep(event(i, `${i}`));
  await until(() => warnings.length > 0);
  for (let i = 1_500; i < 1_510; i++) {
    store.keep(event(i, `${i}`));
    await clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(warnings).toEqual(["events of the operator cannot be kept on disk"]);
  rmSync(join(folder, "operator"));
  store.keep(event(1_510, "1510"));
  await until(() => infos.length > 0);
  await store.close();
  const lines = readFileSync(ownFile, "utf8").trim().split("\n");
  // What waits, and what was on its way when it came.
  expect(lines.join("\n").length).toBeLessThanOrEqual(72 * 1_024);
  expect(lines.length).toBeGreaterThan(300);
  expect(lines.at(-1)).toContain("1510");
  expect(infos).toEqual(["events of the operator are kept on disk again"]);
});
