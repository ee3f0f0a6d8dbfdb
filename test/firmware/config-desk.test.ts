import { beforeEach, describe, expect, test } from "vitest";
import { configurableChips, parseJsonc } from "../../firmware/cli/config-file.ts";
import { SettingsDesk, type SettingsDeskParts } from "../../firmware/config-desk.ts";
import { memoryConfigStore, openConfigStore } from "../../firmware/config-store.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { ConfigResult } from "../../src/api/device.ts";
import { maskSecrets } from "../../src/api/mask-secrets.ts";
import { loadConfig } from "../../src/config/load.ts";
import { checkAgainst } from "../../src/config/problems.ts";
import { configSchema } from "../../src/config/schema.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { CrashingFolder, type Disk } from "./crashing-folder.ts";

const one = { url: "stratum+tcp://one.example:1", user: "me", password: "planted" };
const two = { url: "stratum+tcp://two.example:1", user: "me" };
const start = { version: 1, pools: [one, two] };
const TEXT = `{
  // the rig in the cellar
  "version": 1,
  "pools": [
    { "url": "${one.url}", "user": "me", "password": "planted" }, // main
    { "url": "${two.url}", "user": "me" }
  ]
}
`;

let clock: VirtualClock;
let taken: string[];
beforeEach(() => {
  clock = new VirtualClock();
  taken = [];
});

function parts(over: Partial<SettingsDeskParts> = {}): SettingsDeskParts {
  return {
    store: memoryConfigStore(start),
    clock,
    chips: configurableChips,
    apply: (loaded) => void taken.push(`${loaded.name} ${loaded.paused} ${loaded.api.listen}`),
    ...over,
  };
}
const desk = (over: Partial<SettingsDeskParts> = {}) => new SettingsDesk(parts(over));

const diskOf = (text: string): Disk => new Map([["asicd.jsonc", new TextEncoder().encode(text)]]);
const fileOn = (disk: Disk) => new TextDecoder().decode(disk.get("asicd.jsonc"));

/** A program's life over a folder. */
async function life(folder: CrashingFolder) {
  const check = (text: string) => loadConfig(parseJsonc(text), configurableChips);
  return desk({ store: await openConfigStore(folder, "asicd.jsonc", check) });
}

function applied(result: ConfigResult) {
  if (result.is !== "applied") throw new Error(JSON.stringify(result));
  return result;
}
const set = (path: string, value: unknown) => [{ path, value }];
const LISTEN = set("api.listen", ["127.0.0.1:8080"]);

describe("a change", () => {
  test("is checked, saved with its comments around it, and taken into use", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    const views: unknown[] = [];
    settings.onChange((view) => views.push(view));
    const result = await settings.apply(set("name", "cellar"));
    expect(result).toEqual({
      is: "applied",
      differences: [{ path: "name", before: "asicd", after: "cellar", restart: "operator" }],
      confirmByUnixSeconds: null,
    });
    expect(taken).toEqual(["cellar false 0.0.0.0:80"]);
    expect(views).toEqual([settings.view()]);
    expect(fileOn(folder.disk)).toContain("// the rig in the cellar");
    expect(fileOn(folder.disk)).toContain("// main");
    expect((await life(new CrashingFolder(folder.disk))).loaded.name).toBe("cellar");
  });

  test("back to a default leaves the file: it says only what differs", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    await settings.apply(set("compat.cgminer.read", ["all"]));
    expect(settings.view().sparse).toEqual({ ...start, compat: { cgminer: { read: ["all"] } } });
    await settings.apply(set("compat.cgminer.read", ["private"]));
    await settings.apply(set("paused", true));
    await settings.apply(set("paused", null));
    expect(settings.view().sparse).toEqual(start);
    expect(parseJsonc(fileOn(folder.disk))).toEqual(start);
    expect(settings.loaded.paused).toBe(false);
  });

  test("that does not load changes nothing, and every problem is told at once", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    const writes = folder.writes;
    const result = await settings.apply([
      { path: "nmae", value: "x" },
      { path: "pools[0].url", value: "nonsense" },
      { path: "compat.cgminer.read", value: ["1.2.3"] },
    ]);
    expect(result.is === "invalid" && result.problems.map(({ path }) => path)).toEqual([
      "nmae",
      "pools[0].url",
      "compat.cgminer.read[0]",
    ]);
    const paths = await settings.apply([
      { path: "a..b", value: 1 },
      { path: "pools[9]", value: 1 },
    ]);
    expect(paths.is === "invalid" && paths.problems).toHaveLength(2);
    expect([folder.writes - writes, taken, settings.view().sparse]).toEqual([0, [], start]);
  });

  test("that the machine does not allow is told like any other", async () => {
    const problems = [{ path: "machine.limits.chip", problem: "too hot" }];
    const settings = desk({
      check: ({ machine }) => {
        if (machine?.limits !== undefined) throw new ConfigError(problems);
      },
    });
    const limits = { chip: { targetC: 60, hotC: 70, dangerousC: 80 } };
    expect(await settings.apply(set("machine.limits", limits))).toEqual({
      is: "invalid",
      problems,
    });
  });

  test("that cannot be saved changes nothing, and says so", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    folder.failure = new Error("ENOSPC: no space left on device");
    for (const change of [set("paused", true), LISTEN])
      expect(await settings.apply(change)).toEqual({
        is: "refused",
        code: "not-saved",
        text: expect.stringContaining("(ENOSPC: no space left on device); nothing has changed"),
      });
    expect([taken, settings.view().sparse, fileOn(folder.disk)]).toEqual([[], start, TEXT]);
    expect(settings.view().confirmByUnixSeconds).toBeNull();
  });

  test("with a masked secret keeps the stored one, also when the pool moves", async () => {
    const settings = desk();
    const [a, b] = (maskSecrets(settings.view().sparse) as typeof start).pools;
    const result = applied(await settings.apply(set("pools", [b, a])));
    expect(result.differences).toEqual([
      { path: "pools", before: [one.url, two.url], after: [two.url, one.url], restart: "pools" },
    ]);
    expect(settings.view().sparse).toEqual({ ...start, pools: [two, one] });
    expect(JSON.stringify(result)).not.toContain("planted");
  });

  test("of what needs a restart is remembered until it is taken back", async () => {
    const settings = desk();
    await settings.apply(set("log.level", "debug"));
    expect(settings.view().waitsForRestart).toEqual(["log.level"]);
    await settings.apply(set("log.level", null));
    expect(settings.view().waitsForRestart).toEqual([]);
  });

  test("is previewed without being kept", async () => {
    const settings = desk();
    const result = applied(
      await settings.preview([...LISTEN, { path: "pools[0].password", value: "x2" }]),
    );
    expect(result.confirmByUnixSeconds).toBe(clock.unixSeconds() + 60);
    expect(result.differences.map(({ path, after }) => [path, after])).toEqual([
      ["pools[0].password", "…"],
      ["api.listen", ["127.0.0.1:8080"]],
    ]);
    expect([taken, settings.view().sparse, clock.pendingTimers]).toEqual([[], start, 0]);
  });

  test("waits for the one before it; too many at once are refused", async () => {
    const settings = desk();
    const names = Array.from({ length: 40 }, (_, i) => `rig${i}`);
    const results = await Promise.all(names.map((name) => settings.apply(set("name", name))));
    expect(results.filter(({ is }) => is === "applied")).toHaveLength(32);
    expect(results.at(-1)).toMatchObject({ is: "refused", code: "busy" });
    expect(settings.loaded.name).toBe("rig31");
    expect((await settings.apply(set("name", "last"))).is).toBe("applied");
  });
});

test("what is effective is what the schema allows, with every default", async () => {
  const { value, problems } = checkAgainst(configSchema, start);
  expect(problems).toEqual([]);
  expect(desk().view().effective).toEqual(value);
});

describe("a whole configuration", () => {
  test("takes the place of the present one, sparse again", async () => {
    const settings = desk();
    await settings.apply(set("name", "rig"));
    const effective = maskSecrets(settings.view().effective) as object;
    expect(applied(await settings.replace(effective)).differences).toEqual([]);
    expect(settings.view().sparse).toEqual({ ...start, name: "rig" });
    await settings.replace({ version: 1, pool: two });
    expect(settings.view().sparse).toEqual({ version: 1, pool: two });
    expect(settings.loaded.name).toBe("asicd");
  });

  test.each([[null], [[]], ["text"], [{ version: 2 }], [{ version: 1 }], [nested(5_000)]])(
    "that is none is refused with a problem",
    async (value) => {
      expect(await desk().replace(value)).toMatchObject({ is: "invalid" });
      expect((await desk().apply(set("pools", value))).is).toMatch(/invalid/);
    },
  );

  test("may lack pools where they are given later", async () => {
    const settings = desk({ store: memoryConfigStore({ version: 1 }), mayLackPools: true });
    expect(settings.loaded.pools).toBeUndefined();
    await settings.apply(set("pools", [two]));
    expect(settings.loaded.pools).toHaveLength(1);
  });
});

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe("a change that could cut the operator off", () => {
  test("is in force at once and goes back by itself after 60 s", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    const result = applied(await settings.apply(LISTEN));
    expect(result.confirmByUnixSeconds).toBe(clock.unixSeconds() + 60);
    expect(settings.view().confirmByUnixSeconds).toBe(clock.unixSeconds() + 60);
    expect(fileOn(folder.disk)).toBe(TEXT);
    await clock.advance(59_999);
    expect(settings.loaded.api.listen).toEqual(["127.0.0.1:8080"]);
    await clock.advance(1);
    expect(settings.loaded.api.listen).toEqual(["0.0.0.0:80"]);
    expect(settings.view().confirmByUnixSeconds).toBeNull();
    expect(taken).toEqual(["asicd false 127.0.0.1:8080", "asicd false 0.0.0.0:80"]);
    expect(await settings.confirm()).toMatchObject({ is: "refused", code: "nothing-to-confirm" });
    expect(clock.pendingTimers).toBe(0);
  });

  test("stays when somebody confirms it", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    await settings.apply(LISTEN);
    await clock.advance(59_000);
    expect(await settings.confirm()).toMatchObject({ is: "done" });
    await clock.advance(600_000);
    expect(settings.loaded.api.listen).toEqual(["127.0.0.1:8080"]);
    expect((await life(new CrashingFolder(folder.disk))).loaded.api.listen).toEqual([
      "127.0.0.1:8080",
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("is on trial over a restart for what is left of the time, whatever the clock says", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const first = await life(folder);
    await first.apply(LISTEN);
    first[Symbol.dispose]();
    await clock.advance(20_000);
    const second = await life(new CrashingFolder(folder.disk));
    expect(second.loaded.api.listen).toEqual(["127.0.0.1:8080"]);
    await clock.advance(39_000);
    expect(second.view().confirmByUnixSeconds).not.toBeNull();
    await clock.advance(1_000);
    expect(second.loaded.api.listen).toEqual(["0.0.0.0:80"]);
    const third = await life(new CrashingFolder(folder.disk));
    expect(third.loaded.api.listen).toEqual(["0.0.0.0:80"]);
  });

  test("is on trial for no longer than that on a clock that was set back", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    await clock.advance(3_600_000);
    (await life(folder).then((desk) => desk.apply(LISTEN).then(() => desk)))[Symbol.dispose]();
    clock = new VirtualClock();
    const early = await life(new CrashingFolder(folder.disk));
    expect(early.view().confirmByUnixSeconds).toBe(clock.unixSeconds() + 60);
    await clock.advance(60_000);
    expect(early.loaded.api.listen).toEqual(["0.0.0.0:80"]);
  });

  test("goes back at once when asked, and the time begins anew with another one", async () => {
    const settings = desk();
    await settings.apply(LISTEN);
    await clock.advance(40_000);
    await settings.apply(set("api.hosts", ["rig.example"]));
    await clock.advance(40_000);
    expect(settings.loaded.api).toMatchObject({
      hosts: ["rig.example"],
      listen: ["127.0.0.1:8080"],
    });
    expect(applied(await settings.revert()).differences.map(({ path }) => path)).toEqual([
      "api.listen",
      "api.hosts",
    ]);
    expect(settings.view().sparse).toEqual(start);
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not take with it what else was changed meanwhile", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    await settings.apply(LISTEN);
    const result = applied(await settings.apply(set("paused", true)));
    expect(result.confirmByUnixSeconds).not.toBeNull();
    expect(parseJsonc(fileOn(folder.disk))).toEqual({ ...start, paused: true });
    expect(await settings.replace(start)).toMatchObject({ is: "refused", code: "unconfirmed" });
    const restarted = await life(new CrashingFolder(folder.disk));
    expect(restarted.loaded).toMatchObject({ paused: true, api: { listen: ["127.0.0.1:8080"] } });
    await clock.advance(60_000);
    expect(settings.loaded).toMatchObject({ paused: true, api: { listen: ["0.0.0.0:80"] } });
  });

  test("goes back however many changes wait in line for a slow disk", async () => {
    const slow = { ...memoryConfigStore(start), save: () => clock.sleep(100_000) };
    const settings = desk({ store: slow });
    await settings.apply(LISTEN);
    const waiting = [true, ...Array(40).fill(false)].map((paused) =>
      settings.apply(set("paused", paused)),
    );
    await clock.advance(60_000);
    expect(settings.view().confirmByUnixSeconds).not.toBeNull();
    await clock.advance(10_000_000);
    expect((await Promise.all(waiting)).some((one) => one.is === "refused")).toBe(true);
    expect(settings.loaded.api.listen).toEqual(["0.0.0.0:80"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a revert", () => {
  test("goes back one step, and forth again, over a restart and with the comments", async () => {
    const folder = new CrashingFolder(diskOf(TEXT));
    const settings = await life(folder);
    expect(await settings.revert()).toMatchObject({ is: "refused", code: "nothing-to-revert" });
    await settings.apply(set("pools", [two]));
    await settings.apply(set("name", "rig"));
    const restarted = await life(new CrashingFolder(folder.disk));
    expect(applied(await restarted.revert()).differences).toEqual([
      { path: "name", before: "rig", after: "asicd", restart: "operator" },
    ]);
    expect(restarted.view().sparse).toEqual({ version: 1, pools: [two] });
    await restarted.revert();
    expect(restarted.loaded.name).toBe("rig");
    await settings.apply(set("name", null));
    await settings.apply(set("pools", [one, two]));
    expect(settings.view().sparse).toEqual(start);
  });

  test("of the way to the page is on trial, too", async () => {
    const settings = desk();
    await settings.apply(LISTEN);
    await settings.confirm();
    expect(applied(await settings.revert()).confirmByUnixSeconds).not.toBeNull();
    await clock.advance(60_000);
    expect(settings.loaded.api.listen).toEqual(["127.0.0.1:8080"]);
  });
});

test("a reset is at once, without trial, and nothing of what was stays anywhere", async () => {
  const folder = new CrashingFolder(diskOf(TEXT));
  const settings = await life(folder);
  await settings.apply(LISTEN);
  await settings.confirm();
  await settings.apply(set("api.hosts", ["a"]));
  expect(applied(await settings.reset({ version: 1, pool: two })).confirmByUnixSeconds).toBeNull();
  expect(settings.view().sparse).toEqual({ version: 1, pool: two });
  for (const content of folder.disk.values())
    expect(new TextDecoder().decode(content)).not.toMatch(/planted|cellar/);
  expect(clock.pendingTimers).toBe(0);
  // Until asicd has started again nobody sets up the machine that comes then.
  for (const late of [
    await settings.apply(set("pools", [one])),
    await settings.replace(start),
    await settings.revert(),
    await settings.confirm(),
  ])
    expect(late).toMatchObject({ is: "refused", code: "restarting" });
  expect(settings.view().sparse).toEqual({ version: 1, pool: two });
});

test("what no disk takes can be held in force, and the next change that is saved has it", async () => {
  let isFull = true;
  const save = async () => {
    if (isFull) throw new Error("ENOSPC");
  };
  const settings = desk({ store: { ...memoryConfigStore(start), save } });
  expect(await settings.apply(set("paused", true))).toMatchObject({ code: "not-saved" });
  expect(settings.loaded.paused).toBe(false);
  applied(await settings.hold(set("paused", true)));
  expect(settings.loaded.paused).toBe(true);
  isFull = false;
  applied(await settings.apply(set("name", "rig")));
  expect(settings.view().sparse).toMatchObject({ paused: true, name: "rig" });
});
