import { describe, expect, test } from "vitest";
import { configTree } from "../../src/config/schema.ts";
import { configNodes } from "../../src/config/tree.ts";

const nodes = configNodes(configTree);
const at = (path: string) => nodes.find((node) => node.path === path);

describe("every node of the configuration", () => {
  test("has a title and a description", () => {
    const bare = nodes.filter(({ title, description }) => !title || !description);
    expect(bare.map(({ path }) => path)).toEqual([]);
    expect(nodes.length).toBeGreaterThan(80);
  });

  test("that is a number says its unit, or has none to say", () => {
    const unitless = nodes.flatMap(({ path, unit, schemas }) =>
      unit === undefined && schemas.some(({ type }) => type === "number" || type === "integer")
        ? [path.replace(/.*\./, "")]
        : [],
    );
    expect([...new Set(unitless)].sort()).toEqual([
      "addressInterval",
      "quota",
      "share",
      "ticketDifficulty",
      "version",
    ]);
  });

  test("whose name ends in a unit has that unit", () => {
    for (const { path, unit } of nodes) {
      const suffix = /(MHz|Percent|S|C|V|Hours)$/.exec(path.replace(/.*[.\]]/, ""))?.[1];
      const units: Record<string, string> = { Percent: "%", S: "s", C: "°C", Hours: "h" };
      if (suffix !== undefined && /[a-z]/.test(path.at(-suffix.length - 1) ?? ""))
        expect([path, unit]).toEqual([path, units[suffix] ?? suffix]);
    }
  });

  test("costs at least what its parent costs", () => {
    const costs = ["none", "pools", "operator", "program"];
    for (const { path, restart } of nodes) {
      const parent = at(path.replace(/(\[\]|\.?\w+)$/, ""));
      if (parent !== undefined)
        expect(costs.indexOf(restart), path).toBeGreaterThanOrEqual(costs.indexOf(parent.restart));
    }
  });
});

test("secrets are the passwords and the webhook, and nothing else", () => {
  const secrets = nodes.filter(({ secret }) => secret).map(({ path }) => path);
  expect(secrets).toEqual([
    "pool.password",
    "pools[].password",
    "groups[].pools[].password",
    "mqtt.password",
    "webhook.url",
    "webhook.secret",
  ]);
});

test("what can cut the operator off is the way to page and API", () => {
  const risky = nodes.filter(({ confirm }) => confirm).map(({ path }) => path);
  expect(risky).toEqual(
    ["enabled", "listen", "tls", "certificateFile", "keyFile", "hosts", "hosts[]"].map(
      (key) => `api.${key}`,
    ),
  );
});

test.each([
  ["paused", "none"],
  ["machine.fans.dutyPercent", "none"],
  ["machine.limits.chip.targetC", "none"],
  ["machine.frequencyMHz", "none"],
  ["pools[].url", "pools"],
  ["standby", "pools"],
  ["mqtt.password", "operator"],
  ["api.publicRead", "none"],
  ["machine.board", "program"],
  ["chains[].uart", "program"],
  ["paths.stateDir", "program"],
  ["log.level", "program"],
] as const)("a change of %s costs: %s", (path, restart) => {
  expect(at(path)?.restart).toBe(restart);
});

test("a choice between forms has the keys of all of them", () => {
  expect(at("machine.fans.mode")).toMatchObject({ kind: "value", isRequired: true });
  expect(at("machine.fans.mode")?.schemas).toHaveLength(2);
  expect(at("machine.fans.dutyPercent")).toMatchObject({ isRequired: false, unit: "%" });
  expect(at("chains[].fastBaud.hostBaud")).toMatchObject({ unit: "baud" });
});
