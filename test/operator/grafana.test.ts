import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metricsText } from "../../firmware/operator/metrics.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { operatedDevice, recordedMachine } from "../support/operated-device.ts";
import { samplesIn } from "./metrics-text.ts";

const file = join(import.meta.dirname, "../../firmware/operator/grafana/asicd-dashboard.json");

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const dashboard = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The recorded machine, with a sensor of power on its boards and one new block behind it. */
async function recordedSamples() {
  const clock = new VirtualClock();
  await using operated = operatedDevice({ clock });
  const machine = recordedMachine();
  operated.tellMachine({
    ...machine,
    boards: machine.boards.map((board) => ({ ...board, supplyPowerW: 1_000 })),
    miner: machine.miner && {
      ...machine.miner,
      pools: machine.miner.pools.map((pool) => ({
        ...pool,
        newBlockLatencyMs: { count: 1, p50: 2, p99: 2, max: 2 },
      })),
    },
  });
  await clock.advance(0);
  return samplesIn(await metricsText(operated.device.status()));
}

test("every metric that the dashboard asks for is there, with the labels that it asks by", async () => {
  const samples = await recordedSamples();
  const queries = [...expressions, ...dashboard.templating.list.map(({ query }) => query)];
  const asked = queries.flatMap((query) => [...query.matchAll(/(asicd_[a-z_]+)(?:\{([^}]*)\})?/g)]);
  expect(asked.length).toBeGreaterThan(30);
  for (const [, name = "", selector = ""] of asked) {
    const found = samples.filter((sample) => sample.name === name);
    expect(found.length, name).toBeGreaterThan(0);
    for (const [, label = "", how = "", value = ""] of selector.matchAll(
      /([a-z]+)(=~|!=|=)"([^"]*)"/g,
    )) {
      // Those two are Prometheus' own.
      if (label === "job" || label === "instance") continue;
      const values = found.map(({ labels }) => labels[label]);
      if (how === "=") expect(values, `${name}: ${label}`).toContain(value);
      else expect(values.every((one) => one !== undefined)).toBe(true);
    }
  }
});

test("the labels in its legends are there", async () => {
  const samples = await recordedSamples();
  for (const { targets = [] } of dashboard.panels)
    for (const { expr, legendFormat = "" } of targets as readonly {
      expr: string;
      legendFormat?: string;
    }[]) {
      const [name] = /asicd_[a-z_]+/.exec(expr) ?? [""];
      const labels = samples.find((sample) => sample.name === name)?.labels ?? {};
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        if (label !== "instance") expect(Object.keys(labels), expr).toContain(label);
    }
});

test("panels have their own ids, a title, and do not lie on each other", () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    expect(title).not.toBe("");
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken, title).not.toContain(`${x} ${y}`);
        taken.add(`${x} ${y}`);
      }
  }
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

test.skipIf(!hasPromtool)(
  `promtool understands every query${hasPromtool ? "" : " (skipped: promtool is not installed)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "asicd-grafana-"));
    try {
      const rules = expressions.map((expr, i) => ({
        record: `asicd:query_${i}`,
        expr: expr.replace(/\$(job|instance)/g, "x"),
      }));
      // JSON is YAML.
      const path = join(folder, "rules.yml");
      writeFileSync(path, JSON.stringify({ groups: [{ name: "asicd", rules }] }));
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", path]);
      expect(`${stderr}`).toBe("");
      expect(`${stdout}`).toContain(`${rules.length} rules found`);
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
