import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { expect, test } from "vitest";
import { startWebhook } from "../../firmware/operator/webhook.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import type { WebhookConfig } from "../../src/config/operator-schema.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import { operatedDevice, recordedMachine } from "../support/operated-device.ts";
import { freePort } from "./mosquitto.ts";

interface Call {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** Answers with these statuses, the last one for ever; 0: not at all. */
async function receiver(statuses: readonly number[], port = 0) {
  const calls: Call[] = [];
  const waiting = new Set<() => void>();
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      calls.push({ body, headers: request.headers });
      for (const look of [...waiting]) look();
      const status = statuses[Math.min(calls.length, statuses.length) - 1] ?? 204;
      if (status === 0) return;
      response.writeHead(status, { location: "http://192.0.2.1/elsewhere" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return {
    calls,
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/hook/planted-path`,
    untilCalls: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (calls.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits between tries are over at once and kept; with `patienceMs` so is that for an answer. */
function hurriedClock(patienceMs = Number.POSITIVE_INFINITY) {
  const clock = new SystemClock();
  const sleptMs: number[] = [];
  const hurried: Clock = {
    nowMs: () => clock.nowMs(),
    unixSeconds: () => clock.unixSeconds(),
    sleep(durationMs, signal) {
      sleptMs.push(durationMs);
      return clock.sleep(Math.min(durationMs, 5), signal);
    },
    after: (delayMs, run) => clock.after(Math.min(delayMs, patienceMs), run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };
  return { clock: hurried, sleptMs };
}

function machine(config: Pick<WebhookConfig, "url"> & Partial<WebhookConfig>, clock: Clock) {
  const operated = operatedDevice({ clock: new SystemClock() });
  const lines: { readonly level: string; readonly fields: object; readonly text: string }[] = [];
  const at = (level: string) => (fields: object, text: string) =>
    void lines.push({ level, fields, text });
  const log: Logger = {
    ...{ trace: at("trace"), debug: at("debug"), info: at("info"), warn: at("warn") },
    error: at("error"),
    child: () => log,
    isLevelEnabled: () => true,
  };
  const webhook = startWebhook({
    device: operated.device,
    config: { severity: "info", ...config },
    clock,
    entropy: { fraction: () => 0 },
    log,
  });
  let last = 0;
  return {
    operated,
    webhook,
    lines,
    say: (what: string) =>
      operated.device.audit({ name: "test", scope: "admin" }, what, `${++last}`),
    async [Symbol.asyncDispose]() {
      await webhook.close();
      await operated[Symbol.asyncDispose]();
    },
  };
}

const bodyOf = (call: Call | undefined) =>
  JSON.parse(call?.body ?? "null") as { event: { what: string; severity: string }; lost: number };

test("an event is posted as JSON and signed", async () => {
  await using hook = await receiver([204]);
  await using one = machine({ url: hook.url, secret: "correct horse" }, new SystemClock());
  one.say("settings-changed");
  await hook.untilCalls(1);
  const [call] = hook.calls;
  expect(call?.headers["content-type"]).toBe("application/json");
  const signature = createHmac("sha256", "correct horse")
    .update(call?.body ?? "")
    .digest("hex");
  expect(call?.headers["x-asicd-signature"]).toBe(`sha256=${signature}`);
  expect(JSON.parse(call?.body ?? "")).toMatchObject({
    device: { id: "asicd_020000123456", name: "asicd" },
    event: { what: "settings-changed", reason: "test: 1" },
    lost: 0,
  });
});

test("what is less important than the operator wants to know is not sent", async () => {
  await using hook = await receiver([204]);
  await using one = machine({ url: hook.url, severity: "error" }, new SystemClock());
  one.say("settings-changed");
  const machineEvents: MachineEvent[] = ["chain-found", "trip"].map((what, i) => ({
    ...{
      time: 1_800_000_000,
      uptimeS: 1e6 + i,
      what,
      where: "chain 1",
      rule: "dangerous-temperature",
    },
    ...{ measured: 91, limit: 90, action: "power off", reason: `${what} of board 1` },
  }));
  const recorded = recordedMachine();
  one.operated.tellMachine({ ...recorded, events: [...recorded.events, ...machineEvents] });
  await hook.untilCalls(1);
  expect(bodyOf(hook.calls[0]).event.severity).toBe("error");
});

test("events arrive in order after a while without an answer, each once", async () => {
  await using hook = await receiver([500, 503, 429, 204]);
  const { clock, sleptMs } = hurriedClock();
  await using one = machine({ url: hook.url }, clock);
  for (const what of ["a", "b", "c"]) one.say(what);
  await hook.untilCalls(6);
  expect(hook.calls.map((call) => bodyOf(call).event.what)).toEqual(["a", "a", "a", "a", "b", "c"]);
  expect(sleptMs).toEqual([1_000, 2_000, 4_000]);
  expect(one.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
});

test("what cannot wait any longer is lost, counted, and said so", async () => {
  const port = await freePort();
  const { clock } = hurriedClock();
  await using one = machine({ url: `http://127.0.0.1:${port}/` }, clock);
  for (let i = 0; i < 150; i++) one.say(`event-${i}`);
  expect(one.webhook.lost).toBe(50);
  await using hook = await receiver([204], port);
  await hook.untilCalls(100);
  expect(hook.calls.slice(0, 2).map((call) => bodyOf(call).event.what)).toEqual([
    "event-0",
    "event-51",
  ]);
  const told = hook.calls.reduce((sum, call) => sum + bodyOf(call).lost, 0);
  expect(told).toBe(50);
  expect(bodyOf(hook.calls[99]).event.what).toBe("event-149");
});

test("a redirect is not followed, and the event counts as lost", async () => {
  await using hook = await receiver([302, 204]);
  await using one = machine({ url: hook.url }, hurriedClock().clock);
  one.say("first");
  one.say("second");
  await hook.untilCalls(2);
  expect(bodyOf(hook.calls[1])).toMatchObject({ event: { what: "second" }, lost: 1 });
  expect(one.lines[0]?.fields).toMatchObject({
    reason: "answered 302: redirects are not followed",
  });
});

test("who never answers is asked again", async () => {
  await using hook = await receiver([0, 204]);
  await using one = machine({ url: hook.url }, hurriedClock(100).clock);
  one.say("only");
  await hook.untilCalls(2);
  expect(bodyOf(hook.calls[1]).event.what).toBe("only");
});

test("closing does not wait for anybody", async () => {
  await using hook = await receiver([0]);
  const one = machine({ url: hook.url }, new SystemClock());
  one.say("only");
  await hook.untilCalls(1);
  await one[Symbol.asyncDispose]();
  expect(one.lines.at(-1)?.text).toBe("webhook ended; events not sent");
});

test("neither address nor secret is logged, and a name in the address is still used", async () => {
  await using hook = await receiver([403]);
  const url = hook.url.replace("http://", "http://planted-user:planted-%-password@");
  await using one = machine({ url, secret: "planted-secret" }, hurriedClock().clock);
  one.say("only");
  await hook.untilCalls(1);
  await one.webhook.close();
  const words = Buffer.from("planted-user:planted-%-password").toString("base64");
  expect(hook.calls[0]?.headers.authorization).toBe(`Basic ${words}`);
  expect(JSON.stringify(one.lines)).not.toContain("planted");
});
