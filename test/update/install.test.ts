/** `asicd update` on a machine in a folder: what is taken, what is refused, and what is left behind. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../firmware/cli/command.ts";
import { runProgram } from "../../firmware/cli/program.ts";
import { acceptUpdate } from "../../firmware/update/accept-update.ts";
import { type SlotDisk, slotDisk } from "../../firmware/update/slot-disk.ts";
import { readSlots } from "../../firmware/update/slots.ts";
import { stageUpdate } from "../../firmware/update/stage.ts";
import { updateCommand } from "../../firmware/update/update-command.ts";
import { lockUpdates } from "../../firmware/update/update-lock.ts";
import { openUpdate } from "../../firmware/update/update-source.ts";
import { formatKey, publicKeyOf } from "../../src/update/release-key.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import {
  archiveOf,
  type Files,
  installedShells,
  manifestOf,
  OTHER_KEY,
  program,
  ScratchMachine,
  SETTINGS,
  treeFiles,
  type updateFile,
} from "./scratch-machine.ts";

async function update(machine: ScratchMachine, ...words: string[]) {
  const said = { stdout: "", stderr: "" };
  const context: CommandContext = {
    stdout(text) {
      said.stdout += text;
    },
    stderr(text) {
      said.stderr += text;
    },
    isTerminal: false,
    terminalSize: () => ({ columns: 80, rows: 24 }),
    signal: new AbortController().signal,
    env: {
      ASICD_ROOT: machine.root,
      ASICD_CONFIG: machine.configFile,
      ASICD_SOCKET: join(machine.root, "no.sock"),
    },
  };
  const asicd = {
    version: "0.1.0",
    commands: [updateCommand],
    loadMoreCommands: () => Promise.resolve([]),
  };
  const code = await runProgram(asicd, ["update", ...words], context);
  return { code, ...said };
}

function versions(machine: ScratchMachine): string[] {
  return existsSync(machine.paths.versions) ? readdirSync(machine.paths.versions) : [];
}

const [[, shell] = ["", []]] = installedShells();

describe("a good update", () => {
  test("is laid beside, started on trial, and stays", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0", behaviour: "healthy-and-ends" });
    const { code, stdout } = await update(machine, file, "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("on trial");
    expect(stdout).toContain("from its next start on");
    expect(machine.boot).toMatchObject({ previous: "base", state: "trial", attempts: 0 });
    await machine.launch(shell);
    expect(machine.boot?.state).toBe("settled");
    expect(machine.log).toEqual(["0.2.0 run trial"]);
    expect(machine.settings).toBe(SETTINGS);
    const status = JSON.parse((await update(machine, "--status", "--json")).stdout);
    expect(status).toMatchObject({
      current: { version: "0.2.0" },
      previous: { version: "0.1.0" },
      state: "settled",
      returned: null,
    });
  });

  test("changes nothing with --check, and nothing without --yes where nobody can be asked", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0", manifest: { notes: "Better fans" } });
    const checked = await update(machine, file, "--check");
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain("asicd 0.2.0 for x64, in place of 0.1.0");
    expect(checked.stdout).toContain("Better fans");
    expect((await update(machine, file)).code).toBe(1);
    expect(versions(machine)).toEqual([]);
    expect(machine.boot).toBeUndefined();
  });

  test("waits when it is only staged, until it is activated", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0" });
    const staged = JSON.parse(
      (await update(machine, file, "--yes", "--stage-only", "--json")).stdout,
    );
    expect(staged).toMatchObject({ is: "staged", version: "0.2.0" });
    expect(machine.boot).toBeUndefined();
    expect((await update(machine, "--activate", staged.name)).code).toBe(0);
    expect(machine.boot).toMatchObject({ run: staged.name, state: "trial" });
  });

  test("goes back by hand, with the settings of before, after it had settled", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0", behaviour: "healthy-and-ends" });
    await update(machine, file, "--yes");
    await machine.launch(shell);
    writeFileSync(machine.configFile, '{"version": 1, "name": "second"}');
    expect((await update(machine, "--return")).code).toBe(0);
    await machine.launch(shell);
    expect(machine.log.at(-1)).toBe("0.1.0 run");
    expect(machine.settings).toBe(SETTINGS);
    expect(readFileSync(`${machine.configFile}.newer`, "utf8")).toContain("second");
    expect((await update(machine, "--return")).stderr).toContain("no version before");
  });

  test("may be confirmed by hand before it has proven itself", async () => {
    using machine = new ScratchMachine();
    await update(machine, machine.putUpdate({ version: "0.2.0" }), "--yes");
    expect((await update(machine, "--confirm")).code).toBe(0);
    expect(machine.boot?.state).toBe("settled");
    expect((await update(machine, "--confirm")).stderr).toContain("no version is on trial");
  });

  test("leaves the version before it and the package's, and no older ones", async () => {
    using machine = new ScratchMachine();
    for (const version of ["0.2.0", "0.3.0", "0.4.0"]) {
      await update(machine, machine.putUpdate({ version, behaviour: "healthy-and-ends" }), "--yes");
      await machine.launch(shell);
    }
    // 0.2.0 goes when the next one comes.
    await update(machine, machine.putUpdate({ version: "0.5.0" }), "--yes");
    expect(
      versions(machine)
        .map((name) => name.slice(0, 5))
        .sort(),
    ).toEqual(["0.3.0", "0.4.0", "0.5.0"]);
  });

  test("by a key that the operator added is taken", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0", key: OTHER_KEY });
    expect((await update(machine, file, "--check")).stderr).toContain(
      "no key that this machine trusts",
    );
    mkdirSync(machine.paths.keys, { recursive: true });
    writeFileSync(join(machine.paths.keys, "mine.pub"), formatKey(publicKeyOf(OTHER_KEY), "mine"));
    expect((await update(machine, file, "--check")).code).toBe(0);
    writeFileSync(join(machine.paths.keys, "broken.pub"), "?");
    expect((await update(machine, file, "--check")).stderr).toContain(
      "broken.pub: is no ed25519 key",
    );
  });
});

const withoutManifest: Files = { "asicd.js": program("0.2.0", "healthy") };
const good = treeFiles("0.2.0", "healthy");

/** As `tarOf` has no such thing. */
function archiveWith(change: (header: Buffer) => void): Uint8Array {
  const archive = Buffer.from(archiveOf(good));
  change(archive.subarray(0, 512));
  archive.write(" ".repeat(8), 148, "latin1");
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return gzipSync(archive);
}
const named = (name: string) =>
  archiveWith((header) => {
    header.fill(0, 0, 100);
    header.write(name, 0, "latin1");
  });

describe("is refused, and nothing is left behind:", () => {
  test.for<[what: string, wish: Parameters<typeof updateFile>[0], code: string]>([
    ["one that nobody trusted has signed", { version: "0.2.0", key: OTHER_KEY }, "bad-signature"],
    ["one for another target", { version: "0.2.0", manifest: { target: "armv7" } }, "wrong-target"],
    ["an older version", { version: "0.0.9" }, "wrong-version"],
    ["the same version", { version: "0.1.0" }, "wrong-version"],
    ["one for a newer Node", { version: "0.2.0", manifest: { minimumNode: "99.0.0" } }, "old-node"],
    [
      "one that does not take these settings",
      { version: "0.2.0", manifest: { minimumConfigVersion: 2, configVersion: 2 } },
      "settings",
    ],
    [
      "one whose payload is cut short",
      { version: "0.2.0", manifest: { bytes: 1_000_000 } },
      "damaged",
    ],
    [
      "one with another payload than was signed",
      { version: "0.2.0", manifest: { sha256: "00".repeat(32) } },
      "damaged",
    ],
    [
      "a payload that is no archive",
      { version: "0.2.0", payload: new Uint8Array(5_000).fill(1) },
      "damaged",
    ],
    [
      "one that is larger than it says",
      { version: "0.2.0", manifest: { unpackedBytes: 10 } },
      "damaged",
    ],
    [
      "a file that was changed after its manifest",
      { version: "0.2.0", files: { ...good, "asicd.js": "changed" } },
      "damaged",
    ],
    [
      "a file that is in no manifest",
      { version: "0.2.0", files: { ...good, more: "x" } },
      "damaged",
    ],
    [
      "a missing file",
      {
        version: "0.2.0",
        files: { "asicd.js": good["asicd.js"] ?? "", "manifest.json": good["manifest.json"] ?? "" },
      },
      "damaged",
    ],
    ["a missing manifest", { version: "0.2.0", files: withoutManifest }, "damaged"],
    [
      "a manifest of another version",
      {
        version: "0.2.0",
        files: { ...withoutManifest, "manifest.json": manifestOf("0.3.0", withoutManifest) },
      },
      "damaged",
    ],
    [
      "a manifest of another target",
      {
        version: "0.2.0",
        files: {
          ...withoutManifest,
          "manifest.json": manifestOf("0.2.0", withoutManifest, "arm64"),
        },
      },
      "damaged",
    ],
    [
      "no program",
      { version: "0.2.0", files: { x: "1", "manifest.json": manifestOf("0.2.0", { x: "1" }) } },
      "damaged",
    ],
    [
      "a path that leads up",
      {
        version: "0.2.0",
        payload: named("../../../etc/passwd"),
        manifest: { unpackedBytes: 100_000 },
      },
      "damaged",
    ],
    [
      "a path within that leads up",
      { version: "0.2.0", payload: named("ui/../../x"), manifest: { unpackedBytes: 100_000 } },
      "damaged",
    ],
    [
      "an absolute path",
      { version: "0.2.0", payload: named("/etc/passwd"), manifest: { unpackedBytes: 100_000 } },
      "damaged",
    ],
    [
      "a link",
      {
        version: "0.2.0",
        payload: archiveWith((header) => header.write("2", 156)),
        manifest: { unpackedBytes: 100_000 },
      },
      "damaged",
    ],
    [
      "a hard link",
      {
        version: "0.2.0",
        payload: archiveWith((header) => header.write("1", 156)),
        manifest: { unpackedBytes: 100_000 },
      },
      "damaged",
    ],
    [
      "a device",
      {
        version: "0.2.0",
        payload: archiveWith((header) => header.write("3", 156)),
        manifest: { unpackedBytes: 100_000 },
      },
      "damaged",
    ],
    [
      "a version that does not start here",
      { version: "0.2.0", files: bad("process.exit(1)") },
      "not-fit",
    ],
    [
      "a version that calls itself otherwise",
      { version: "0.2.0", files: bad('console.log("asicd 9")') },
      "not-fit",
    ],
  ])("%s", async ([, wish, code]) => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate(wish);
    const { code: exitCode, stdout } = await update(machine, file, "--yes", "--json");
    expect(JSON.parse(stdout).error.code).toBe(code);
    expect(exitCode).toBe(1);
    expect(versions(machine)).toEqual([]);
    expect(machine.boot).toBeUndefined();
    expect(existsSync(machine.paths.lock)).toBe(false);
    expect((await machine.launch(shell)).code).toBe(0);
  });

  test("a version that does not take the settings in force", async () => {
    using machine = new ScratchMachine();
    writeFileSync(machine.configFile, '{"version": 1, "name": "unfit 0.2.0"}');
    const { stderr, code } = await update(
      machine,
      machine.putUpdate({ version: "0.2.0" }),
      "--yes",
    );
    expect(code).toBe(2);
    expect(stderr).toContain("the new version: run: ends with 2");
    expect(versions(machine)).toEqual([]);
  });

  test("another file, a folder, a link, and none", async () => {
    using machine = new ScratchMachine();
    const link = join(machine.root, "link");
    symlinkSync(machine.putUpdate({ version: "0.2.0" }), link);
    for (const [file, why] of [
      [machine.configFile, "is no update of asicd"],
      [machine.root, "is no file"],
      [link, "is a link"],
      ["/nowhere.update", "cannot be read (ENOENT)"],
    ] as const)
      expect((await update(machine, file, "--yes")).stderr).toContain(why);
  });

  test("an asicd that was not installed with a launcher", async () => {
    using machine = new ScratchMachine();
    chmodSync(machine.paths.launcher, 0o644);
    const file = machine.putUpdate({ version: "0.2.0" });
    const elsewhere = { ...machine, root: join(machine.root, "etc") } as ScratchMachine;
    const { stdout } = await update(elsewhere, file, "--yes", "--json");
    expect(JSON.parse(stdout).error.code).toBe("no-slots");
  });
});

function bad(source: string): Files {
  const files = { "asicd.js": source };
  return { ...files, "manifest.json": manifestOf("0.2.0", files) };
}

test("an older version is taken when that is wanted", async () => {
  using machine = new ScratchMachine();
  const file = machine.putUpdate({ version: "0.0.9", behaviour: "healthy-and-ends" });
  expect((await update(machine, file, "--yes", "--allow-downgrade")).code).toBe(0);
  await machine.launch(shell);
  expect(machine.log).toEqual(["0.0.9 run trial"]);
});

test("while one is on trial no other one is taken", async () => {
  using machine = new ScratchMachine();
  await update(machine, machine.putUpdate({ version: "0.2.0" }), "--yes");
  const { stderr } = await update(machine, machine.putUpdate({ version: "0.3.0" }), "--yes");
  expect(stderr).toContain("is on trial");
});

describe("two updates at once", () => {
  test("are one too many", async () => {
    using machine = new ScratchMachine();
    const file = machine.putUpdate({ version: "0.2.0" });
    {
      using _lock = lockUpdates(machine.paths.lock);
      expect((await update(machine, file, "--yes")).stderr).toContain("another one is at work");
      expect((await update(machine, "--return")).stderr).toContain(`process ${process.pid}`);
    }
    expect((await update(machine, file, "--yes")).code).toBe(0);
    expect(readdirSync(dirname(machine.paths.lock))).toEqual([]);
  });

  test.for<[what: string, text: string]>([
    ["a process that is dead", "4194305 17\n"],
    // Numbers of processes come again, the more so after a restart.
    ["a process whose number another one has now", `${process.pid} 17\n`],
    ["nobody can say whom", ""],
  ])("are not, when one is of %s", async ([, text]) => {
    using machine = new ScratchMachine();
    mkdirSync(dirname(machine.paths.lock), { recursive: true });
    writeFileSync(machine.paths.lock, text);
    expect((await update(machine, machine.putUpdate({ version: "0.2.0" }), "--yes")).code).toBe(0);
    expect(readdirSync(dirname(machine.paths.lock))).toEqual([]);
  });

  test("and none is left over by a machine that restarts: the lock is not on its flash", () => {
    using machine = new ScratchMachine();
    expect(machine.paths.lock).toBe(join(machine.root, "var/run/asicd-update.lock"));
  });
});

test("a return also takes back what the settings were last merged with", async () => {
  using machine = new ScratchMachine();
  writeFileSync(`${machine.configFile}.uci`, "merged before");
  const file = machine.putUpdate({ version: "0.2.0", behaviour: "healthy-and-ends" });
  await update(machine, file, "--yes");
  await machine.launch(shell);
  writeFileSync(`${machine.configFile}.uci`, "merged by 0.2.0");
  await update(machine, "--return");
  await machine.launch(shell);
  expect(readFileSync(`${machine.configFile}.uci`, "utf8")).toBe("merged before");
});

describe("a full disk", () => {
  async function stagedWith(machine: ScratchMachine, disk: SlotDisk): Promise<string | undefined> {
    using source = openUpdate(machine.putUpdate({ version: "0.9.0" }));
    const slots = readSlots(machine.root);
    const options = { allowDowngrade: false, nodeVersion: "20.11.0", configVersion: 1 };
    const name = acceptUpdate(source.header, slots, options);
    try {
      await stageUpdate(source, name, slots, disk);
      return undefined;
    } catch (error) {
      return error instanceof UpdateError ? error.code : String(error);
    }
  }

  test("is told before anything is written", async () => {
    using machine = new ScratchMachine();
    const disk: SlotDisk = {
      ...slotDisk,
      freeBytes: () => 1_000_000,
      create: () => {
        throw new Error("written");
      },
    };
    expect(await stagedWith(machine, disk)).toBe("disk-full");
  });

  test("that fills while it is written leaves nothing behind", async () => {
    using machine = new ScratchMachine();
    let left = 2_000;
    const disk: SlotDisk = {
      ...slotDisk,
      create(path, mode) {
        const file = slotDisk.create(path, mode);
        return {
          ...file,
          write(bytes) {
            left -= bytes.length;
            if (left < 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
            file.write(bytes);
          },
        };
      },
    };
    expect(await stagedWith(machine, disk)).toBe("disk-full");
    expect(versions(machine)).toEqual([]);
    expect((await machine.launch(shell)).code).toBe(0);
  });

  test("gives up the version before the one that runs, if that is what it takes", async () => {
    using machine = new ScratchMachine();
    machine.putTree("versions/0.2.0-00000000", "0.2.0", "ends");
    machine.putTree("versions/0.3.0-00000000", "0.3.0", "ends");
    machine.putBoot({ run: "versions/0.3.0-00000000", previous: "versions/0.2.0-00000000" });
    const disk: SlotDisk = {
      ...slotDisk,
      freeBytes: () => (versions(machine).includes("0.2.0-00000000") ? 0 : 1e9),
    };
    expect(await stagedWith(machine, disk)).toBeUndefined();
    expect(versions(machine)).toContain("0.3.0-00000000");
  });
});

describe("an image of the whole system", () => {
  const trailer = Buffer.concat([Buffer.alloc(600, 1), Buffer.from("FWx0"), Buffer.alloc(12)]);
  const archive = archiveOf({ "sysupgrade-sabrelite/CONTROL": "BOARD=x" });

  test.for([
    ["with fwtool's trailer", trailer],
    ["as an archive", archive],
  ] as const)("%s goes to sysupgrade, and only with --yes", async ([, bytes]) => {
    using machine = new ScratchMachine();
    const file = join(machine.root, "image.bin");
    writeFileSync(file, bytes);
    expect((await update(machine, file, "--yes")).stderr).toContain("this system has no");
    mkdirSync(dirname(machine.paths.sysupgrade), { recursive: true });
    writeFileSync(machine.paths.sysupgrade, `#!/bin/sh\necho "$@" >> ${machine.root}/log\n`, {
      mode: 0o755,
    });
    expect((await update(machine, file)).code).toBe(1);
    expect(machine.log).toEqual([`-T ${file}`]);
    expect((await update(machine, file, "--yes")).code).toBe(0);
    expect(machine.log.slice(1)).toEqual([`-T ${file}`, file]);
    writeFileSync(machine.paths.sysupgrade, "#!/bin/sh\nexit 3\n");
    expect((await update(machine, file, "--yes")).stderr).toContain("does not take it");
  });

  test.for([
    ["with fwtool's trailer", trailer],
    ["as an archive", archive],
    ["that begins like an update", Buffer.concat([Buffer.from("asicd-update 1\n{}\n\n"), trailer])],
  ] as const)("%s is never installed for the page: nobody has signed it", async ([, bytes]) => {
    using machine = new ScratchMachine();
    const file = join(machine.root, "received.update");
    writeFileSync(file, bytes);
    mkdirSync(dirname(machine.paths.sysupgrade), { recursive: true });
    writeFileSync(machine.paths.sysupgrade, `#!/bin/sh\necho "$@" >> ${machine.root}/log\n`, {
      mode: 0o755,
    });
    const { code, stdout } = await update(machine, file, "--yes", "--stage-only", "--json");
    expect(code).toBe(1);
    expect(["not-an-update", "damaged"]).toContain(JSON.parse(stdout).error.code);
    expect(machine.log).toEqual([]);
    expect(versions(machine)).toEqual([]);
  });
});
