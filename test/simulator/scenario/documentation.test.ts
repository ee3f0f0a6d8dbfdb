/** The README has every step, matcher and fact, in the words of the program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { certificateNames } from "../../../simulator/scenario/certificates.ts";
import { facts } from "../../../simulator/scenario/facts.ts";
import { matcherKeys } from "../../../simulator/scenario/matchers.ts";
import { readScenario } from "../../../simulator/scenario/read.ts";
import { poolProperties } from "../../../simulator/scenario/served-pool.ts";
import { verbs } from "../../../simulator/scenario/steps.ts";

const folder = join(import.meta.dirname, "../../../simulator/scenario");
const readme = readFileSync(join(folder, "README.md"), "utf8");

const row = (...cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
const table = (...rows: readonly string[]) => rows.join("\n");

test("every step", () => {
  const rows = Object.entries(verbs).map(([name, { form, does, protocol }]) => {
    const only = protocol === "sv2" ? " (V2)" : protocol === "sv1" ? " (V1)" : "";
    return row(`\`${name}\`${only}`, form === "" ? "" : `\`${form}\``, does);
  });
  expect(readme).toContain(table(row("step", "written as", ""), "|---|---|---|", ...rows));
});

test("every matcher", () => {
  const rows = Object.entries(matcherKeys).map(([key, does]) => row(`\`${key}\``, does));
  expect(readme).toContain(table("| key | holds for |", "|---|---|", ...rows));
});

test("every fact", () => {
  const rows = Object.entries(facts).map(([name, { does }]) => row(`\`${name}\``, does));
  expect(readme).toContain(table("| fact | |", "|---|---|", ...rows));
});

test.each([...certificateNames, ...Object.keys(poolProperties)])("%s is mentioned", (word) => {
  expect(readme).toContain(`\`${word}\``);
});

test("the example is a scenario", () => {
  const [, example = ""] = /```yaml\n(.*?)```/s.exec(readme) ?? [];
  const scenario = readScenario(example, "example.yaml");
  expect(scenario.steps.length).toBeGreaterThan(10);
});
