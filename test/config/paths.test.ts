import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatPath,
  parsePath,
  valueAt,
  withoutValueAt,
  withValueAt,
} from "../../src/config/paths.ts";
import { ConfigError } from "../../src/lib/errors.ts";

const config = {
  name: "one",
  pools: [{ url: "a" }, { url: "b" }],
  machine: { fans: { mode: "auto" } },
};
const at = (path: string) => valueAt(config, parsePath(path));
const set = (path: string, value: unknown) => withValueAt(config, parsePath(path), value);
const unset = (path: string) => withoutValueAt(config, parsePath(path));

describe("a path", () => {
  test("is keys with dots between them and places in brackets", () => {
    expect(parsePath("groups[1].pools[0].url")).toEqual(["groups", 1, "pools", 0, "url"]);
    expect(parsePath("")).toEqual([]);
    expect(at("pools[1].url")).toBe("b");
    expect(at("machine.fans.mode")).toBe("auto");
    expect(at("pools[7].url")).toBeUndefined();
    expect(at("name.length")).toBeUndefined();
    expect(at("toString")).toBeUndefined();
  });

  test.each([
    ".a",
    "a.",
    "a..b",
    "[0]a",
    "a[-1]",
    "a[1.5]",
    "a[1000]",
    "a[",
    "a b",
    "a.[0]",
    "ä",
    "a\n",
    `a${"[0]".repeat(16)}`,
    "a".repeat(256),
  ])("%j is none, and the error tells how one looks", (path) => {
    expect(() => parsePath(path)).toThrow("like pools[0].url");
    expect(() => parsePath(path)).toThrow(ConfigError);
  });

  test("reads as what it was made from", () => {
    const key = fc.stringMatching(/^[A-Za-z_][\w-]{0,9}$/);
    const steps = fc.array(fc.oneof(key, fc.nat(999)), { maxLength: 16 });
    fc.assert(
      fc.property(steps, (all) => {
        expect(parsePath(formatPath(all))).toEqual(all);
      }),
    );
  });

  test("any text is a path or a ConfigError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(formatPath(parsePath(text))).toBe(text.replace(/\[0+(?=\d)/g, "["));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });
});

describe("a value", () => {
  test("is put in its place; what is on the way is made, and everything else stays", () => {
    expect(set("pools[1].user", "me")).toEqual({
      ...config,
      pools: [{ url: "a" }, { url: "b", user: "me" }],
    });
    expect(set("api.listen", ["x"])).toEqual({ ...config, api: { listen: ["x"] } });
    expect(set("pools[2]", { url: "c" })).toMatchObject({ pools: { length: 3 } });
    expect(set("", 5)).toBe(5);
    expect(config.pools[1]).toEqual({ url: "b" });
  });

  test("is taken away; what follows in a list moves up", () => {
    expect(unset("pools[0]")).toEqual({ ...config, pools: [{ url: "b" }] });
    expect(unset("machine.fans")).toEqual({ ...config, machine: {} });
    expect(unset("machine.limits.chip")).toBe(config);
  });

  test.each([
    ["pools[3]", "pools[3]: is no place: pools has 2 entries; allowed: places up to [2]"],
    ["name.first", "name.first: is no place: name is no object"],
    ["name[0]", "name[0]: is no place: name is no list"],
    ["pools.url", "pools.url: is no place: pools is no object"],
    ["[0]", "[0]: is no place: the configuration is no list"],
  ])("has no place at %s", (path, message) => {
    expect(() => set(path, 1)).toThrow(message);
  });

  test("under the name of what every object inherits is a key like any other", () => {
    const changed = set("__proto__.polluted", true) as object;
    expect(Object.keys(changed)).toContain("__proto__");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
