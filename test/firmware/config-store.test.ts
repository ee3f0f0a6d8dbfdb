import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseJsonc } from "../../firmware/cli/config-file.ts";
import {
  type CheckText,
  type ConfigStore,
  openConfigFile,
  openConfigStore,
} from "../../firmware/config-store.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { CrashingFolder, type Disk, untilPowerLoss } from "./crashing-folder.ts";

const text = (name: string, password?: string) =>
  JSON.stringify({
    version: 1,
    name,
    pool: { url: "stratum+tcp://pool.example:1", user: "me", ...(password && { password }) },
  });
const check: CheckText = (one) => loadConfig(parseJsonc(one), []);
const over = (folder: CrashingFolder, checkText: typeof check = check) =>
  openConfigStore(folder, "asicd.jsonc", checkText);
const bytes = (one: string) => new TextEncoder().encode(one);
const diskOf = (one: string): Disk => new Map([["asicd.jsonc", bytes(one)]]);
const nothing = { previous: null, staged: null };

async function settledDisk(): Promise<Disk> {
  const folder = new CrashingFolder(diskOf(text("one")));
  await over(folder);
  return folder.disk;
}

/** What a program finds that starts after the loss of power. */
async function foundOn(disk: Disk, checkText = check): Promise<ConfigStore> {
  const store = await over(new CrashingFolder(disk), checkText);
  expect(store.problems).toEqual([]);
  return store;
}

describe("power that fails at any byte of a save and between any two system calls", () => {
  // Thousands of starts: here a file is sound when it is one of those that were written.
  const small = (name: string) => `{ "version": 1, "name": "${name}" }`;
  const written = ["one", "two", "three"].map(small);
  const isWritten: CheckText = (one) => {
    if (!written.includes(one))
      throw new ConfigError([{ path: "test", problem: "was never written" }]);
  };
  const settled = async () => {
    const folder = new CrashingFolder(diskOf(small("one")));
    await over(folder, isWritten);
    return folder.disk;
  };

  test("leaves the old configuration or the new one, whole, and never none", async () => {
    const disk = await settled();
    let states = 0;
    for (let powerLossAt = 0; ; powerLossAt++) {
      const folder = new CrashingFolder(disk, powerLossAt);
      const store = await over(folder, isWritten);
      const isCut = await untilPowerLoss(() => store.save(small("two")));
      for (const found of folder.disksAfterPowerLoss()) {
        states++;
        const { text: now } = await foundOn(found, isWritten);
        expect(isCut ? [small("one"), small("two")] : [small("two")]).toContain(now);
      }
      if (!isCut) break;
    }
    expect(states).toBeGreaterThan(1_000);
  });

  test("leaves what waits for confirmation, or the configuration before it", async () => {
    const disk = await settled();
    const whole = {
      previous: small("three"),
      staged: { text: small("two"), confirmByUnixSeconds: 1_000 },
    };
    let states = 0;
    for (let powerLossAt = 0; ; powerLossAt++) {
      const folder = new CrashingFolder(disk, powerLossAt);
      const store = await over(folder, isWritten);
      const isCut = await untilPowerLoss(() => store.keep(whole));
      for (const found of folder.disksAfterPowerLoss()) {
        states++;
        const { text: now, kept } = await foundOn(found, isWritten);
        expect(now).toBe(small("one"));
        expect(isCut ? [nothing, whole] : [whole]).toContainEqual(kept);
      }
      if (!isCut) break;
    }
    expect(states).toBeGreaterThan(1_000);
  });

  test("during the start loses nothing either", async () => {
    const disk = diskOf(small("one"));
    for (let powerLossAt = 0; powerLossAt < 100; powerLossAt++) {
      const folder = new CrashingFolder(disk, powerLossAt);
      await untilPowerLoss(async () => void (await over(folder, isWritten)));
      for (const found of folder.disksAfterPowerLoss())
        expect((await foundOn(found, isWritten)).text).toBe(small("one"));
    }
  });
});

describe("a file that is damaged", () => {
  const damages: readonly [string, Uint8Array | undefined][] = [
    ["cut", bytes(text("two").slice(0, 40))],
    ["empty", bytes("")],
    ["no text", new Uint8Array([0xff, 0xfe, 0])],
    ["of a newer format", bytes('{"version": 99}')],
    ["wrong", bytes('{"version": 1, "nmae": "x"}')],
    ["gone", undefined],
    ["zeroed", new Uint8Array(100)],
  ];

  test.each(damages)("(%s) gives way to the last good one, and loudly", async (_, damaged) => {
    const disk = new Map(await settledDisk());
    if (damaged === undefined) disk.delete("asicd.jsonc");
    else disk.set("asicd.jsonc", damaged);
    const folder = new CrashingFolder(disk);
    const store = await over(folder);
    expect(store.text).toBe(text("one"));
    expect(store.problems).toEqual([
      expect.stringContaining("asicd.jsonc cannot be used, and asicd.jsonc.last-good is in force"),
    ]);
    // Looking at it has changed nothing; the next save keeps what somebody may have written by hand.
    expect(folder.disk.get("asicd.jsonc")).toEqual(damaged);
    await store.save(text("three"));
    expect(folder.disk.get("asicd.jsonc.damaged")).toEqual(damaged);
    expect((await foundOn(folder.disk)).text).toBe(text("three"));
  });

  test("without a last good one is an error with every problem", async () => {
    for (const content of ["", '{"version": 1, "nmae": "x"}'])
      await expect(over(new CrashingFolder(diskOf(content)))).rejects.toThrow(ConfigError);
    await expect(over(new CrashingFolder())).rejects.toThrow("does not exist");
  });

  test("and what waits beside it counts only for the file that it was made from", async () => {
    const folder = new CrashingFolder(await settledDisk());
    const store = await over(folder);
    const staged = { text: text("on trial"), confirmByUnixSeconds: 1_000 };
    await store.keep({ previous: text("zero"), staged });
    expect((await foundOn(folder.disk)).kept).toMatchObject({ previous: text("zero"), staged });
    const edited = new Map([...folder.disk, ["asicd.jsonc", bytes(text("by hand"))] as const]);
    expect((await foundOn(edited)).kept).toEqual(nothing);
    for (const broken of [
      "",
      "{}",
      "[]",
      '{"base": 5}',
      JSON.stringify({ base: text("one"), previous: "{" }),
    ])
      expect(
        (await foundOn(new Map([...folder.disk, ["asicd.jsonc.kept", bytes(broken)]]))).kept,
      ).toMatchObject(nothing);
  });
});

describe("a save that fails", () => {
  test("leaves the old configuration, and the next one works", async () => {
    const folder = new CrashingFolder(await settledDisk());
    const store = await over(folder);
    folder.failure = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    await expect(store.save(text("two"))).rejects.toThrow("ENOSPC");
    expect((await foundOn(folder.disk)).text).toBe(text("one"));
    folder.failure = undefined;
    await store.save(text("two"));
    expect((await foundOn(folder.disk)).text).toBe(text("two"));
  });

  test("after the new name was given takes it back", async () => {
    const folder = new CrashingFolder(await settledDisk());
    const store = await over(folder);
    const sync = folder.syncNames.bind(folder);
    let syncs = 0;
    folder.syncNames = () => (++syncs === 1 ? Promise.reject(new Error("EIO")) : sync());
    await expect(store.save(text("two"))).rejects.toThrow("EIO");
    expect((await foundOn(folder.disk)).text).toBe(text("one"));
  });
});

test("a file that somebody changed meanwhile is not written over; a start takes it into use", async () => {
  const folder = new CrashingFolder(await settledDisk());
  const store = await over(folder);
  await folder.write("asicd.jsonc", bytes(text("by hand")));
  await expect(store.save(text("two"))).rejects.toThrow("was changed by somebody else");
  const next = await foundOn(folder.disk);
  expect(next.text).toBe(text("by hand"));
});

test("after a reset no secret is left in any of the files", async () => {
  const folder = new CrashingFolder(diskOf(text("one", "planted-one")));
  const store = await over(folder);
  await store.save(text("two", "planted-two"));
  await store.keep({ previous: text("one", "planted-one"), staged: null });
  const disk = new Map([...folder.disk, ["asicd.jsonc", bytes('{"planted":')] as const]);
  const again = new CrashingFolder(disk);
  const second = await over(again);
  await second.save(text("three", "planted-three"));
  await second.reset(text("fresh"));
  for (const [name, content] of again.disk)
    expect([name, new TextDecoder().decode(content)]).toEqual([
      name,
      expect.not.stringContaining("planted"),
    ]);
  expect((await foundOn(again.disk)).text).toBe(text("fresh"));
});

describe("on a real disk", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "asicd-config-"));
    file = join(folder, "asicd.jsonc");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  test("files with secrets are for their owner alone, others as the file was", async () => {
    writeFileSync(file, text("one"));
    chmodSync(file, 0o640);
    const store = await openConfigFile(file, check);
    await store.save(text("two"));
    expect(modeOf(file)).toBe(0o640);
    await store.save(text("two", "planted"));
    await store.keep({ previous: text("one"), staged: null });
    expect(readdirSync(folder).sort()).toEqual([
      "asicd.jsonc",
      "asicd.jsonc.kept",
      "asicd.jsonc.last-good",
    ]);
    for (const name of readdirSync(folder)) expect(modeOf(join(folder, name))).toBe(0o600);
    await store.save(text("three"));
    expect(modeOf(file)).toBe(0o600);
    expect((await openConfigFile(file, check)).text).toBe(text("three"));
  });

  test("a file behind a link is replaced where it is", async () => {
    writeFileSync(file, text("one"));
    const link = join(folder, "link.jsonc");
    symlinkSync("asicd.jsonc", link);
    await (await openConfigFile(link, check)).save(text("two"));
    expect(readFileSync(file, "utf8")).toBe(text("two"));
    expect(readFileSync(link, "utf8")).toBe(text("two"));
  });

  test("a disk that is really full changes nothing", async () => {
    writeFileSync(file, text("one"));
    const store = await openConfigFile(file, check);
    symlinkSync("/dev/full", join(folder, "asicd.jsonc.new"));
    await expect(store.save(text("two"))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readFileSync(file, "utf8")).toBe(text("one"));
    unlinkSync(join(folder, "asicd.jsonc.new"));
    await store.save(text("two"));
    expect(readFileSync(file, "utf8")).toBe(text("two"));
  });

  test("a file that is not there is an error that names it", async () => {
    await expect(openConfigFile(file, check)).rejects.toThrow("asicd.jsonc: does not exist");
    expect(existsSync(file)).toBe(false);
  });
});
