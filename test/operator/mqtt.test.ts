import { connect as connectTcp, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { startMqtt } from "../../firmware/operator/mqtt.ts";
import { type CommandResult, MqttCommands } from "../../firmware/operator/mqtt-commands.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { MqttConfig } from "../../src/config/operator-schema.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { operatedDevice, recordedMachine, sampleConfig } from "../support/operated-device.ts";
import { freePort, hasMosquitto, listenTo, startMosquitto } from "./mosquitto.ts";

const base = "asicd/asicd-123456";
const discovery = "homeassistant/device/asicd_020000123456/config";

function mqttConfig(url: string, changes: Partial<MqttConfig> = {}): MqttConfig {
  return {
    url,
    topic: "asicd",
    discoveryPrefix: "homeassistant",
    control: true,
    intervalS: 3_600,
    ...changes,
  };
}

interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly fields: object;
}

function recordingLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, text: string) =>
    void lines.push({ level, text, fields });
  const log: Logger = {
    ...{ trace: at("trace"), debug: at("debug"), info: at("info"), warn: at("warn") },
    error: at("error"),
    child: () => log,
    isLevelEnabled: () => true,
  };
  return { log, lines };
}

/** Waits are over at once; `longestMs` is what would have been waited. */
function hurriedClock(): Clock & { readonly waitsMs: number[] } {
  const clock = new SystemClock();
  const waitsMs: number[] = [];
  return {
    waitsMs,
    nowMs: () => clock.nowMs(),
    unixSeconds: () => clock.unixSeconds(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
    after(delayMs, run) {
      waitsMs.push(delayMs);
      return clock.after(Math.min(delayMs, 20), run);
    },
    every: (periodMs, run) => clock.every(periodMs, run),
  };
}

async function machineOn(url: string, changes: Partial<MqttConfig> = {}, clock?: Clock) {
  const systemClock = new SystemClock();
  const operated = operatedDevice({ clock: systemClock });
  const told = new Promise((resolve) => operated.device.onStatus(resolve));
  operated.tellMachine(recordedMachine());
  await told;
  const { log, lines } = recordingLog();
  const config = mqttConfig(url, changes);
  let wanted: MqttConfig | undefined = config;
  const mqtt = startMqtt({
    device: operated.device,
    config,
    wanted: () => wanted,
    clock: clock ?? systemClock,
    entropy: { fraction: () => 0 },
    log,
  });
  return {
    operated,
    mqtt,
    lines,
    wants: (next: MqttConfig | undefined) => {
      wanted = next;
    },
    async [Symbol.asyncDispose]() {
      await mqtt.close();
      await operated[Symbol.asyncDispose]();
    },
  };
}

const needed = hasMosquitto ? "a machine on a real Mosquitto" : "needs mosquitto, not installed";

describe.skipIf(!hasMosquitto)(needed, () => {
  test("announces itself and tells its state, both retained", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using early = await listenTo(broker.url);
    await early.wait(`${base}/state`);
    // A second listener gets what was kept.
    await using late = await listenTo(broker.url);
    const message = JSON.parse(await late.wait(discovery)) as Record<string, unknown>;
    expect(message).toMatchObject({
      dev: { ids: ["asicd_020000123456"], cns: [["mac", "02:00:00:12:34:56"]], name: "asicd" },
      availability_topic: `${base}/availability`,
      state_topic: `${base}/state`,
    });
    const state = JSON.parse(await late.wait(`${base}/state`)) as Record<string, unknown>;
    expect(state).toMatchObject({ state: "mining", mine: "ON", board_0_chips: 126 });
    expect(await late.wait(`${base}/availability`)).toBe("online");
    expect(machine.lines.filter(({ level }) => level === "warn")).toEqual([]);
  });

  test("does what a command says, once, and tells what became of it", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    await listener.publish(`${base}/set/mine`, "OFF");
    const result = await listener.wait(`${base}/result`);
    expect(JSON.parse(result)).toEqual({ command: "mine", ok: true, text: "done" });
    expect(machine.operated.requests).toEqual([
      { ask: "act", action: { do: "pause" }, actor: { name: "mqtt", scope: "control" } },
    ]);
    expect(machine.operated.kept).toMatchObject([
      { what: "action-pause", reason: "mqtt: pause: done" },
    ]);
  });

  test("changes the two settings that it may, and says what is wrong with others", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    machine.operated.answerWith(() => ({
      is: "applied",
      differences: [{ path: "machine.fans", before: null, after: null, restart: "none" }],
      confirmByUnixSeconds: null,
    }));
    await listener.wait(`${base}/state`);
    await listener.publish(`${base}/set/pools[0].url`, "stratum+tcp://thief.example:3333");
    await listener.wait(`${base}/result`, (text) => text.includes("no such command"));
    await listener.publish(`${base}/set/fan_duty_manual`, "55");
    await listener.wait(`${base}/result`, (text) => text.includes('"ok":true'));
    expect(machine.operated.requests).toMatchObject([
      {
        ask: "config-apply",
        changes: [{ path: "machine.fans", value: { mode: "manual", dutyPercent: 55 } }],
      },
    ]);
  });

  test("ignores a command that was retained", async () => {
    await using broker = await startMosquitto();
    await using listener = await listenTo(broker.url);
    await listener.publish(`${base}/set/mine`, "OFF", { retain: true });
    await using machine = await machineOn(broker.url);
    await listener.wait(`${base}/state`);
    await listener.publish(`${base}/set/identify`, "PRESS");
    await listener.wait(`${base}/result`);
    expect(machine.operated.requests).toMatchObject([{ action: { do: "identify", seconds: 60 } }]);
    expect(machine.lines.map(({ text }) => text)).toContain(
      "MQTT command ignored: it was retained",
    );
  });

  test("takes no command when commands are off", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url, { control: false });
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    await listener.publish(`${base}/set/mine`, "OFF");
    // Heard by the machine after the command, if that had been heard.
    machine.operated.tellConfig(sampleConfig({ paused: true }));
    await listener.wait(`${base}/state`, (text) => text.includes('"mine":"OFF"'));
    expect(machine.operated.requests).toEqual([]);
  });

  test("tells what counts at once, without waiting for its interval", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    machine.operated.tellConfig(sampleConfig({ paused: true }));
    const state = await listener.wait(`${base}/state`, (text) => text.includes('"mine":"OFF"'));
    expect(JSON.parse(state)).toMatchObject({ mine: "OFF" });
  });

  test("announces itself again when Home Assistant is back", async () => {
    await using broker = await startMosquitto();
    await using _ = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    await listener.publish(discovery, "", { retain: true });
    await listener.wait(discovery, (text) => text === "");
    await listener.publish("homeassistant/status", "online");
    expect(await listener.wait(discovery, (text) => text !== "")).toContain('"cmps"');
  });

  test("is offline by its last will when the connection breaks", async () => {
    await using broker = await startMosquitto();
    await using wire = await breakableWire(broker.port);
    await using _ = await machineOn(wire.url, {}, heldClock());
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/availability`, (text) => text === "online");
    wire.cut();
    await listener.wait(`${base}/availability`, (text) => text === "offline");
    await using late = await listenTo(broker.url);
    expect(await late.wait(`${base}/availability`)).toBe("offline");
  });

  test("comes back by itself, and complains of the broker once", async () => {
    const port = await freePort();
    const clock = hurriedClock();
    await using machine = await machineOn(`mqtt://127.0.0.1:${port}`, {}, clock);
    await until(() => clock.waitsMs.length >= 4);
    await using broker = await startMosquitto(port);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/availability`, (text) => text === "online");
    expect(clock.waitsMs.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    const spoken = machine.lines.filter(({ level }) => level !== "debug");
    expect(spoken.map(({ level }) => level)).toEqual(["warn", "info"]);
  });

  test("under another name leaves nothing of the old one behind", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    machine.operated.tellConfig(sampleConfig({ name: "shed" }));
    await listener.wait("asicd/shed-123456/state");
    expect(await listener.wait(`${base}/state`, (text) => text === "")).toBe("");
    await listener.wait(`${base}/availability`, (text) => text === "");
    expect(await listener.wait(discovery, (text) => text.includes('"name":"shed"'))).not.toBe("");
  });

  test("when turned off is forgotten by the broker and by Home Assistant", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    machine.wants(undefined);
    await machine.mqtt.close();
    for (const topic of [discovery, `${base}/state`, `${base}/availability`])
      expect(await listener.wait(topic, (text) => text === "")).toBe("");
  });

  test("with a new topic keeps its place in Home Assistant", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    machine.wants(mqttConfig(broker.url, { topic: "miners" }));
    await machine.mqtt.close();
    await listener.wait(`${base}/state`, (text) => text === "");
    expect(listener.last.get(discovery)).toContain('"cmps"');
  });

  test("that merely ends is offline, and kept", async () => {
    await using broker = await startMosquitto();
    await using machine = await machineOn(broker.url);
    await using listener = await listenTo(broker.url);
    await listener.wait(`${base}/state`);
    await machine.mqtt.close();
    await listener.wait(`${base}/availability`, (text) => text === "offline");
    expect(listener.last.get(discovery)).toContain('"cmps"');
    expect(listener.last.get(`${base}/state`)).not.toBe("");
  });
});

test("commands that come faster than the machine acts are dropped, and each is answered", async () => {
  const clock = new VirtualClock();
  await using operated = operatedDevice({ clock });
  const results: CommandResult[] = [];
  const commands = new MqttCommands(operated.device, silentLog, (result) => results.push(result));
  for (let i = 0; i < 20; i++) commands.take("identify", i === 3 ? "x".repeat(300) : "PRESS");
  expect(results).toHaveLength(12);
  expect(results[0]).toMatchObject({ ok: false, text: expect.stringContaining("too many") });
  await clock.advance(100);
  expect(results).toHaveLength(20);
  expect(operated.requests).toHaveLength(7);
  expect(results[15]).toMatchObject({ ok: false, text: "more than 256 characters" });
});

test("a broker that takes connections and never answers is given up", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.resume()));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
    });
  });
  const machine = await machineOn(`mqtt://127.0.0.1:${port}`);
  await until(() => sockets.length > 0);
  await machine[Symbol.asyncDispose]();
  await until(() => sockets.every(({ destroyed }) => destroyed));
  await new Promise((resolve) => server.close(resolve));
});

test("no secret of the address or the settings is logged", async () => {
  const port = await freePort();
  const clock = hurriedClock();
  const url = `mqtt://user:planted-one@127.0.0.1:${port}`;
  await using machine = await machineOn(url, { user: "u", password: "planted-two" }, clock);
  await until(() => clock.waitsMs.length >= 2);
  expect(JSON.stringify(machine.lines)).not.toMatch(/planted/);
  expect(machine.lines[0]?.fields).toMatchObject({ broker: `127.0.0.1:${port}` });
});

/** Between machine and broker: what is cut ends without a goodbye. */
async function breakableWire(to: number): Promise<AsyncDisposable & { url: string; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTcp(to, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Never tries again. */
function heldClock(): Clock {
  const clock = new SystemClock();
  return {
    nowMs: () => clock.nowMs(),
    unixSeconds: () => clock.unixSeconds(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
    after: (delayMs, run) => clock.after(delayMs < 1_900 ? 1e9 : delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
