import { spawnSync } from "node:child_process";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { metricTable } from "../../firmware/operator/metric-table.ts";
import { metricsFormat, metricsRoute, metricsText } from "../../firmware/operator/metrics.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { Status } from "../../src/api/status.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { operatedDevice, recordedMachine } from "../support/operated-device.ts";
import { samplesIn } from "./metrics-text.ts";

const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

async function machine(told: MachineSnapshot | null = recordedMachine(), lastWordAgoS = 0) {
  const clock = new VirtualClock();
  const operated = operatedDevice({ clock });
  closing.push(operated);
  operated.tellMachine(told, lastWordAgoS);
  await clock.advance(0);
  return operated.device;
}

async function samplesOf(status: Status) {
  const samples = samplesIn(await metricsText(status));
  return {
    samples,
    names: new Set(samples.map(({ name }) => name)),
    value: (name: string, labels: Readonly<Record<string, string>> = {}) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
      )?.value,
  };
}

/** Debian: apt-get install prometheus. */
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe("what Prometheus reads", () => {
  test("is the status, in base units", async () => {
    const device = await machine();
    const status = device.status();
    const { value } = await samplesOf(status);
    expect(value("asicd_hashrate_hashes_per_second", { window: "5m" })).toBe(
      status.hashrate.hashrateHps.m5,
    );
    expect(value("asicd_hashrate_hashes_per_second", { window: "5m" })).toBeGreaterThan(0);
    const [board] = status.boards;
    expect(value("asicd_board_frequency_hertz", { board: "0" })).toBe(
      (board?.frequencyMHz ?? 0) * 1e6,
    );
    expect(value("asicd_board_temperature_celsius", { board: "0" })).toBe(
      board?.sensors[0]?.temperatureC,
    );
    expect(value("asicd_shares_accepted_total")).toBe(status.shares.run.accepted);
    expect(value("asicd_fan_target_duty_ratio")).toBe(status.fans.targetDutyPercent / 100);
    expect(value("asicd_state", { state: status.summary.state })).toBe(1);
    expect(value("asicd_device_info", { chip: "BM1362", simulated: "yes" })).toBe(1);
    expect(value("asicd_pool_info", { pool: "home" })).toBe(1);
  });

  test("has exactly one state that is 1, of machine, board and pool", async () => {
    const { samples } = await samplesOf((await machine()).status());
    for (const [name, count] of [
      ["asicd_state", 1],
      ["asicd_board_state", 3],
      ["asicd_pool_state", 2],
    ] as const) {
      const values = samples.filter((sample) => sample.name === name).map(({ value }) => value);
      expect(values.reduce((a, b) => a + b, 0)).toBe(count);
    }
  });

  test("leaves out what is unknown, instead of a zero", async () => {
    const told = recordedMachine();
    const hot = { ...told, supply: null };
    const { value } = await samplesOf((await machine(hot)).status());
    expect(value("asicd_supply_volts")).toBeUndefined();
    expect(value("asicd_supply_on")).toBeUndefined();
  });

  test.each([
    ["nothing was told yet", null, 0],
    ["the guard is silent", recordedMachine(), 60],
  ])("has no measurement when %s, but says how it stands", async (_, told, lastWordAgoS) => {
    const status = (await machine(told, lastWordAgoS)).status();
    const { names, value } = await samplesOf(status);
    const left = [...names].filter((name) =>
      /hash|board_|celsius|volts|shares|nonces|fan/.test(name),
    );
    expect(left).toEqual([]);
    expect(value("asicd_state", { state: status.summary.state })).toBe(1);
  });

  test("a miner that is gone hashes 0, and its counters are gone, not 0", async () => {
    const told = recordedMachine();
    const gone: MachineSnapshot = {
      ...told,
      miner: null,
      minerProcess: { ...told.minerProcess, state: "waiting" },
    };
    const { names, value } = await samplesOf((await machine(gone)).status());
    expect(value("asicd_hashrate_hashes_per_second", { window: "5s" })).toBe(0);
    expect(names).not.toContain("asicd_shares_accepted_total");
    expect(names).not.toContain("asicd_board_nonces_total");
    expect(names).toContain("asicd_board_temperature_celsius");
  });

  test("has bounded labels, no sample twice, and no secret", async () => {
    const text = await metricsText((await machine()).status());
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.length).toBeLessThan(300);
    const keys = lines.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(keys).size).toBe(keys.length);
    expect(text).not.toContain("planted");
    expect(text).not.toMatch(/NaN|undefined|null/i);
  });

  test("does not change with what an operator types as a name", async () => {
    const status = (await machine()).status();
    const name = 'a"b\\c\nd{}';
    const device = { ...status.device, name };
    const { samples } = await samplesOf({ ...status, device });
    const told = samples.find((sample) => sample.name === "asicd_device_info")?.labels["name"];
    expect(told).toBe('a\\"b\\\\c\\nd{}');
  });

  test.skipIf(!hasPromtool)(
    `passes promtool check metrics${hasPromtool ? "" : " (skipped: promtool is not installed)"}`,
    async () => {
      for (const told of [recordedMachine(), null]) {
        const input = await metricsText((await machine(told)).status());
        const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input });
        expect(`${stdout}${stderr}`).toBe("");
        expect(status).toBe(0);
      }
    },
  );
});

describe("as OpenMetrics", () => {
  test("it ends with EOF, and counters are families without _total", async () => {
    const text = await metricsText((await machine()).status(), "openmetrics");
    expect(text.endsWith("\n# EOF\n")).toBe(true);
    expect(text).toContain("# TYPE asicd_shares_accepted counter\n");
    expect(text).toMatch(/^asicd_shares_accepted_total \d+$/m);
    for (const { name, type } of metricTable)
      expect(text).toContain(
        `# TYPE ${type === "counter" ? name.replace(/_total$/, "") : name} ${type}\n`,
      );
  });

  test("every counter ends in _total, no gauge does, and all have our prefix", () => {
    for (const { name, type } of metricTable) {
      expect(name).toMatch(/^asicd_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
    }
    expect(new Set(metricTable.map(({ name }) => name)).size).toBe(metricTable.length);
  });

  test.each([
    [undefined, "text"],
    ["*/*", "text"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text"],
    ["application/openmetrics-text", "openmetrics"],
    // What Prometheus 2.53 sends.
    [
      "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "openmetrics",
    ],
    ["text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5", "text"],
    ["application/openmetrics-text;q=0", "text"],
    ["application/openmetrics-text;q=x;;;,,,", "text"],
  ])("Accept: %s", (accept, format) => {
    expect(metricsFormat(accept)).toBe(format);
  });

  test("an endless Accept is not read to its end", () => {
    expect(metricsFormat(`${",".repeat(2_000)}application/openmetrics-text`)).toBe("text");
  });
});

test("a scrape over HTTP gets what it asks for, and a guard of the server's can refuse it", async () => {
  const device = await machine();
  const app = Fastify();
  metricsRoute(device, {
    onRequest: async (request, reply) => {
      if (request.headers.authorization === undefined) await reply.code(401).send("no");
    },
  })(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  closing.push({ [Symbol.asyncDispose]: () => app.close() });
  const { port } = app.server.address() as AddressInfo;
  const scrape = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  expect((await scrape({})).status).toBe(401);
  const authorization = "Bearer x";
  const text = await scrape({ authorization });
  expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await text.text()).toBe(await metricsText(device.status()));
  const open = await scrape({ authorization, accept: "application/openmetrics-text" });
  expect(open.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  expect(await open.text()).toContain("# EOF");
});
