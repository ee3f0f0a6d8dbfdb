/** A machine of which nobody knows which one it is: with real files of a device tree and USB, a real page, and real settings. */
import { Check } from "typebox/value";
import { describe, expect, test } from "vitest";
import { machineById } from "../../boards/machines.ts";
import { configurableChips } from "../../firmware/cli/config-file.ts";
import { SettingsDesk } from "../../firmware/config-desk.ts";
import { memoryConfigStore } from "../../firmware/config-store.ts";
import { type FoundMachine, findMachine, type NoMachine } from "../../firmware/find-machine.ts";
import { checkNaming } from "../../firmware/machine-check.ts";
import { ActionDesk } from "../../firmware/operator/action-desk.ts";
import { unnamedFacts } from "../../firmware/operator/device-facts.ts";
import { metricsText } from "../../firmware/operator/metrics.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type Persona, statusSchema, type UnnamedMachine } from "../../src/api/status.ts";
import { cgiReaders } from "../../src/compat/antminer/cgi.ts";
import { asicInfo, systemInfo } from "../../src/compat/axeos/info.ts";
import { answerRequest } from "../../src/compat/cgminer/answer.ts";
import { readCommands } from "../../src/compat/cgminer/read-commands.ts";
import { ZeroMark } from "../../src/compat/cgminer/zero.ts";
import { Numeral } from "../../src/compat/numerals.ts";
import { HEALTHY_WITHIN_S, STEADY_S, Trial } from "../../src/update/health.ts";
import { bitaxeOnUsb, fakeTree } from "../drivers/linux/fake-tree.ts";
import { samplesIn } from "../operator/metrics-text.ts";
import { controlBoardOf, filesPlatform } from "../support/control-board-files.ts";
import { operatedDevice, sampleConfig } from "../support/operated-device.ts";

const zynq = { "proc/device-tree/compatible": "xlnx,zynq-7000\0" };

async function look(files: Record<string, string>, board?: string) {
  using tree = fakeTree(files);
  const { platform, opened } = filesPlatform(tree);
  const machine = board === undefined ? undefined : { board };
  const found = await findMachine({ machine } as Parameters<typeof findMachine>[0], platform);
  expect(opened).toEqual([]);
  return found;
}

function unnamedIn(found: FoundMachine | NoMachine): UnnamedMachine {
  if (found.is === "found") throw new Error(`it is ${found.spec.id}`);
  return found.unnamed;
}

describe("what is said of a machine that cannot be told", () => {
  test("an Amlogic control board without power may be several: they are listed with names and reasons", async () => {
    const { code, why, candidates } = unnamedIn(await look(controlBoardOf("s21")));
    expect(code).toBe("ambiguous");
    expect(why).toMatch(/this may be any of .*s21.*name the board/);
    expect(candidates.map(({ id }) => id)).toEqual(expect.arrayContaining(["s21", "t21"]));
    for (const { id, name, why: reasons, whyNot } of candidates) {
      expect(name).toBe(machineById(id)?.name);
      expect([...reasons, ...whyNot]).not.toEqual([]);
    }
  });

  test("a refused one says its reason and offers no board", async () => {
    const unnamed = unnamedIn(await look(zynq));
    expect(unnamed).toMatchObject({ code: "refused", candidates: [] });
    expect(unnamed.why).toContain("hang on an FPGA");
    // Another one of its kind is declared, and would fit in part.
    const own = controlBoardOf("s19j-pro-bb");
    const tree = "proc/device-tree";
    const kin = await look({
      ...own,
      [`${tree}/compatible`]: `ti,am335x-bone-black\0${own[`${tree}/compatible`]}`,
      [`${tree}/model`]: "S19J_IO_BOARD_V2_0\0",
    });
    expect(unnamedIn(kin)).toMatchObject({ code: "refused", candidates: [] });
  });

  test("an unknown one, a board that is not declared, a USB board that is not there", async () => {
    expect(unnamedIn(await look({}))).toMatchObject({ code: "unrecognised", candidates: [] });
    const wrong = await look(controlBoardOf("s21"), "s99");
    expect(unnamedIn(wrong)).toMatchObject({ code: "no-such-board" });
    expect(unnamedIn(wrong).candidates.length).toBeGreaterThan(1);
    expect(wrong).toMatchObject({
      problem: { path: "machine.board", allowed: expect.stringContaining("s21") },
    });
    expect(unnamedIn(await look({}, "bitaxe-gamma"))).toMatchObject({ code: "not-attached" });
  });

  test("one that is recognised, or named, is found as ever", async () => {
    expect(await look(bitaxeOnUsb)).toMatchObject({
      is: "found",
      spec: { id: "bitaxe-gamma" },
      usbControl: "/dev/ttyACM0",
      uarts: ["/dev/ttyACM1"],
    });
    expect(await look(zynq, "s21")).toMatchObject({ is: "found", spec: { id: "s21" } });
  });
});

describe("what may be set before it has a name", () => {
  async function preview(found: FoundMachine | NoMachine, ...changes: [string, unknown][]) {
    return previewOn({ version: 1 }, found, ...changes);
  }

  async function previewOn(
    config: object,
    found: FoundMachine | NoMachine,
    ...changes: [string, unknown][]
  ) {
    if (found.is === "found") throw new Error(`it is ${found.spec.id}`);
    const clock = new VirtualClock();
    let isOpen = false;
    using desk: SettingsDesk = new SettingsDesk({
      store: memoryConfigStore(config),
      clock,
      chips: configurableChips,
      apply() {},
      check: (loaded) => isOpen && checkNaming(found, desk.started, loaded),
      mayLackPools: true,
    });
    isOpen = true;
    const result = await desk.preview(changes.map(([path, value]) => ({ path, value })));
    return result.is === "invalid" ? result.problems.map(({ path }) => path) : result.is;
  }

  test("a declared machine, and settings that fit it", async () => {
    const amlogic = await look(controlBoardOf("s21"));
    expect(await preview(amlogic, ["machine.board", "s21"])).toBe("applied");
    expect(await preview(amlogic, ["name", "garage"])).toBe("applied");
    expect(await preview(amlogic, ["machine.board", "s99"])).toEqual(["machine.board"]);
    expect(await preview(amlogic, ["machine.board", "s21"], ["machine.frequencyMHz", 999])).toEqual(
      ["machine.frequencyMHz"],
    );
    expect(await preview(amlogic, ["machine.frequencyMHz", 400])).toEqual(["machine.frequencyMHz"]);
    expect(await preview(amlogic, ["paths.stateDir", "/elsewhere"])).toEqual(["paths"]);
  });

  test("on a refused machine nothing but a board behind USB", async () => {
    const refused = await look(zynq);
    expect(await preview(refused, ["machine.board", "s21"])).toEqual(["machine.board"]);
    expect(await preview(refused, ["machine.board", "bitaxe-gamma"])).toBe("applied");
  });

  test("a refused machine stays one, whatever it has been called", async () => {
    for (const board of ["bitaxe-gamma", "s99"]) {
      const config = { version: 1, machine: { board } };
      const called = await look(zynq, board);
      expect(await previewOn(config, called, ["machine.board", "s21"])).toEqual(["machine.board"]);
    }
  });

  test("a name is not taken back while something is set that only fitted it", async () => {
    const config = { version: 1, machine: { board: "s99", frequencyMHz: 900 } };
    const called = await look(controlBoardOf("s21"), "s99");
    expect(await previewOn(config, called, ["machine.board", null])).toEqual([
      "machine.frequencyMHz",
    ]);
    expect(
      await previewOn(config, called, ["machine.board", null], ["machine.frequencyMHz", null]),
    ).toBe("applied");
  });

  test("what is written as a name is shown in part, and as text", async () => {
    const { why } = unnamedIn(await look(controlBoardOf("s21"), `\u001b[2J${"x".repeat(60)}`));
    expect(why).toBe(`"\ufffd[2J${"x".repeat(36)}…" is no declared machine`);
  });
});

describe("what everybody is shown", () => {
  const unnamed: UnnamedMachine = {
    code: "ambiguous",
    why: "this may be any of s21, t21",
    advice: "Name it.",
    candidates: [{ id: "s21", name: "Antminer S21", why: ["device tree"], whyNot: ["silent"] }],
  };

  async function shown(persona: Persona) {
    const clock = new VirtualClock();
    const config = sampleConfig({ compat: { persona } });
    const operated = operatedDevice({ clock, config, facts: unnamedFacts(unnamed) });
    const guard = { state: "stopped", reason: unnamed.why } as const;
    operated.tellMachine(null, null, guard);
    await clock.advance(0);
    return operated.device;
  }

  test("is why, what it may be, and that what would follow from it is unknown", async () => {
    await using device = await shown("auto" as Persona);
    const status = device.status();
    expect(Check(statusSchema, status)).toBe(true);
    expect(status).toMatchObject({
      unnamed,
      device: { board: null, chips: null, chip: null, persona: "none" },
      summary: { state: "stopped", parts: [{ code: "state-unnamed" }, { code: "problem" }] },
      boards: [],
      measuredAgoS: null,
      power: { powerW: null },
    });
    expect(status.problems[0]).toMatchObject({
      code: "machine-unnamed",
      severity: "error",
      text: "This may be any of s21, t21. Name it.",
    });
  });

  test("holds no hashrate, whatever other people's tools ask and whoever it is told to be", async () => {
    for (const persona of ["antminer", "axeos", "none"] as const) {
      await using device = await shown(persona);
      const status = device.status();
      const metrics = samplesIn(await metricsText(status));
      expect(metrics.filter(({ name }) => /^asicd_(board_)?hashrate/.test(name))).toEqual([]);
      for (const read of Object.values(cgiReaders)) read(status, status.unixSeconds);
      expect(systemInfo(status)).toMatchObject({ asicCount: 0, ASICModel: "" });
      expect(systemInfo(status)["hashRate"]).toEqual(new Numeral("0.00"));
      expect(() => asicInfo(status)).not.toThrow();
      const parts = { device, zero: new ZeroMark(), unixSeconds: status.unixSeconds };
      for (const command of Object.keys(readCommands)) {
        const request = { form: "json", commands: [command], isJoined: false } as const;
        const asked = { ...request, parameter: undefined, newApi: false };
        const reply = await answerRequest(asked, { address: "127.0.0.1", access: "read" }, parts);
        expect(reply).not.toMatch(/"(MHS|GHS) [^"]+":"?[1-9]/);
      }
    }
  });

  test("what needs hardware is refused, and a pause is kept for later", async () => {
    const saved: unknown[] = [];
    const applied = { is: "applied", differences: [], confirmByUnixSeconds: null } as const;
    const save = (change: unknown) => {
      saved.push(change);
      return Promise.resolve(applied);
    };
    const untold = () => {
      throw new Error("nobody is there");
    };
    const desk = new ActionDesk({
      supervisor: {
        machine: undefined,
        clear: untold,
        restartChain: untold,
        restartMiner: untold,
        identify: untold,
      },
      undriven: unnamed.why,
      settings: { sparse: () => ({}), apply: save, replace: save, hold: save, reset: save },
      restart: untold,
      forget: untold,
      factoryConfig: untold,
    });
    const actor = { name: "somebody", scope: "admin" } as const;
    for (const action of [
      { do: "identify", seconds: 5 },
      { do: "restart-miner" },
      { do: "restart-chain", chain: 0 },
      { do: "clear-trip", chain: null, reason: "" },
    ] as const)
      expect(await desk.act(action, actor)).toMatchObject({
        is: "refused",
        code: "not-driven",
        text: expect.stringContaining("s21, t21"),
      });
    expect(await desk.act({ do: "pause" }, actor)).toMatchObject({ is: "done" });
    expect(saved).toEqual([[{ path: "paused", value: true }]]);
  });
});

describe("an update on trial", () => {
  const seen = {
    guard: { state: "stopped", restarts: 0, lastWordAgoS: null, reason: "no machine" },
    machine: null,
    api: "answers",
    unnamed: "no machine",
    hasPools: false,
    restarts: 0,
  } as const;
  const before = { refused: true, hashing: [], latched: [], withoutPool: true };

  test("stays where the version before knew no more, and has its time to find a board where it did", () => {
    const same = new Trial(before, 0);
    same.take(seen, 0);
    expect(same.take(seen, STEADY_S)).toMatchObject({ is: "healthy" });
    const other = new Trial({ ...before, refused: false }, 0);
    const reason = expect.stringContaining("no machine");
    expect(other.take(seen, 1)).toMatchObject({ is: "waiting", reason });
    expect(other.take(seen, HEALTHY_WITHIN_S)).toMatchObject({ is: "unhealthy", reason });
  });
});
