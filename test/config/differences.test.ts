import { describe, expect, test } from "vitest";
import { differences, mustBeConfirmed } from "../../src/config/differences.ts";
import { checkAgainst } from "../../src/config/problems.ts";
import { configSchema } from "../../src/config/schema.ts";

const one = { url: "stratum+tcp://one.example:1", user: "me", password: "planted-one" };
const two = { url: "stratum+tcp://two.example:1", user: "me", name: "two" };
const three = { url: "stratum+tcp://three.example:1", user: "me" };

const full = (sparse: object) => checkAgainst(configSchema, { version: 1, ...sparse }).value;
const diff = (before: object, after: object) => differences(full(before), full(after));

describe("the difference between two configurations", () => {
  test("is told place by place, with what each costs", () => {
    expect(
      diff({ pools: [one] }, { pools: [{ ...one, user: "you" }], name: "rig", paused: true }),
    ).toEqual([
      { path: "name", before: "asicd", after: "rig", restart: "operator" },
      { path: "paused", before: false, after: true, restart: "none" },
      { path: "pools[0].user", before: "me", after: "you", restart: "pools" },
    ]);
  });

  test("is none where a default is said", () => {
    expect(
      diff({}, { paused: false, log: { level: "info" }, machine: { experimental: false } }),
    ).toEqual([]);
  });

  test("of an object that comes is what it says, not what it has by default", () => {
    expect(diff({}, { machine: { frequencyMHz: 500, fans: { mode: "auto" } } })).toEqual([
      { path: "machine.frequencyMHz", before: undefined, after: 500, restart: "none" },
    ]);
    expect(diff({ mqtt: { url: "mqtt://a:1" } }, {}).map(({ path }) => path)).toEqual(["mqtt.url"]);
  });

  test("of secrets shows that they changed, and nothing of them", () => {
    const all = diff(
      { pools: [one], webhook: { url: "https://planted/hook" } },
      { pools: [{ ...one, password: "planted-two" }], webhook: { url: "https://planted/other" } },
    );
    expect(all).toEqual([
      { path: "pools[0].password", before: "…", after: "…", restart: "pools" },
      { path: "webhook.url", before: "…", after: "…", restart: "operator" },
    ]);
  });

  test("of lists is the item that came, went, or moved", () => {
    expect(diff({ pools: [one, two] }, { pools: [one, three, two] })).toEqual([
      { path: "pools[1]", before: undefined, after: three, restart: "pools" },
    ]);
    expect(diff({ pools: [one, two] }, { pools: [two] })).toEqual([
      { path: "pools[0]", before: { ...one, password: "…" }, after: undefined, restart: "pools" },
    ]);
    expect(diff({ pools: [one, two] }, { pools: [two, one] })).toEqual([
      { path: "pools", before: [one.url, "two"], after: ["two", one.url], restart: "pools" },
    ]);
    expect(diff({ api: { hosts: ["a"] } }, { api: { hosts: ["a", "b"] } })).toEqual([
      { path: "api.hosts", before: ["a"], after: ["a", "b"], restart: "operator" },
    ]);
  });

  test("of fans is told by key", () => {
    const all = diff(
      { machine: { fans: { mode: "manual", dutyPercent: 30 } } },
      { machine: { fans: { mode: "manual", dutyPercent: 60 } } },
    );
    expect(all).toEqual([
      { path: "machine.fans.dutyPercent", before: 30, after: 60, restart: "none" },
    ]);
  });
});

test("only the way to page and API must be confirmed", () => {
  const risky = (before: object, after: object) => mustBeConfirmed(full(before), full(after));
  expect(risky({}, { api: { listen: ["127.0.0.1:80"] } })).toBe(true);
  expect(risky({ api: { hosts: ["a"] } }, {})).toBe(true);
  expect(risky({}, { api: { sessionHours: 1, publicRead: false }, paused: true })).toBe(false);
});
