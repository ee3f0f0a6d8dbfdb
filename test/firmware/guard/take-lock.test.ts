/** A guard that comes while another one is there, as real processes with the names of guards. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sayGuardEnds, takeGuardLock } from "../../../firmware/guard/take-lock.ts";
import { OtherGuardError } from "../../../firmware/guard-lock.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { silentLog } from "../../../src/lib/log.ts";

let folder: string;
let other: ChildProcess;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "asicd-take-lock-"));
  const program = join(folder, "guard.js");
  writeFileSync(program, "setInterval(() => {}, 1000); console.log('up');");
  other = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => other.stdout?.once("data", resolve));
  writeFileSync(join(folder, "guard.pid"), `${other.pid}\n`);
});
afterEach(() => {
  other.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function take(clock: VirtualClock, stopping = new AbortController().signal) {
  let taken: Disposable | Error | undefined | "waits" = "waits";
  void takeGuardLock(folder, clock, silentLog, stopping).then((lock) => {
    taken = lock;
  });
  return () => taken;
}

test("one that works is left alone, and the second is told at once", async () => {
  const clock = new VirtualClock();
  const taken = take(clock);
  await clock.advance(10);
  expect(taken()).toBeInstanceOf(OtherGuardError);
});

test("one that ends is waited for, and then the machine is this one's", async () => {
  const clock = new VirtualClock();
  writeFileSync(join(folder, "guard.ending"), `${other.pid}\n`);
  const taken = take(clock);
  await clock.advance(90_000);
  expect(taken()).toBe("waits");
  const gone = new Promise((resolve) => other.once("exit", resolve));
  other.kill("SIGKILL");
  await gone;
  await clock.advance(2_000);
  expect(taken()).not.toBeInstanceOf(Error);
  expect(typeof (taken() as Disposable)[Symbol.dispose]).toBe("function");
});

test("one that never ends is waited for no longer than it may take, and not when told to stop", async () => {
  const clock = new VirtualClock();
  writeFileSync(join(folder, "guard.ending"), `${other.pid}\n`);
  const taken = take(clock);
  await clock.advance(155_000);
  expect(taken()).toBeInstanceOf(OtherGuardError);

  const stopping = new AbortController();
  const second = take(clock, stopping.signal);
  await clock.advance(5_000);
  stopping.abort();
  await clock.advance(1_000);
  expect(second()).toBeInstanceOf(OtherGuardError);
});

test("what an earlier guard said of itself does not hold for this one", async () => {
  const clock = new VirtualClock();
  sayGuardEnds(folder);
  const taken = take(clock);
  await clock.advance(10);
  expect(taken()).toBeInstanceOf(OtherGuardError);
});
