import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { machineById } from "../../boards/machines.ts";
import { checkChangedSettings, checkMachineSettings } from "../../firmware/machine-check.ts";
import { machineSettings } from "../../firmware/machine-settings.ts";
import { deviceFacts } from "../../firmware/operator/device-facts.ts";
import { freeAddresses } from "../../firmware/operator/free-addresses.ts";
import { serviceUser } from "../../firmware/service-user.ts";
import { siRate } from "../../src/api/si.ts";

describe("the account that needs no root", () => {
  const isRoot = process.getuid?.() === 0;

  test.runIf(isRoot).each([
    [
      "is found by its name",
      "root:x:0:0::/:\nasicd:x:812:813:miner:/:/bin/false\n",
      { uid: 812, gid: 813 },
    ],
    ["is not somebody of a similar name", "asicdx:x:812:813::/:\n", undefined],
    ["is never root by another name", "asicd:x:0:813::/:\n", undefined],
    ["is nothing where the line is damaged", "asicd:x\n", undefined],
  ])("%s", (_, text, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "asicd-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "passwd");
    writeFileSync(file, text);
    expect(serviceUser(file)).toEqual(expected);
  });

  test("is nothing where there is no such file", () => {
    expect(serviceUser("/nowhere/passwd")).toBeUndefined();
  });
});

test("a simulation moves from a port that is taken, and from no other", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  expect(await freeAddresses([`127.0.0.1:${port}`, "127.0.0.1:0"])).toEqual([
    "127.0.0.1:0",
    "127.0.0.1:0",
  ]);
});

describe("a rate for people has four digits at any size", () => {
  test.each([
    [0, "0 H/s"],
    [999.9, "999.9 H/s"],
    [999.96, "1.000 kH/s"],
    [1_424_000, "1.424 MH/s"],
    [98.214e12, "98.21 TH/s"],
    [104e12, "104.0 TH/s"],
    [5e21, "5000.0 EH/s"],
  ])("%d is %s", (rate, text) => {
    expect(siRate(rate)).toBe(text);
  });
});

describe("a persona is what the hardware is", () => {
  test.each([
    ["s19j-pro", "antminer"],
    ["bitaxe-gamma", "axeos"],
    ["emberone", "none"],
  ])("%s: %s", (board, persona) => {
    const spec = machineById(board);
    if (spec === undefined) throw new Error(`no ${board}`);
    const facts = deviceFacts({
      spec,
      uarts: [],
      simulated: true,
      scale: 1,
    });
    expect(facts.persona).toBe(persona);
    expect(facts.boards.length).toBe(spec.chains.length);
  });
});

describe("the guard's settings", () => {
  test("are automatic fans and nothing else by default", () => {
    expect(machineSettings({ paused: false })).toEqual({
      fans: { mode: "auto" },
      paused: false,
    });
  });

  test("take a voltage only with the name of the board that it is meant for", () => {
    const machine = { voltageV: 13.8, fans: { mode: "auto" }, experimental: false } as const;
    expect(machineSettings({ machine, paused: true })).not.toHaveProperty("voltageV");
    expect(
      machineSettings({ machine: { ...machine, board: "s19j-pro" }, paused: true }),
    ).toMatchObject({ voltageV: 13.8, paused: true });
  });
});

test("settings beyond the machine are refused, all of them at once", () => {
  const spec = machineById("s19j-pro");
  if (spec === undefined) throw new Error("no s19j-pro");
  const hot = { targetC: 100, hotC: 105, dangerousC: 110 };
  const machine = { frequencyMHz: 900, limits: { board: hot } } as const;
  const check = () =>
    checkMachineSettings(spec, {
      machine: { ...machine, fans: { mode: "auto" }, experimental: false },
    });
  expect(check).toThrow(
    /machine\.limits\.board[\s\S]*machine\.frequencyMHz: 900 MHz is out of bounds/,
  );
});

describe("over page and API", () => {
  const spec = machineById("s19j-pro");
  if (spec === undefined) throw new Error("no s19j-pro");
  const paths = { stateDir: "/var/lib/asicd", runtimeDir: "/var/run/asicd" };
  const fans = { mode: "auto" } as const;
  const running = { paths, machine: { board: "s19j-pro", fans, experimental: false } };

  test("folders and the kind of the machine stay what the file says", () => {
    const changed = {
      paths: { ...paths, stateDir: "/etc" },
      machine: { ...running.machine, board: "bitaxe-gamma" },
    };
    expect(() => checkChangedSettings(spec, running, changed)).toThrow(
      /paths: can be changed in the configuration file only[\s\S]*machine\.board: bitaxe-gamma is not the machine that runs/,
    );
  });

  test("a name may be taken back, as it may have been wrong; and what was set meanwhile can be changed", () => {
    const nameless = { paths, machine: { fans, experimental: false } };
    expect(() => checkChangedSettings(spec, running, nameless)).not.toThrow();
    expect(() =>
      checkChangedSettings(spec, running, {
        paths,
        machine: { ...nameless.machine, frequencyMHz: 400 },
      }),
    ).not.toThrow();
  });

  test("the machine that was detected may be named", () => {
    const detected = { paths, machine: { fans, experimental: false } };
    expect(() => checkChangedSettings(spec, detected, running)).not.toThrow();
    expect(() => checkChangedSettings(spec, running, running)).not.toThrow();
  });
});
