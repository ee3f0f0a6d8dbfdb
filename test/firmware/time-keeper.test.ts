import { beforeEach, describe, expect, test } from "vitest";
import { TimeKeeper } from "../../firmware/time-keeper.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { ClockSync } from "../../src/lib/trusted-time.ts";
import { CrashingFolder } from "./crashing-folder.ts";

const NOW = 1_790_000_000;
const BUILT = 1_780_000_000;
const HOUR_S = 3_600;

let clock: VirtualClock;
let folder: CrashingFolder;
let sync: ClockSync;
let warnings: string[];
beforeEach(() => {
  clock = new VirtualClock({ startMs: 50_000, unixSeconds: NOW });
  folder = new CrashingFolder();
  sync = "synchronised";
  warnings = [];
});

async function started(builtUnixSeconds = BUILT) {
  const events: string[] = [];
  const corrected: string[] = [];
  const keeper = new TimeKeeper({
    clock,
    ntp: { read: () => sync },
    folder,
    builtUnixSeconds,
    log: { ...silentLog, warn: (_, message) => void warnings.push(message) },
  });
  keeper.onEvent(({ what }) => void events.push(what));
  keeper.onCorrected((reason) => void corrected.push(reason));
  await keeper.start();
  return { keeper, events, corrected };
}

/** A later start of the device, with what the disk has kept. */
function powerCycle(unixSeconds: number): void {
  clock = new VirtualClock({ unixSeconds });
  folder = new CrashingFolder(folder.disk);
}

describe("a clock that is synchronised from the start", () => {
  test("is believed, and nothing is told", async () => {
    const { keeper, events, corrected } = await started();
    await clock.advance(60_000);
    expect(keeper.time.source).toBe("synchronised");
    expect(keeper.clock.unixSeconds()).toBe(NOW + 60);
    expect([events, corrected, warnings]).toEqual([[], [], []]);
    await keeper.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("costs a write at the start, one an hour, and one at the end", async () => {
    const { keeper } = await started();
    await clock.advance(10_000);
    expect(folder.writes).toBe(1);
    await clock.advance(3 * HOUR_S * 1_000 + 10_000);
    expect(folder.writes).toBe(4);
    await keeper.stop();
    expect(folder.writes).toBe(5);
  });
});

describe("a board that wakes up in 1970", () => {
  test("judges certificates by the last known time and what has passed since, until its clock is set", async () => {
    await (await started()).keeper.stop();
    powerCycle(8);
    sync = "unsynchronised";
    const { keeper, events, corrected } = await started();
    expect(events).toEqual(["clock-unsynchronised"]);
    expect(warnings).toEqual(["clock"]);
    await clock.advance(30_000);
    expect(keeper.clock.unixSeconds()).toBe(NOW + 30);
    expect(keeper.time.source).toBe("floor");

    clock.shiftWallClock(NOW + 7_200 - clock.unixSeconds());
    sync = "synchronised";
    await clock.advance(2_000);
    expect(keeper.clock.unixSeconds()).toBe(NOW + 7_202);
    expect(events).toEqual(["clock-unsynchronised", "clock-stepped", "clock-synchronised"]);
    expect(corrected).toEqual(["the clock was set 20717 days forward"]);
    await keeper.stop();
  });

  test("has at least the time at which the program was built", async () => {
    clock = new VirtualClock({ unixSeconds: 8 });
    sync = "unknown";
    const { keeper } = await started();
    expect(keeper.time).toMatchObject({ unixSeconds: BUILT, source: "floor" });
    await keeper.stop();
    expect(folder.writes).toBe(0);
  });

  test("without anything known believes its clock, which is all there is", async () => {
    clock = new VirtualClock({ unixSeconds: 8 });
    sync = "unknown";
    const { keeper } = await started(0);
    expect(keeper.time).toMatchObject({ unixSeconds: 8, source: "unsynchronised" });
  });
});

test("who listens only after the start still hears that the clock is not right", async () => {
  sync = "unsynchronised";
  const log = silentLog;
  const ntp = { read: () => sync };
  const keeper = new TimeKeeper({ clock, ntp, folder, builtUnixSeconds: BUILT, log });
  await keeper.start();
  const heard: string[][] = [[], []];
  for (const list of heard) keeper.onEvent(({ what }) => void list.push(what));
  expect(heard).toEqual([["clock-unsynchronised"], []]);
  await keeper.stop();
});

test("a clock that becomes synchronised without a step is reason enough to try again", async () => {
  sync = "unsynchronised";
  const { keeper, corrected, events } = await started();
  await clock.advance(10_000);
  expect(corrected).toEqual([]);
  sync = "synchronised";
  await clock.advance(2_000);
  expect(corrected).toEqual(["the clock is synchronised"]);
  expect(events).toEqual(["clock-unsynchronised", "clock-synchronised"]);
  await keeper.stop();
});

test("a person who sets the clock by hand is heard, although nothing vouches for it", async () => {
  sync = "unsynchronised";
  const { keeper, corrected } = await started();
  clock.shiftWallClock(90);
  await clock.advance(2_000);
  expect(corrected).toEqual(["the clock was set 1 min 30 s forward"]);
  expect(keeper.clock.unixSeconds()).toBe(NOW + 92);
  expect(folder.writes).toBe(0);
  await keeper.stop();
});

test("a clock that is set back by hand after it was right is not followed", async () => {
  const { keeper } = await started();
  await clock.advance(10_000);
  sync = "unsynchronised";
  clock.shiftWallClock(-30 * 86_400);
  await clock.advance(10_000);
  expect(keeper.time).toMatchObject({ unixSeconds: NOW + 20, source: "floor" });
  await keeper.stop();
});

test("a time from the future that was kept goes away with the first synchronised look", async () => {
  const future = NOW + 10 * 365 * 86_400;
  clock.shiftWallClock(future - NOW);
  await (await started()).keeper.stop();
  powerCycle(NOW);
  sync = "unsynchronised";
  const { keeper } = await started();
  expect(keeper.time).toMatchObject({ unixSeconds: future, source: "floor" });
  sync = "synchronised";
  await clock.advance(2_000);
  expect(keeper.clock.unixSeconds()).toBe(NOW + 2);
  // Power fails now: no orderly stop.
  powerCycle(NOW + 500);
  sync = "unsynchronised";
  expect((await started()).keeper.time).toMatchObject({ source: "unsynchronised" });
});

test("a disk that cannot be written is told once, and the time goes on", async () => {
  folder.failure = Object.assign(new Error("EROFS"), { code: "EROFS" });
  const { keeper } = await started();
  await clock.advance(5 * HOUR_S * 1_000);
  expect(warnings).toEqual(["the time cannot be kept for the next start"]);
  expect(keeper.clock.unixSeconds()).toBe(NOW + 5 * HOUR_S);
  await keeper.stop();
});

test("its clock is the given one in everything but the wall clock", async () => {
  const { keeper } = await started();
  expect(keeper.clock.nowMs()).toBe(50_000);
  const ran: string[] = [];
  using _every = keeper.clock.every(400, () => void ran.push("every"));
  keeper.clock.after(500, () => void ran.push("after"));
  void keeper.clock.sleep(600).then(() => ran.push("sleep"));
  await clock.advance(700);
  expect(ran).toEqual(["every", "after", "sleep"]);
  await keeper.stop();
});
