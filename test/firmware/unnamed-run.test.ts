/** `asicd run` on a machine without a name, as a process: it stays, serves its page, drives nothing, and takes a name. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readMachineFacts } from "../../drivers/linux/machine-facts.ts";
import { writeBoardRecord } from "../../firmware/board-record.ts";
import { configurableChips, parseJsonc } from "../../firmware/cli/config-file.ts";
import { apiClient } from "../../firmware/cli/operator-commands/api-client.ts";
import { SettingsDesk } from "../../firmware/config-desk.ts";
import { openConfigFile } from "../../firmware/config-store.ts";
import { findMachine, type NoMachine } from "../../firmware/find-machine.ts";
import { unnamedFacts } from "../../firmware/operator/device-facts.ts";
import { linuxMachine } from "../../firmware/platform/linux-machine.ts";
import type { AppliedSettings } from "../../firmware/supervise-machine.ts";
import { serveUnnamed } from "../../firmware/unnamed-machine.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { Status } from "../../src/api/status.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Signal } from "../../src/lib/signal.ts";
import { bitaxeOnUsb, fakeTree } from "../drivers/linux/fake-tree.ts";
import { descendantsOf, startProgram, until } from "../simulation/process-rig.ts";

const PASSWORD = "correct horse";

/** A configuration that needs nothing of this computer but a free port. */
function configFile(machine: object, api: object = { listen: ["127.0.0.1:0"] }) {
  const folder = mkdtempSync(join(tmpdir(), "asicd-unnamed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const paths = { stateDir: join(folder, "state"), runtimeDir: join(folder, "run") };
  for (const path of Object.values(paths)) mkdirSync(path);
  const file = join(folder, "asicd.jsonc");
  const compat = { cgminer: { enabled: false } };
  const mdns = { enabled: false };
  writeFileSync(file, JSON.stringify({ version: 1, paths, machine, api, compat, mdns }));
  return { folder, file, paths, socket: join(paths.runtimeDir, "operator.sock") };
}

test("an unnamed machine answers with its page, starts nothing else, and is looked for again under its name", async () => {
  // No computer is found under this name: whatever this test runs on, nothing is driven.
  const { file, socket } = configFile({ board: "s99" });
  await using asicd = startProgram("run", "--config", file);
  const client = apiClient({ socket });
  const status = async () => (await client.get("/status")) as Status;
  const programs = () =>
    descendantsOf(asicd.pid).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1"));
  const unnamedAs = async (code: string) => {
    let now: Status | undefined;
    await until(
      `unnamed: ${code}\n${asicd.stdout()}${asicd.stderr()}`,
      () => {
        void status().then(
          (told) => {
            now = told;
          },
          () => {},
        );
        return now?.unnamed?.code === code;
      },
      30_000,
    );
    return now as Status;
  };

  const first = await unnamedAs("no-such-board");
  expect(first.unnamed?.why).toBe('"s99" is no declared machine');
  expect(first.summary.sentence).toContain("Nothing is driven");
  expect(programs()).toEqual([expect.stringContaining("operator.js")]);

  await client.send("POST", "/password", { new: PASSWORD });
  await expect(client.send("POST", "/actions/identify", { seconds: 5 })).rejects.toMatchObject({
    code: "not-driven",
  });
  const name = (value: string) =>
    client.send("PATCH", "/config", { changes: [{ path: "machine.board", value }] });
  await expect(name("s98")).rejects.toThrow("s98");
  await name("bitaxe-max");
  const second = await unnamedAs("not-attached");
  expect(second.unnamed?.why).toContain("Bitaxe Max");
  expect(programs()).toEqual([expect.stringContaining("operator.js")]);

  process.kill(asicd.pid, "SIGTERM");
  expect(await asicd.ended()).toBe(0);
});

test("what an earlier guard left on is switched off, although nobody knows any more which machine it is", async () => {
  const { file, paths } = configFile({ board: "s99" }, { enabled: false });
  writeBoardRecord(paths.runtimeDir, {
    machine: { board: "s21" },
    usbControl: undefined,
    latched: [],
  });
  await using asicd = startProgram("run", "--config", file);
  const said = () => `${asicd.stdout()}${asicd.stderr()}`;
  // This computer has none of an S21's devices: what matters is that its guard has tried, and has ended.
  await until(said(), () => /left this machine on/.test(said()), 30_000);
  await until(said(), () => existsSync(join(paths.runtimeDir, "guard.ending")), 30_000);
  process.kill(asicd.pid, "SIGTERM");
  expect(await asicd.ended()).toBe(0);
});

test("one that is to run for a while, and a file that is wrong, still end at once with exit code 2", () => {
  const run = (file: string, ...words: string[]) =>
    spawnSync(process.execPath, ["dist/asicd.js", "run", "--config", file, ...words], {
      encoding: "utf8",
      timeout: 20_000,
    });
  const timed = run(configFile({ board: "s99" }).file, "--duration", "1s");
  expect(timed.status).toBe(2);
  expect(timed.stderr).toContain('"s99" is no declared machine');
  expect(run(configFile({ bored: 1 }).file).status).toBe(2);
});

test("a USB board that is plugged in is found without anybody's help", async () => {
  await using unnamed = await servedUnnamed();
  const { tree, clock } = unnamed;
  let isAdvancing = false;
  const advance = async () => {
    isAdvancing = true;
    await clock.advance(5_000);
    isAdvancing = false;
  };
  // Something that makes no difference.
  tree.add({ "sys/bus/usb/devices/1-1.4/idVendor": "1d6b\n" });
  await advance();
  await until("it was looked at", () => unnamed.looks === 1);
  tree.add(bitaxeOnUsb);
  // The look before ends a moment after it was counted.
  await until("it was found", () => {
    if (!isAdvancing) void advance();
    return unnamed.looks >= 2;
  });
  expect(await unnamed.end).toEqual({ exitCode: 0, next: "restart" });
  expect(await unnamed.find()).toMatchObject({ is: "found", spec: { id: "bitaxe-gamma" } });
});

test("where nothing changes it is looked at well once a minute: a memory may not have answered", async () => {
  await using unnamed = await servedUnnamed();
  const advance = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 5) {
      await unnamed.clock.advance(5_000);
      // Files are read meanwhile, for real.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await advance(45);
  expect(unnamed.looks).toBe(0);
  await advance(30);
  expect(unnamed.looks).toBe(1);
});

/** In this process, on a computer made of files. */
async function servedUnnamed() {
  const { file, paths } = configFile({}, { enabled: false });
  const tree = fakeTree();
  const clock = new VirtualClock();
  const platform = { ...linuxMachine(), readFacts: () => readMachineFacts(tree) };
  const load = (text: string) =>
    loadConfig(parseJsonc(text), configurableChips, { mayLackPools: true });
  const settings = new SettingsDesk({
    store: await openConfigFile(file, load),
    clock,
    chips: configurableChips,
    apply() {},
    mayLackPools: true,
  });
  const find = () => findMachine(settings.loaded, platform);
  const found = (await find()) as NoMachine;
  const ending = new AbortController();
  let looks = 0;
  const end = serveUnnamed({
    found,
    find: () => {
      looks++;
      return find();
    },
    readFacts: platform.readFacts,
    switchOffLeft: async () => {},
    clock,
    log: silentLog,
    json: false,
    recentEvents: undefined,
    context: {
      stdout() {},
      stderr() {},
      isTerminal: false,
      terminalSize: () => ({ columns: 80, rows: 24 }),
      signal: ending.signal,
      env: {},
    },
    operator: {
      isWanted: true,
      facts: unnamedFacts(found.unnamed),
      surroundings: {
        ...paths,
        eventsFile: join(paths.stateDir, "events.jsonl"),
        logLevel: "silent",
        mayMovePort: false,
      },
      settings,
      applied: new Signal<AppliedSettings>(),
      factoryConfig: () => ({}),
    },
  });
  return {
    tree,
    clock,
    find,
    end,
    get looks() {
      return looks;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await end;
      settings[Symbol.dispose]();
      tree[Symbol.dispose]();
    },
  };
}
