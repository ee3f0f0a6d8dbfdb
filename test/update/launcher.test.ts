/** The launcher, run by real shells over versions of a few lines. */
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import type { BootState, TreeName } from "../../src/update/boot-state.ts";
import { type Behaviour, installedShells, ScratchMachine, SETTINGS } from "./scratch-machine.ts";

const NEW: TreeName = "versions/0.2.0-0a1b2c3d";

/** The package's version runs, and 0.2.0 has been activated. */
function onTrial(behaviour: Behaviour, boot: Partial<BootState> = {}): ScratchMachine {
  const machine = new ScratchMachine();
  machine.putTree(NEW, "0.2.0", behaviour);
  machine.putBoot({ run: NEW, state: "trial", ...boot });
  const kept = machine.paths.settingsBefore(NEW);
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, "0"), SETTINGS, { mode: 0o600 });
  writeFileSync(join(kept, "0.path"), `${machine.configFile}\n`);
  writeFileSync(join(kept, "1.path"), `${machine.configFile}.kept\n`);
  return machine;
}

describe.for(installedShells())("by %s", { concurrent: true }, ([, shell]) => {
  test("without a boot file, or with a damaged one, the package's version runs", async ({
    expect,
  }) => {
    using machine = new ScratchMachine();
    expect((await machine.launch(shell, ["run", "--config", "x y"])).code).toBe(0);
    writeFileSync(machine.paths.boot, "asicd-boot 1\nrun versions/0.2.0-0a1b2c3d\n");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run --config x y", "0.1.0 run"]);
  });

  test("a version on trial that reports itself healthy stays, and needs no launcher from then on", async ({
    expect,
  }) => {
    using machine = onTrial("healthy-and-ends");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.boot).toMatchObject({ run: NEW, previous: "base", state: "settled" });
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.2.0 run trial", "0.2.0 run"]);
    expect(machine.settings).toBe(SETTINGS);
  });

  test("a version that crashes at its start is tried three times, then the one before runs", async ({
    expect,
  }) => {
    using machine = onTrial("crashes");
    const { code, stderr } = await machine.launch(shell);
    expect(code).toBe(0);
    expect(machine.log).toEqual([...Array(3).fill("0.2.0 run trial"), "0.1.0 run"]);
    expect(machine.boot).toMatchObject({
      run: "base",
      previous: NEW,
      state: "returned",
      reason: "it ended 3 times before it was healthy, at last with exit code 3",
    });
    expect(stderr).toContain("goes back to base");
  });

  test("what a failed version made of the settings is kept beside those of before", async ({
    expect,
  }) => {
    using machine = onTrial("migrates-and-crashes");
    writeFileSync(`${machine.configFile}.kept`, "of the new version");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.settings).toBe(SETTINGS);
    expect(statSync(machine.configFile).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(`${machine.configFile}.newer`, "utf8"))).toEqual({
      version: 2,
      by: "0.2.0",
    });
    // There was none before.
    expect(existsSync(`${machine.configFile}.kept`)).toBe(false);
    expect(readFileSync(`${machine.configFile}.kept.newer`, "utf8")).toBe("of the new version");
  });

  test("a version that hangs and ignores signals is killed, and the one before runs", async ({
    expect,
  }) => {
    using machine = onTrial("hangs");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.2.0 run trial", "0.1.0 run"]);
    expect(machine.boot).toMatchObject({
      state: "returned",
      reason: "it did not report itself healthy within 2 s",
    });
  });

  test("a version that runs and never says that it is healthy goes back", async ({ expect }) => {
    using machine = onTrial("never-healthy");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.2.0 run trial", "0.1.0 run"]);
  });

  test("a version that chooses to go back goes back at once, with its reason", async ({
    expect,
  }) => {
    using machine = onTrial("gives-up");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.2.0 run trial", "0.1.0 run"]);
    expect(machine.boot).toMatchObject({ run: "base", state: "returned", reason: "it gave up" });
  });

  test("power cuts count as attempts: after three starts it is over", async ({ expect }) => {
    using machine = onTrial("never-healthy", { attempts: 3 });
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run"]);
    expect(machine.boot?.reason).toBe("it was started 3 times and never reported itself healthy");
  });

  test("a return that was cut off is finished at the next start", async ({ expect }) => {
    using machine = onTrial("healthy", { run: "base", previous: NEW, state: "restoring" });
    writeFileSync(machine.configFile, "of the new version");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.settings).toBe(SETTINGS);
    expect(machine.boot?.state).toBe("returned");
  });

  test.for(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s reaches the version on trial, whose exit code is told",
    async (signal, { expect }) => {
      using machine = onTrial("never-healthy");
      machine.putFiles(machine.paths.tree(NEW), {
        "asicd.js": `const fs = require("node:fs");
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => { fs.writeFileSync(process.env.ASICD_ROOT + "/heard", name); process.exit(9); });
setInterval(() => {}, 1000);
fs.writeFileSync(process.env.ASICD_ROOT + "/ready", "");`,
      });
      const launcher = machine.start(shell);
      await until(() => existsSync(join(machine.root, "ready")));
      launcher.kill(signal);
      const [code] = await once(launcher, "exit");
      expect(code).toBe(9);
      expect(readFileSync(join(machine.root, "heard"), "utf8")).toBe(signal);
      expect(machine.boot).toMatchObject({ state: "trial", attempts: 1 });
    },
  );

  test("a version that settled is waited for, however long it runs", async ({ expect }) => {
    using machine = onTrial("healthy");
    const launcher = machine.start(shell);
    await until(() => machine.boot?.state === "settled");
    // Beyond its deadline.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(launcher.exitCode).toBeNull();
    launcher.kill("SIGTERM");
    expect((await once(launcher, "exit"))[0]).toBe(9);
    expect(machine.boot?.state).toBe("settled");
  });

  test.for(["asicd.js", "manifest.json"])(
    "a version on trial without its %s is not started",
    async (missing, { expect }) => {
      using machine = onTrial("healthy");
      rmSync(join(machine.paths.tree(NEW), missing));
      expect((await machine.launch(shell)).code).toBe(0);
      expect(machine.log).toEqual(["0.1.0 run"]);
      expect(machine.boot).toMatchObject({ state: "returned", reason: "its files are damaged" });
    },
  );

  test("a settled version that was damaged gives way to the one before, then to the package's", async ({
    expect,
  }) => {
    using machine = onTrial("healthy-and-ends");
    machine.putTree("versions/0.1.5-00000000", "0.1.5", "ends");
    machine.putBoot({ run: NEW, previous: "versions/0.1.5-00000000" });
    writeFileSync(join(machine.paths.tree(NEW), "asicd.js"), "");
    expect((await machine.launch(shell, ["--which"])).stdout).toBe("versions/0.1.5-00000000\n");
    rmSync(machine.paths.tree("versions/0.1.5-00000000"), { recursive: true });
    expect((await machine.launch(shell, ["--which"])).stdout).toBe("base\n");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run"]);
  });

  test("a version whose starts cannot be counted is not tried", async ({ expect }) => {
    using machine = onTrial("crashes");
    mkdirSync(`${machine.paths.boot}.new`);
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run"]);
    expect(machine.boot?.state).toBe("trial");
  });

  // Debian's busybox uses its own mv and rm, whatever PATH says.
  describe.skipIf(shell.length > 1)("where its starts cannot be counted", () => {
    /** Replacing the boot file fails while `isFull` is there; a disk that cannot be written keeps what is to be removed. */
    function shims(machine: ScratchMachine, isFull: string, canRemove: boolean) {
      const folder = join(machine.root, "shims");
      const shim = (name: string, fails: string) => `#!/bin/sh
if ${fails}; then exit 1; fi
PATH=\${PATH#*:}
exec ${name} "$@"
`;
      machine.putFiles(folder, {
        mv: shim("mv", `[ -e "${isFull}" ]`),
        rm: shim("rm", `[ -e "${isFull}" ] && ${!canRemove}`),
      });
      for (const name of ["mv", "rm"]) chmodSync(join(folder, name), 0o755);
      return { PATH: `${folder}:${process.env["PATH"]}` };
    }

    test.for([0, 1])(
      "for want of room it goes back for good, and says why, after %i starts",
      async (attempts, { expect }) => {
        using machine = onTrial("crashes", { attempts });
        const env = shims(machine, machine.paths.tree(NEW), true);
        for (let start = 0; start < 3; start++)
          expect((await machine.launch(shell, ["run"], env)).code).toBe(0);
        expect(machine.log).toEqual(Array(3).fill("0.1.0 run"));
        expect(machine.boot).toEqual({
          run: "base",
          previous: NEW,
          state: "returned",
          attempts: 0,
          reason: "its starts cannot be counted: the boot file cannot be written",
        });
        expect(existsSync(machine.paths.tree(NEW))).toBe(false);
        expect(machine.settings).toBe(SETTINGS);
      },
    );

    test("and nothing else is sound, its files are not removed", async ({ expect }) => {
      using machine = onTrial("ends", { attempts: 1 });
      writeFileSync(join(machine.paths.tree("base"), "manifest.json"), "");
      const env = shims(machine, machine.paths.tree(NEW), true);
      expect((await machine.launch(shell, ["run"], env)).code).toBe(0);
      expect(machine.log).toEqual(["0.2.0 run"]);
    });

    test("on a disk that cannot be written each start says so, and it waits for the first one that can count", async ({
      expect,
    }) => {
      using machine = onTrial("healthy-and-ends", { attempts: 1 });
      const isReadOnly = join(machine.root, "read-only");
      writeFileSync(isReadOnly, "");
      const env = shims(machine, isReadOnly, false);
      for (let start = 0; start < 4; start++) {
        const { code, stderr } = await machine.launch(shell, ["run"], env);
        expect(code).toBe(0);
        expect(stderr).toContain(`${NEW} goes back to base: its starts cannot be counted`);
        expect(stderr).toContain("boot cannot be written");
        expect(stderr.split("\n").length).toBeLessThan(6);
      }
      expect(machine.log).toEqual(Array(4).fill("0.1.0 run"));
      expect(machine.boot).toMatchObject({ run: NEW, state: "trial", attempts: 1 });
      rmSync(isReadOnly);
      expect((await machine.launch(shell, ["run"], env)).code).toBe(0);
      expect(machine.log.at(-1)).toBe("0.2.0 run trial");
      expect(machine.boot).toMatchObject({ run: NEW, state: "settled" });
    });
  });

  test("a version that fails stays when there is nothing sound to go back to, and is said to", async ({
    expect,
  }) => {
    using machine = onTrial("migrates-and-crashes");
    writeFileSync(join(machine.paths.tree("base"), "asicd.js"), "");
    for (let start = 0; start < 2; start++) {
      const { code, stderr } = await machine.launch(shell);
      expect(code).toBe(3);
      expect(stderr).toContain(`${NEW} stays, though it `);
      expect(stderr).toContain("there is no sound version to go back to");
    }
    expect(machine.log).toEqual([...Array(3).fill("0.2.0 run trial"), "0.2.0 run", "0.2.0 run"]);
    expect(machine.boot).toMatchObject({ run: NEW, state: "trial", attempts: 3 });
    // They are its own.
    expect(machine.settings).not.toBe(SETTINGS);
  });

  test("a version that chose to go back to one that is damaged runs on rather than none", async ({
    expect,
  }) => {
    using machine = onTrial("ends", { run: "base", previous: NEW, state: "restoring" });
    writeFileSync(join(machine.paths.tree("base"), "asicd.js"), "");
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.2.0 run"]);
  });

  test("nor again, and the version before gets its settings", async ({ expect }) => {
    using machine = onTrial("crashes", { attempts: 1 });
    writeFileSync(machine.configFile, "of the new version");
    mkdirSync(`${machine.paths.boot}.new`);
    expect((await machine.launch(shell)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run"]);
    expect(machine.settings).toBe(SETTINGS);
  });

  test("a return that cannot be written down still ends with the version before", async ({
    expect,
  }) => {
    using machine = onTrial("crashes", { attempts: 3 });
    writeFileSync(machine.configFile, "of the new version");
    mkdirSync(`${machine.paths.boot}.new`);
    expect((await machine.launch(shell, ["run"], {}, 10_000)).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0 run"]);
    expect(machine.settings).toBe(SETTINGS);
  });

  // Debian's busybox uses its own cp, whatever PATH says.
  test.skipIf(shell.length > 1)(
    "on a full disk the settings get the room of the version that failed",
    async ({ expect }) => {
      using machine = onTrial("ends", { run: "base", previous: NEW, state: "restoring" });
      writeFileSync(machine.configFile, "of the new version");
      writeFileSync(`${machine.configFile}.newer`, "of an even older return");
      const shims = join(machine.root, "shims");
      machine.putFiles(shims, {
        cp: `#!/bin/sh
if [ -e "${machine.paths.tree(NEW)}" ] || [ -e "${machine.configFile}.newer" ]; then exit 1; fi
PATH=\${PATH#*:}
exec cp "$@"
`,
      });
      chmodSync(join(shims, "cp"), 0o755);
      const env = { PATH: `${shims}:${process.env["PATH"]}` };
      const { code, stderr } = await machine.launch(shell, ["run"], env);
      expect(code).toBe(0);
      expect(stderr).toContain(`${NEW} is removed`);
      expect(machine.log).toEqual(["0.1.0 run"]);
      expect(machine.settings).toBe(SETTINGS);
      expect(machine.boot?.state).toBe("returned");
    },
  );

  test("other commands, and run --check, are no attempts", async ({ expect }) => {
    using machine = onTrial("ends");
    await machine.launch(shell, ["status"]);
    await machine.launch(shell, ["run", "--check"]);
    await machine.launch(shell, ["run", "--help"]);
    expect((await machine.launch(shell, ["--which"])).stdout).toBe(`${NEW}\n`);
    await machine.launch(shell, ["--base", "update", "--return"]);
    expect(machine.boot).toMatchObject({ state: "trial", attempts: 0 });
    expect(machine.log).toEqual(["0.2.0 status", "0.2.0 run --help", "0.1.0 update --return"]);
  });

  test("whoever stays above asicd starts it again when it asks for that", async ({ expect }) => {
    using machine = new ScratchMachine("again");
    machine.putTree(NEW, "0.2.0", "ends");
    // The one that runs has activated another: its exit code says so.
    machine.putFiles(machine.paths.tree("base"), {
      "asicd.js": `const fs = require("node:fs");
const boot = process.env.ASICD_ROOT + "/usr/lib/asicd/boot";
fs.appendFileSync(process.env.ASICD_ROOT + "/log", "0.1.0\\n");
fs.writeFileSync(boot, "asicd-boot 1\\nrun ${NEW}\\nprevious base\\nstate settled\\nattempts 0\\nreason\\nend\\n");
process.exit(75);`,
    });
    expect((await machine.launch(shell, ["run"], { ASICD_STAY: "1" })).code).toBe(0);
    expect(machine.log).toEqual(["0.1.0", "0.2.0 run"]);
    rmSync(machine.paths.boot);
    // Without it that is left to the init system.
    expect((await machine.launch(shell)).code).toBe(75);
  });

  test("words for Node come from the version, and nothing else does", async ({ expect }) => {
    using machine = new ScratchMachine();
    const program = `require("node:fs").appendFileSync(process.env.ASICD_ROOT + "/log", process.execArgv.join(" ") + "\\n");`;
    machine.putFiles(machine.paths.tree("base"), {
      "asicd.js": program,
      "node-options": "--max-semi-space-size=2 --no-opt\n",
    });
    await machine.launch(shell);
    machine.putFiles(machine.paths.tree("base"), { "node-options": "$(touch /x) --no-opt\n" });
    await machine.launch(shell);
    expect(machine.log[0]).toBe("--max-semi-space-size=2 --no-opt");
    expect(machine.log).toHaveLength(1);
  });

  test("without any Node it says so", async ({ expect }) => {
    using machine = new ScratchMachine();
    chmodSync(machine.paths.launcher, 0o755);
    const { code, stderr } = await machine.launch(shell, ["run"], {
      ASICD_NODE: "/nowhere",
      PATH: "/nowhere",
    });
    expect(stderr).toContain("there is no Node");
    expect(code).toBe(127);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (const from = Date.now(); !isSo(); ) {
    if (Date.now() - from > 20_000) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
