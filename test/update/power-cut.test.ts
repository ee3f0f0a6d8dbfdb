/** Power fails before every single operation of an update, and of a return: what comes after is always a machine that starts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acceptUpdate } from "../../firmware/update/accept-update.ts";
import { activate, goBack, settle } from "../../firmware/update/activate.ts";
import { type SlotDisk, slotDisk } from "../../firmware/update/slot-disk.ts";
import { readSlots, readTreeManifest } from "../../firmware/update/slots.ts";
import { stageUpdate } from "../../firmware/update/stage.ts";
import { openUpdate } from "../../firmware/update/update-source.ts";
import { FailingDisk, PowerCut } from "./failing-disk.ts";
import { installedShells, ScratchMachine, SETTINGS, sha256 } from "./scratch-machine.ts";

const [[, shell] = ["", []]] = installedShells();
const CONFIG_BEFORE = '{"version": 1, "name": "of the version before"}';

async function install(machine: ScratchMachine, disk: SlotDisk): Promise<void> {
  using source = openUpdate(machine.putUpdate({ version: "0.3.0", behaviour: "healthy-and-ends" }));
  const options = { allowDowngrade: false, nodeVersion: "20.11.0", configVersion: 1 };
  const name = acceptUpdate(source.header, readSlots(machine.root), options);
  await stageUpdate(source, name, readSlots(machine.root), disk);
  const { configFile } = machine;
  activate({ name, configFile, before: null }, readSlots(machine.root), disk);
}

/** 0.2.0 runs, and has settled; leftovers of an earlier update lie about. */
function settledMachine(): ScratchMachine {
  const machine = new ScratchMachine("ends");
  machine.putTree("versions/0.2.0-00000000", "0.2.0", "ends");
  machine.putTree("versions/0.1.9-00000000", "0.1.9", "ends");
  machine.putFiles(join(machine.paths.versions, ".part-0.3.0-00000000"), { "asicd.js": "half" });
  machine.putFiles(machine.paths.settingsBefore("versions/0.2.0-00000000"), {
    "0": CONFIG_BEFORE,
    "0.path": `${machine.configFile}\n`,
  });
  machine.putBoot({ run: "versions/0.2.0-00000000", previous: "base" });
  return machine;
}

/** Every file of the version that would run is what its manifest says. */
function expectWhole(machine: ScratchMachine, name: string): void {
  const folder = join(machine.paths.home, name);
  for (const [path, hash] of Object.entries(readTreeManifest(folder)?.files ?? { missing: "" }))
    expect(sha256(readFileSync(join(folder, path)))).toBe(hash);
}

async function cut(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    return true;
  }
}

describe.for([
  ["the disk keeps the order of what it was told", false],
  ["the disk loses what was not synced", true],
] as const)("when %s", { concurrent: true }, ([, isLazy]) => {
  test("an update that is cut off anywhere leaves the old version or the new one", {
    timeout: 300_000,
  }, async ({ expect }) => {
    const ran = new Set<string>();
    let cuts = 0;
    for (let wasCut = true; wasCut; cuts++) {
      using machine = settledMachine();
      const disk = new FailingDisk(cuts);
      wasCut = await cut(() => install(machine, disk));
      if (isLazy) disk.loseUnsynced();
      expectWhole(machine, readSlots(machine.root).current.name);
      expect((await machine.launch(shell)).code).toBe(0);
      const version = machine.log.at(-1)?.split(" ")[0] ?? "";
      ran.add(version);
      expect(["0.2.0", "0.3.0"]).toContain(version);
      expect(machine.settings).toBe(SETTINGS);
      // The next try is not in the way of the one that was cut off.
      if (version === "0.2.0") await install(machine, slotDisk);
      else
        expect(machine.boot).toMatchObject({
          state: "settled",
          previous: "versions/0.2.0-00000000",
        });
    }
    expect(cuts).toBeGreaterThan(40);
    expect([...ran].sort()).toEqual(["0.2.0", "0.3.0"]);
  });

  test("so does a trial that settles, and a return by hand", { timeout: 300_000 }, async ({
    expect,
  }) => {
    for (let cuts = 0, wasCut = true; wasCut; cuts++) {
      using machine = settledMachine();
      machine.putTree("versions/0.3.0-00000000", "0.3.0", "ends");
      machine.putBoot({
        run: "versions/0.3.0-00000000",
        previous: "versions/0.2.0-00000000",
        state: "trial",
        attempts: 1,
      });
      const disk = new FailingDisk(cuts);
      wasCut = await cut(() => settle(readSlots(machine.root), "well", disk));
      if (isLazy) disk.loseUnsynced();
      expect(["trial", "settled"]).toContain(machine.boot?.state);
    }
    for (let cuts = 0, wasCut = true; wasCut; cuts++) {
      using machine = settledMachine();
      const disk = new FailingDisk(cuts);
      wasCut = await cut(() => goBack(readSlots(machine.root), "asked", disk));
      if (isLazy) disk.loseUnsynced();
      expect((await machine.launch(shell)).code).toBe(0);
      const version = machine.log.at(-1)?.split(" ")[0];
      // Settings and version belong together.
      expect([`0.2.0 ${SETTINGS}`, `0.1.0 ${CONFIG_BEFORE}`]).toContain(
        `${version} ${machine.settings}`,
      );
    }
  });
});

test("a return by the launcher that is cut off anywhere ends with the version before and its settings", {
  timeout: 300_000,
}, async () => {
  let cuts = 0;
  for (let wasCut = true; wasCut; cuts++) {
    using machine = settledMachine();
    machine.putBoot({
      run: "versions/0.2.0-00000000",
      previous: "versions/0.1.9-00000000",
      state: "trial",
      attempts: 3,
    });
    writeFileSync(machine.configFile, "of the version that failed");
    wasCut = await launchWithPowerUntil(machine, cuts);
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log.at(-1)).toBe("0.1.9 run");
    expect(machine.settings).toBe(CONFIG_BEFORE);
    expect(readFileSync(`${machine.configFile}.newer`, "utf8")).toBe("of the version that failed");
    expect(machine.boot?.state).toBe("returned");
  }
  expect(cuts).toBeGreaterThan(10);
});

/** The launcher's own mv, cp, rm and sync kill it before the one that is counted. Resolves to whether they did. */
async function launchWithPowerUntil(machine: ScratchMachine, operations: number): Promise<boolean> {
  const folder = join(machine.root, "shims");
  mkdirSync(folder);
  writeFileSync(join(machine.root, "left"), `${operations}\n`);
  for (const name of ["mv", "cp", "rm", "sync"])
    writeFileSync(
      join(folder, name),
      `#!/bin/sh
read -r left <"$ASICD_ROOT/left"
if [ "$left" -eq 0 ]; then : >"$ASICD_ROOT/cut"; kill -9 "$PPID"; exit 1; fi
echo $((left - 1)) >"$ASICD_ROOT/left"
PATH=\${PATH#*:}
exec ${name} "$@"
`,
      { mode: 0o755 },
    );
  const child = spawn("dash", [machine.paths.launcher, "run"], {
    env: machine.environment({ PATH: `${folder}:${process.env["PATH"]}` }),
    stdio: "ignore",
  });
  await once(child, "exit");
  return existsSync(join(machine.root, "cut"));
}
