/** Every scenario that is shipped, and the one of the README, against asicd itself in virtual time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readScenario } from "../../../simulator/scenario/read.ts";
import { loadScenarios, shippedNames } from "../../../simulator/scenario/shipped.ts";
import { playOnAsicd } from "./device.ts";

const names = shippedNames();
const readme = join(import.meta.dirname, "../../../simulator/scenario/README.md");

describe("asicd passes", () => {
  test.each(names)("%s", async (name) => {
    const [scenario] = loadScenarios([name]);
    if (scenario === undefined) throw new Error(name);
    const { verdict, failures } = await playOnAsicd(scenario);
    expect(failures).toEqual([]);
    expect(verdict).toBe("passed");
  });

  test("the example of the README", async () => {
    const [, example = ""] = /```yaml\n(.*?)```/s.exec(readFileSync(readme, "utf8")) ?? [];
    const { failures } = await playOnAsicd(readScenario(example, "README.md"));
    expect(failures).toEqual([]);
  });
});

test("as many as were promised, each with a name and a rule of its own", () => {
  const scenarios = loadScenarios(["all"]);
  expect(names.filter((name) => name.startsWith("sv2-")).length).toBeGreaterThanOrEqual(45);
  expect(names.filter((name) => name.startsWith("sv1-")).length).toBeGreaterThanOrEqual(12);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  for (const { id, protocol, proves } of scenarios) {
    expect(id).toMatch(new RegExp(`^${protocol}-[a-z0-9-]+$`));
    expect(proves.join("").length, id).toBeGreaterThan(5);
  }
});
