/**
 * Real processes and real signals: whatever is done to the miner or to the guard, power goes away in time and mining comes
 * back by itself. The referee is what the simulated world, a process of its own, wrote down; never a log of asicd's.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BLOCK_SIGNAL } from "../../simulator/blocked-loop.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import {
  isAlive,
  kill,
  pause,
  refusals,
  type Simulation,
  simulate,
  turns,
  until,
} from "./process-rig.ts";

/** A low clock is reached sooner; chains come up within some 20 s all the same. */
const FAST = ["--frequency", "60", "--shares-per-minute", "240"];
/** A single chip with the ticket of a whole machine reports every nine seconds. */
const OFTEN = ["--ticket-difficulty", "16"];
const inTurn = turns(3);
/** What the world needs to write down what it was told; and its own clock's resolution. */
const TOLERANCE_MS = 500;
const LONG_MS = 300_000;

describe.concurrent("power goes off within 2 s, and mining comes back, when the miner's process", () => {
  test("is stopped, killed, or blocked", { timeout: LONG_MS }, () =>
    inTurn(async () => {
      await using machine = simulate("s21-pro", 3, FAST);
      await machine.allHash();
      for (const signal of ["SIGSTOP", "SIGKILL", BLOCK_SIGNAL] as const) {
        const miner = machine.mustHave("simulated-miner");
        const signalledMs = Date.now();
        kill(miner, signal);
        const { offMs, lateMs } = await machine.powerOff(5_000);
        expect(offMs, signal).toBeGreaterThan(signalledMs);
        // The guard does not hold its own lateness against the miner: what a busy machine costs is not counted here either.
        expect(offMs - signalledMs, `${signal}, ${lateMs} ms late`).toBeLessThanOrEqual(
          2_000 + lateMs,
        );
        await minesAgain(machine, signalledMs);
        expect(isAlive(miner), signal).toBe(false);
      }
      const events = readEvents(machine);
      const report = await machine.end();
      expect(report.hardwareErrors).toBe(0);
      expect(refusals(report)).toEqual([]);
      expect(report.accepted).toBeGreaterThan(0);
      expect(report.machine?.minerProcess.restarts).toBe(3);
      for (const told of [events, report.machine?.events ?? []]) {
        const silences = told.filter(({ rule }) => rule === "miner-silent");
        expect(silences.length).toBe(6);
        for (const event of silences)
          expect(event).toMatchObject({
            what: "trip",
            limit: 1_500,
            reason: expect.stringContaining("no sign of life"),
          });
        const restarts = told.filter(({ what }) => what === "miner-restart");
        expect(restarts.map(({ reason }) => reason)).toEqual([
          expect.stringMatching(/^no sign of life for \d\.\d s$/),
          "the miner ended by itself: killed by SIGKILL",
          expect.stringMatching(/^no sign of life for \d\.\d s$/),
        ]);
      }
    }),
  );
});

describe.concurrent("when the guard's process is killed", () => {
  test.each([
    { board: "s19j-pro", chains: 3, backstopMs: 10_000, protection: /10 s/ },
    { board: "s21-pro", chains: 3, backstopMs: 15_000, protection: /15 s/ },
  ])(
    "$board: a new guard first switches off; without one its backstop does",
    { timeout: LONG_MS },
    ({ board, chains, backstopMs, protection }) =>
      inTurn(async () => {
        await using machine = simulate(board, chains, FAST);
        await machine.allHash();

        const firstMs = await killGuard(machine);
        const first = await machine.powerOff(backstopMs);
        expect(first.offMs - firstMs).toBeLessThan(backstopMs / 4 + first.lateMs);
        await minesAgain(machine, firstMs);

        kill(machine.pid, "SIGSTOP");
        const secondMs = await killGuard(machine);
        const second = await machine.powerOff(backstopMs + 5_000);
        const offMs = second.offMs - secondMs;
        expect(offMs).toBeLessThanOrEqual(backstopMs + TOLERANCE_MS);
        // Nobody else could have done it: it took its time.
        expect(offMs).toBeGreaterThan(backstopMs / 2);
        kill(machine.pid, "SIGCONT");
        await machine.until(
          "there is a guard again",
          () => machine.pidOf("simulated-guard") !== undefined,
        );
        await minesAgain(machine, secondMs);

        const report = await machine.end();
        expect(report.accepted).toBeGreaterThan(0);
        expect(report.machine?.boards.map((one) => one.protection)).toEqual(
          Array(chains).fill("protected"),
        );
        expect(report.machine?.boards[0]?.protectionReason).toMatch(protection);
        expectDeathInEvents(machine, report.machine?.events ?? [], 2);
      }),
  );

  test(
    "bitaxe-gamma: it was said to be blind, and only a new guard switches off",
    {
      timeout: LONG_MS,
    },
    () =>
      inTurn(async () => {
        await using machine = simulate("bitaxe-gamma", 1, [...FAST, ...OFTEN]);
        await machine.allHash();

        kill(machine.pid, "SIGSTOP");
        const killedMs = await killGuard(machine);
        await pause(3_000);
        expect(machine.hasPower()).toBe(true);
        kill(machine.pid, "SIGCONT");
        const continuedMs = Date.now();
        const { offMs, lateMs } = await machine.powerOff(10_000);
        expect(offMs - continuedMs).toBeLessThan(3_000 + lateMs);
        await minesAgain(machine, killedMs);

        const report = await machine.end();
        expect(report.machine?.boards[0]).toMatchObject({
          protection: "blind",
          protectionReason: expect.stringContaining("guard death: blind"),
        });
        expectDeathInEvents(machine, report.machine?.events ?? [], 1);
      }),
  );
});

test.concurrent(
  "a fault script does such things too, and a disk that is full meanwhile loses no event",
  {
    timeout: LONG_MS,
  },
  () =>
    inTurn(async () => {
      await using machine = simulate("bitaxe-gamma", 1, [
        ...[...FAST, "--duration", "34"],
        ...["--fault", "15s..21s disk-full", "--fault", "15s miner-blocked seconds=1"],
        ...["--fault", "19s miner-killed", "--fault", "32s guard-killed"],
        ...["--fault", "34s clock-stepped seconds=86400"],
      ]);
      expect(await machine.ended(), machine.stderr()).toBe(0);
      const switchedMs = machine
        .record()
        .flatMap((line) => (line.what === "power" && line.chain === 0 ? [line.atMs] : []));
      // On; off and on around each death; off in the end. The moment of blindness changed nothing.
      expect(switchedMs).toHaveLength(6);
      expect(switchedMs[1]).toBeGreaterThan(19_000);
      expect(switchedMs[1]).toBeLessThan(21_000);
      expect(switchedMs[3]).toBeGreaterThan(32_000);
      expect(switchedMs[3]).toBeLessThan(35_000);
      const events = readEvents(machine);
      const one = (what: string) => events.filter((event) => event.what === what);
      expect(one("trip")).toEqual([]);
      expect(one("miner-restart")).toMatchObject([{ measured: "killed by SIGKILL" }]);
      expect(one("guard-start").map(({ rule }) => rule)).toEqual(["start", "guard-died"]);
      const kept = readdirSync(machine.stateDir);
      expect(kept.filter((name) => name.startsWith("events"))).toEqual(["events.jsonl"]);
      expect(machine.stderr()).toContain("this machine's clock is left alone");
    }),
);

/** The miner must notice, quiet the chips and go. Returns when the guard was killed, Unix ms. */
async function killGuard(machine: Simulation): Promise<number> {
  const miner = machine.mustHave("simulated-miner");
  const guard = machine.mustHave("simulated-guard");
  const killedMs = Date.now();
  kill(guard, "SIGKILL");
  await machine.until("no chip hashes", () => !machine.hashes(), 2_000);
  const quietMs = machine.lastMs("hashing");
  expect(quietMs - killedMs).toBeLessThan(1_000);
  await until("the miner has ended by itself", () => !isAlive(miner), 5_000);
  return killedMs;
}

/** By the record: power again, all chains hashing, and shares that the pool took, all after that moment. */
async function minesAgain(machine: Simulation, unixMs: number): Promise<void> {
  await machine.allHash();
  expect(machine.lastMs("power")).toBeGreaterThan(unixMs);
  const hashingMs = machine.lastMs("hashing");
  expect(hashingMs).toBeGreaterThan(unixMs);
  await machine.until("shares are accepted again", () => machine.sharesSince(hashingMs) > 0);
}

function readEvents({ stateDir }: Simulation): readonly MachineEvent[] {
  const args = ["dist/asicd.js", "events", "--json", "--state-dir", stateDir];
  return execFileSync(process.execPath, args, { encoding: "utf8" })
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as MachineEvent);
}

function expectDeathInEvents(
  machine: Simulation,
  shown: readonly MachineEvent[],
  deaths: number,
): void {
  const of = (events: readonly MachineEvent[]) =>
    events.filter(({ rule }) => rule === "guard-died");
  expect(of(readEvents(machine))).toHaveLength(deaths);
  expect(of(shown)).toMatchObject([
    {
      what: "guard-start",
      action: "power off, fans full",
      reason: "an earlier guard ended without switching the machine off in order",
    },
  ]);
}
