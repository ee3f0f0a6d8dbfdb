import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import {
  commandSettings,
  discoveryOf,
  essenceOf,
  stateOf,
  topicsOf,
  wishOf,
} from "../../src/api/home-assistant.ts";
import { siPrefixed } from "../../src/api/home-assistant-units.ts";
import type { Status } from "../../src/api/status.ts";
import { operatedDevice, recordedMachine } from "../support/operated-device.ts";

const config = { topic: "asicd", discoveryPrefix: "homeassistant" };
const settings = { hasMachine: true, manualDutyPercent: null };

async function recordedStatus(): Promise<Status> {
  const clock = new VirtualClock();
  const operated = operatedDevice({ clock });
  operated.tellMachine(recordedMachine());
  await clock.advance(10);
  return operated.device.status();
}

type Component = Record<string, unknown> & { readonly p: string; readonly unique_id: string };

function componentsOf(status: Status, control = true): Record<string, Component> {
  const message = discoveryOf(status, {
    topics: topicsOf(status, config),
    settings,
    control,
    intervalS: 10,
  });
  return message["cmps"] as Record<string, Component>;
}

describe("topics", () => {
  test("of machines that all have the name they came with differ by the network card", async () => {
    const status = await recordedStatus();
    const topics = topicsOf(status, config);
    expect(topics.base).toBe("asicd/asicd-123456");
    expect(topics.discovery).toBe("homeassistant/device/asicd_020000123456/config");
  });

  test("hold no character that splits or matches topics", async () => {
    const { device } = await recordedStatus();
    const topics = topicsOf({ device: { ...device, name: "shed 1.b", mac: null } }, config);
    expect(topics.id).toBe("asicd_shed_1_b");
    expect(topics.discovery).toMatch(/^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/);
  });
});

describe("the discovery message", () => {
  test("has what Home Assistant demands of each component", async () => {
    const status = await recordedStatus();
    const components = componentsOf(status);
    expect(Object.keys(components).length).toBeGreaterThan(30);
    const ids = Object.values(components).map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [key, { p, unique_id, ...rest }] of Object.entries(components)) {
      expect(unique_id).toBe(`asicd_020000123456_${key}`);
      expect(["sensor", "binary_sensor", "switch", "number", "select", "button"]).toContain(p);
      if (p !== "sensor" && p !== "binary_sensor") expect(rest["command_topic"]).toBeDefined();
      // A sensor with options has that device class, no unit and no state class.
      if (p === "sensor" && "options" in rest) {
        expect(rest["device_class"]).toBe("enum");
        expect(rest).not.toHaveProperty("unit_of_measurement");
        expect(rest).not.toHaveProperty("state_class");
      }
    }
  });

  test("offers no command where commands are off", async () => {
    const platforms = Object.values(componentsOf(await recordedStatus(), false)).map(({ p }) => p);
    expect(new Set(platforms)).toEqual(new Set(["sensor", "binary_sensor"]));
  });

  test("reads keys that the state has, and the state's words are among the options", async () => {
    const status = await recordedStatus();
    const state = stateOf(status, settings);
    for (const [key, component] of Object.entries(componentsOf(status))) {
      const { value_template: template, options } = component;
      if (template === undefined) continue;
      expect(template).toBe(`{{ value_json.${key} }}`);
      expect(state).toHaveProperty(key);
      if (Array.isArray(options) && state[key] !== null) expect(options).toContain(state[key]);
    }
  });
});

describe("the state", () => {
  test("tells the recorded run", async () => {
    const status = await recordedStatus();
    const state = stateOf(status, settings);
    expect(state).toMatchObject({
      state: "mining",
      mining: "ON",
      mine: "ON",
      pool_connected: "ON",
      board_0_state: "hashing",
      board_0_chips: 126,
      frequency: 525,
      fan_mode: "auto",
      sentence: status.summary.sentence,
    });
    expect(state["board_0_temperature"]).toBeCloseTo(46.2, 1);
  });

  test("of a silent guard shows no old number as if it were new", async () => {
    const status = await recordedStatus();
    const lost: Status = { ...status, summary: { ...status.summary, state: "lost" } };
    const state = stateOf(lost, settings);
    expect(state).toMatchObject({
      state: "lost",
      hashrate: null,
      temperature: null,
      board_1_state: null,
      mining: null,
      pool: null,
    });
    expect(state["uptime"]).not.toBeNull();
  });

  test("cuts a sentence that Home Assistant would refuse", async () => {
    const status = await recordedStatus();
    const long = { ...status, summary: { ...status.summary, sentence: "x".repeat(300) } };
    expect(stateOf(long, settings)["sentence"]).toHaveLength(255);
  });

  test("keeps its unit whatever the rate is", () => {
    expect(siPrefixed(1)).toMatchObject({ unit: "TH/s" });
    expect(siPrefixed(1).of(98.2e12)).toBe(98.2);
    expect(siPrefixed(2 ** 25).unit).toBe("kH/s");
  });
});

describe("what counts", () => {
  test("is a fan mode and no share", async () => {
    const status = await recordedStatus();
    const run = { ...status.shares.run, accepted: status.shares.run.accepted + 1 };
    const later = { ...status, shares: { ...status.shares, run } };
    expect(essenceOf(later, settings)).toBe(essenceOf(status, settings));
    const manual = { ...status, fans: { ...status.fans, mode: "manual" as const } };
    expect(essenceOf(manual, settings)).not.toBe(essenceOf(status, settings));
  });
});

describe("a command", () => {
  test.each([
    ["mine", "OFF", { is: "actions", actions: [{ do: "pause" }] }],
    ["mine", "ON", { is: "actions", actions: [{ do: "resume" }] }],
    ["pool_select", "away", { is: "actions", actions: [{ do: "switch-pool", pool: 1 }] }],
    ["identify", "PRESS", { is: "actions", actions: [{ do: "identify", seconds: 60 }] }],
    ["restart", "PRESS", { is: "actions", actions: [{ do: "restart" }] }],
    ["restart_board_2", "PRESS", { is: "actions", actions: [{ do: "restart-chain", chain: 2 }] }],
    ["clear_trip", "PRESS", { is: "actions", actions: [{ do: "clear-trip", chain: null }] }],
    [
      "frequency",
      "412.5",
      { is: "change", changes: [{ path: "machine.frequencyMHz", value: 412.5 }] },
    ],
    [
      "fan_duty_manual",
      "70",
      {
        is: "change",
        changes: [{ path: "machine.fans", value: { mode: "manual", dutyPercent: 70 } }],
      },
    ],
    [
      "fan_mode",
      "auto",
      { is: "change", changes: [{ path: "machine.fans", value: { mode: "auto" } }] },
    ],
  ])("%s %s is understood", async (key, payload, wish) => {
    expect(wishOf(key, payload, await recordedStatus(), settings)).toEqual(wish);
  });

  test.each([
    ["mine", "on", 'Mining: "on" is not valid; allowed: ON, OFF'],
    ["frequency", "9000", 'Target frequency: "9000" is not valid; allowed: 56.25 to 1000 MHz'],
    ["frequency", "1e2", "allowed: 56.25 to 1000 MHz"],
    ["fan_duty_manual", "-1", "allowed: 0 to 100 %"],
    ["fan_mode", "off", "allowed: auto, manual"],
    ["fan_mode", "immersion", "allowed: auto, manual"],
    ["pool_select", "nobody's", "allowed: home, away"],
    ["restart", "", "allowed: PRESS"],
    ["__proto__", "PRESS", "there is no such command"],
  ])("%s %j is refused, and what is allowed is said", async (key, payload, text) => {
    const wish = wishOf(key, payload, await recordedStatus(), settings);
    expect(wish).toMatchObject({ is: "refused", text: expect.stringContaining(text) });
  });

  test("to clear names the reason that is shown, of each board that is locked", async () => {
    const status = await recordedStatus();
    const reasons = ["chip at 101 °C", null, "no fan turns"];
    const boards = status.boards.map((board, i) => {
      const reason = reasons[i] ?? null;
      return reason === null ? board : { ...board, state: "latched" as const, reason };
    });
    expect(wishOf("clear_trip", "PRESS", { ...status, boards }, settings)).toEqual({
      is: "actions",
      actions: [
        { do: "clear-trip", chain: 0, reason: "chip at 101 °C" },
        { do: "clear-trip", chain: 2, reason: "no fan turns" },
      ],
    });
  });

  test("offers no immersion, and shows none of its own modes where there are no fans", async () => {
    const status = await recordedStatus();
    const immersed = { ...status, fans: { ...status.fans, mode: "immersion" as const } };
    expect(stateOf(immersed, settings)["fan_mode"]).toBeNull();
    expect(componentsOf(immersed)["fan_mode"]?.["options"]).toEqual(["auto", "manual"]);
  });

  test("for a machine is refused where there are bare chains", async () => {
    const bare = commandSettings({ chains: [] });
    expect(wishOf("frequency", "400", await recordedStatus(), bare).is).toBe("refused");
  });

  test("of manual fans keeps the duty that they turn at", async () => {
    const status = await recordedStatus();
    const fans = { ...status.fans, targetDutyPercent: 61.7 };
    expect(wishOf("fan_mode", "manual", { ...status, fans }, settings)).toEqual({
      is: "change",
      changes: [{ path: "machine.fans", value: { mode: "manual", dutyPercent: 62 } }],
    });
  });
});
