import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bundleForChild } from "../support/child-program.ts";
import { Histogram } from "./histogram.ts";
import type { TrialReport } from "./trial.ts";

const run = promisify(execFile);

describe("many devices on one simulated pool, over TCP", () => {
  test("sixty of three kinds for ten seconds: every share answered, none refused, memory bounded", async () => {
    const program = await bundleForChild('import "./test/devices/main.ts";');
    const asicd = resolve("dist/asicd.js");
    const argv = ["--count", "60", "--duration", "10", "--farms", "1", "--json"];
    const { stdout } = await run(process.execPath, [program, ...argv, "--asicd", asicd]);
    const report = JSON.parse(stdout) as TrialReport;
    expect(report).toMatchObject({ connected: 60, errorCount: 0, unanswered: 0, problems: [] });
    // Twelve a minute each.
    expect(report.accepted).toBeGreaterThan(60);
  }, 180_000);
});

describe("the histogram of acknowledgements", () => {
  test("knows its percentiles to five percent, and adds up over processes", () => {
    const [odd, even] = [new Histogram(), new Histogram()];
    for (let ms = 1; ms <= 1_000; ms++) (ms % 2 === 0 ? even : odd).add(ms);
    odd.merge(even.data());
    expect(odd.count).toBe(1_000);
    expect(odd.percentileMs(0.5)).toBeGreaterThan(499);
    expect(odd.percentileMs(0.5)).toBeLessThan(527);
    expect(odd.percentileMs(1)).toBe(1_000);
    expect(new Histogram().percentileMs(0.99)).toBe(0);
  });
});
