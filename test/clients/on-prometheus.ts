/** A real Prometheus that scrapes us, and promtool's opinion of what it gets. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start, waitFor } from "../interop/children.ts";
import { freePort } from "../interop/ports.ts";
import type { Rows } from "../interop/rows.ts";
import type { Subject } from "./subject.ts";

const WITHIN_MS = 30_000;

export async function checkPrometheus(subject: Subject, rows: Rows): Promise<void> {
  const url = `http://${subject.address}/metrics`;
  const text = await (await fetch(url)).text();
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  const complaints = `${stdout}${stderr}`.trim();
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  rows.add(
    "promtool is silent",
    status === 0 && complaints === "" && samples > 0,
    complaints === "" ? `${samples} samples` : complaints.split("\n").slice(0, 3).join("; "),
  );

  const folder = mkdtempSync(join(tmpdir(), "asicd-prometheus-"));
  const port = await freePort();
  writeFileSync(
    join(folder, "prometheus.yml"),
    `scrape_configs:
  - job_name: asicd
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs:
      - targets: ["${subject.address}:80"]
`,
  );
  try {
    await using child = start("prometheus", "prometheus", [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    let up: number | undefined;
    const look = async () => {
      up = await query(port, 'up{job="asicd"}');
    };
    const untilMs = performance.now() + WITHIN_MS;
    while (up !== 1 && child.isRunning && performance.now() < untilMs) {
      await look();
      await waitFor(() => false, 200, child);
    }
    rows.add(
      "Prometheus scrapes",
      up === 1,
      `up is ${up ?? "unknown"}${child.isRunning ? "" : child.lines.at(-1)}`,
    );
    const { hashrate, boards } = await subject.truth();
    for (const [name, expression, should] of [
      ["rate", 'asicd_hashrate_hashes_per_second{window="5s"}', hashrate.hashrateHps.s5],
      ["boards", "count(asicd_board_chips_expected)", boards.length],
    ] as const) {
      const is = await query(port, expression);
      const isNear = is !== undefined && Math.abs(is - should) <= 0.01 * Math.abs(should);
      rows.add(`Prometheus knows the ${name}`, isNear, `${is} (status: ${should})`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `undefined`: no answer, or no such series. */
async function query(port: number, expression: string): Promise<number | undefined> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
  try {
    const { data } = (await (await fetch(url)).json()) as {
      readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    };
    const value = data?.result[0]?.value[1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
