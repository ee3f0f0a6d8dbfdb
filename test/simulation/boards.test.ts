/** Every declared machine: it is recognised without power, and simulated as a whole it mines. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detectMachine } from "../../boards/detect.ts";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { machines } from "../../boards/machines.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { probeFacts } from "../../firmware/probe-facts.ts";
import { Plant } from "../../simulator/plant/plant.ts";
import { servePorts } from "../../simulator/ports/port-server.ts";
import { connectMachine } from "../../simulator/ports/remote-machine.ts";
import { kill, pause, refusals, simulate, startProgram, turns } from "./process-rig.ts";

/** ASICD_LONG=1: every machine, at its own clock, for a minute; some 20 minutes in all. */
const isLong = process.env["ASICD_LONG"] === "1";
/** One of each control board and of each family of chips, where test/simulation/guard-processes.test.ts has none. */
const SHORT_LIST = [
  "s19j-pro-bb",
  "s19j-pro-cv",
  "s19-xp",
  "s21",
  "bitaxe-max",
  "emberone",
  "pi-uart",
];
const inTurn = turns(2);

describe("asicd simulate --board", () => {
  const wanted = machines.filter(({ id }) => isLong || SHORT_LIST.includes(id));

  test.concurrent.each(wanted.map((spec) => [spec.id, spec] as const))(
    "%s: every chip is found, and mines",
    { timeout: isLong ? 1_800_000 : 300_000 },
    (_, spec) => inTurn(() => mineAWhile(spec)),
  );

  test("what was asked for was there", () => {
    expect(wanted.length).toBe(isLong ? machines.length : SHORT_LIST.length);
  });
});

async function mineAWhile(spec: MachineSpec): Promise<void> {
  const chips = spec.chains.map(({ chain }) => chain.chipCount);
  const few = chips.length === 1 && (chips[0] ?? 0) < 20;
  await using machine = simulate(spec.id, spec.chains.length, [
    ...["--shares-per-minute", "240", ...(isLong ? ["--duration", "60"] : ["--frequency", "60"])],
    // A single chip at its usual difficulty reports once in a second or two.
    ...(few ? ["--ticket-difficulty", "16"] : []),
  ]);
  if (!isLong) {
    await machine.allHash();
    await machine.until("shares are accepted", () => machine.sharesSince(0) >= 3);
    // Until the word of it has come back.
    await pause(1_500);
    kill(machine.pid, "SIGTERM");
  }
  expect(await machine.ended(), `${spec.id}:\n${machine.stderr()}`).toBe(0);
  const report = machine.report();
  const found = report.chains.map(({ chipsFound, phase }) => ({ chipsFound, phase }));
  expect(found, spec.id).toEqual(chips.map((count) => ({ chipsFound: count, phase: "hashing" })));
  expect(report.hardwareErrors, spec.id).toBe(0);
  expect(refusals(report), spec.id).toEqual([]);
  expect(report.nonces, spec.id).toBeGreaterThan(0);
  expect(report.accepted, spec.id).toBeGreaterThan(0);
  expect(report.machine, spec.id).toMatchObject({ board: spec.id, simulated: true });
  const record = machine.record();
  expect(record.filter(({ what }) => what === "eeprom-write")).toEqual([]);
  // Nobody turned the fans off, and everything else is off.
  expect([machine.hasPower(), machine.hashes()], spec.id).toEqual([false, false]);
}

describe("asicd probe", () => {
  test.each(machines.map((spec) => [spec.id, spec] as const))(
    "names %s on that machine, through the ports of the world, and writes nothing",
    async (_, spec) => {
      const folder = mkdtempSync(join(tmpdir(), "asicd-test-"));
      try {
        const clock = new SystemClock();
        const chains = spec.chains.map(() => withoutChips);
        using plant = new Plant({ spec, chains, clock, seed: 1 });
        const socket = join(folder, "ports.sock");
        await using _ports = await servePorts(plant.machine, socket);
        const machine = await connectMachine(socket, clock, plant.machine.openUart);
        const { matched, ambiguous, refused } = detectMachine(await probeFacts(machine));
        expect({ id: matched?.id, ambiguous, refused }).toEqual({
          id: spec.id,
          ambiguous: false,
          refused: null,
        });
        // Fans that nobody drives turn by themselves; all else would be our doing.
        expect(plant.record.entries.filter(({ what }) => what !== "fans")).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  test("asicd simulate --probe shows it", async () => {
    expect(await probe("simulate", "--board", "s21-pro", "--probe", "--json")).toMatchObject({
      board: "s21-pro",
      name: "Antminer S21 Pro",
      ambiguous: false,
    });
  });

  test("a memory that cannot be read is no other memory", async () => {
    const fault = ["--fault", "0s eeprom-garbage chain=0"];
    const { board, facts } = await probe(
      "simulate",
      "--board",
      "s21",
      "--probe",
      "--json",
      ...fault,
    );
    expect(board).toBe("s21");
    expect(facts.eeproms[0]?.identity).toMatchObject({
      boardName: null,
      format: expect.stringMatching(/^unreadable/),
    });
  });

  test("on this computer it says that there is none", async () => {
    expect(await probe("probe", "--json")).toMatchObject({
      board: null,
      refused: null,
      ambiguous: false,
    });
  });
});

interface Probed {
  readonly board: string | null;
  readonly facts: { readonly eeproms: readonly { readonly identity: unknown }[] };
}

async function probe(...args: readonly string[]): Promise<Probed> {
  await using program = startProgram(...args);
  expect(await program.ended()).toBe(0);
  return JSON.parse(program.stdout()) as Probed;
}

const withoutChips = {
  activeMHz: 0,
  setPower() {},
  setReset() {},
  setChipTemperatureC() {},
  addFault() {},
  removeFault() {},
};
