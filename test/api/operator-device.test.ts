import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { MASK, maskSecrets } from "../../src/api/mask-secrets.ts";
import { operatedDevice, recordedMachine, sampleConfig } from "../support/operated-device.ts";

const actor = { name: "test", scope: "admin" } as const;

describe("what is asked of the supervisor", () => {
  test("gets its outcome, and an event that says who asked", async () => {
    const clock = new VirtualClock();
    const { device, requests, kept } = operatedDevice({ clock });
    const asked = device.act({ do: "identify", seconds: 30 }, actor);
    await clock.advance(10);
    expect(await asked).toEqual({ is: "done", text: "done" });
    expect(requests).toEqual([{ ask: "act", action: { do: "identify", seconds: 30 }, actor }]);
    expect(kept).toMatchObject([
      { what: "action-identify", where: "operator", reason: "test: identify for 30 s: done" },
    ]);
    expect(device.events().at(-1)?.reason).toBe("test: identify for 30 s: done");
  });

  test("is refused when nobody answers in time", async () => {
    const clock = new VirtualClock();
    const { device, answerWith } = operatedDevice({ clock });
    answerWith(() => undefined);
    const asked = device.act({ do: "pause" }, actor);
    await clock.advance(25_000);
    expect(await asked).toMatchObject({ is: "refused", code: "unavailable" });
  });

  test("is refused at once when the device is closed", async () => {
    const clock = new VirtualClock();
    const { device } = operatedDevice({ clock });
    await device[Symbol.asyncDispose]();
    expect(await device.act({ do: "pause" }, actor)).toMatchObject({ is: "refused" });
  });
});

describe("status", () => {
  test("is built once for each word of the machine, however many ask", async () => {
    const clock = new VirtualClock();
    const { device, tellMachine } = operatedDevice({ clock });
    tellMachine(recordedMachine());
    await clock.advance(1);
    expect(device.status()).toBe(device.status());
    const before = device.status();
    tellMachine(recordedMachine());
    await clock.advance(1);
    expect(device.status()).not.toBe(before);
  });

  test("grows old by itself when nobody tells anything", async () => {
    const clock = new VirtualClock();
    const { device, tellMachine } = operatedDevice({ clock });
    tellMachine(recordedMachine());
    await clock.advance(60_000);
    expect(device.status().measuredAgoS).toBeGreaterThan(57);
    expect(device.status().summary.state).toBe("lost");
  });
});

describe("events", () => {
  test("of the guard's ring are numbered once, though the ring comes with every word", async () => {
    const clock = new VirtualClock();
    const { device, tellMachine } = operatedDevice({ clock });
    const machine = recordedMachine();
    for (let i = 0; i < 3; i++) tellMachine(machine);
    await clock.advance(1);
    expect(device.events().length).toBe(machine.events.length);
    const [first] = device.events();
    const newer = { ...machine.events[0], what: "trip", uptimeS: 1e6 } as const;
    tellMachine({ ...machine, events: [...machine.events.slice(1), newer as never] });
    await clock.advance(1);
    expect(device.events({ afterId: machine.events.length })).toMatchObject([
      { what: "trip", severity: "error" },
    ]);
    expect(first?.id).toBe(1);
  });
});

test("events that the guard's file and its ring both hold are there once", async () => {
  const clock = new VirtualClock();
  const machine = recordedMachine();
  const { device, tellMachine } = operatedDevice({ clock, earlierEvents: machine.events });
  tellMachine(machine);
  await clock.advance(1);
  expect(device.events().length).toBe(machine.events.length);
});

describe("secrets", () => {
  test("of the configuration are masked wherever the schema calls them so", () => {
    const { sparse } = sampleConfig({
      mqtt: { url: "mqtt://10.0.0.2", password: "planted-mqtt" },
      webhook: { url: "https://example.com/planted-hook", secret: "planted-secret" },
    });
    const masked = maskSecrets(sparse);
    expect(JSON.stringify(masked)).not.toContain("planted");
    expect(masked).toMatchObject({
      pools: [{ password: MASK, user: "asicd.one" }, { user: "asicd.two" }],
      mqtt: { password: MASK, url: "mqtt://10.0.0.2" },
    });
  });

  test("are given only to whoever asks for them by name", () => {
    const { device } = operatedDevice({ clock: new VirtualClock() });
    expect(JSON.stringify(device.config.sparse())).not.toContain("planted");
    expect(JSON.stringify(device.config.effective())).not.toContain("planted");
    expect(JSON.stringify(device.config.sparse({ secrets: true }))).toContain("planted");
  });
});
