import { describe, expect, test } from "vitest";
import { checkAgainst } from "../../src/config/problems.ts";
import { configSchema } from "../../src/config/schema.ts";
import {
  carriedOver,
  changesBetween,
  isEqual,
  withoutDefaults,
} from "../../src/ui/settings/changes.ts";
import {
  faultOf,
  freshValue,
  kindOf,
  MASK,
  type SchemaNode,
  variantOf,
} from "../../src/ui/settings/schema-node.ts";
import { onlyGroupOf, partOf, sectionsOf } from "../../src/ui/settings/sections.ts";
import { sampleConfig } from "../support/operated-device.ts";

const schema = JSON.parse(JSON.stringify(configSchema)) as SchemaNode;
const { effective } = sampleConfig();
const config = JSON.parse(JSON.stringify(effective)) as Record<string, unknown> & {
  pools: Record<string, unknown>[];
};

describe("the form of the real schema", () => {
  test("has a section for each key of it, once", () => {
    const keys = sectionsOf(schema).flatMap((section) => section.keys);
    expect([...keys, "version"].sort()).toEqual(Object.keys(schema.properties ?? {}).sort());
  });

  test("a section that is one object is shown without a frame", () => {
    expect(onlyGroupOf(schema, ["api"])).toBe("api");
    expect(onlyGroupOf(schema, ["mqtt"])).toBeUndefined();
    expect(Object.keys(partOf(schema, ["name", "log"]).properties ?? {})).toEqual(["name", "log"]);
  });

  test("knows every node's kind", () => {
    const at = (path: string) =>
      path.split(".").reduce<SchemaNode>((node, key) => node.properties?.[key] ?? {}, schema);
    expect(kindOf(at("name"))).toBe("text");
    expect(kindOf(at("paused"))).toBe("switch");
    expect(kindOf(at("log.level"))).toBe("choice");
    expect(kindOf(at("api.listen"))).toBe("lines");
    expect(kindOf(at("api.sessionHours"))).toBe("number");
    expect(kindOf(at("mqtt.password"))).toBe("secret");
    expect(kindOf(at("pools"))).toBe("list");
    expect(kindOf(at("machine.fans"))).toBe("variants");
  });

  test("a fresh section is one that the device takes, but for what has to be filled in", () => {
    const fresh = { ...config, machine: freshValue(schema.properties?.["machine"] ?? {}) };
    expect(checkAgainst(configSchema, fresh).problems).toEqual([]);
  });

  test("the shape of a value is found among several", () => {
    const fans = schema.properties?.["machine"]?.properties?.["fans"] ?? {};
    expect(variantOf(fans, { mode: "auto" })).toBe(0);
    expect(variantOf(fans, { mode: "manual", dutyPercent: 40 })).toBe(1);
  });
});

describe("what a field alone can tell", () => {
  const hours = schema.properties?.["api"]?.properties?.["sessionHours"] ?? {};
  test.each([
    [24, null],
    [0, { is: "below", limit: 1 }],
    [721, { is: "above", limit: 720 }],
    [1.5, { is: "not-a-number" }],
    [Number.NaN, { is: "not-a-number" }],
  ])("%d hours", (value, fault) => expect(faultOf(hours, value)).toEqual(fault));

  test("a masked secret is never at fault", () => {
    const secret = schema.properties?.["webhook"]?.properties?.["secret"] ?? {};
    expect(faultOf(secret, MASK)).toBeNull();
    expect(faultOf(secret, "short")).toEqual({ is: "too-short", limit: 8 });
  });
});

describe("a form whose device tells its settings again", () => {
  const edited = (change: (draft: typeof config) => void) => {
    const copy = structuredClone(config);
    change(copy);
    return copy;
  };
  const draft = edited((copy) => {
    copy["name"] = "attic";
    Object.assign(copy.pools[1] ?? {}, { user: "asicd.three" });
  });

  test("keeps what was edited, and has the device's word on all the rest", () => {
    const now = edited((copy) => {
      copy["paused"] = true;
    });
    const carried = carriedOver(config, draft, now, schema);
    expect(changesBetween(now, carried, schema)).toEqual([
      { path: "pools[1].user", value: "asicd.three" },
      { path: "name", value: "attic" },
    ]);
    expect(carried).toMatchObject({ paused: true });
  });

  test("never mixes an edited pool with another one that is at its place now", () => {
    const now = edited((copy) => copy.pools.reverse());
    const carried = carriedOver(config, draft, now, schema);
    expect(changesBetween(now, carried, schema)).toEqual([{ path: "name", value: "attic" }]);
  });

  test("changes nothing where nothing was edited, and loses nothing where nothing is new", () => {
    expect(carriedOver(config, config, draft, schema)).toEqual(draft);
    expect(carriedOver(config, draft, config, schema)).toEqual(draft);
    expect(carriedOver(draft, config, draft, schema)).toEqual(config);
  });

  test("has the edited list where a pool was taken out, and what was taken out stays out", () => {
    const shorter = edited((copy) => copy.pools.pop());
    const now = edited((copy) => {
      copy["name"] = "cellar";
    });
    expect(carriedOver(config, shorter, now, schema)).toMatchObject({
      name: "cellar",
      pools: shorter.pools,
    });
    const withMqtt = { ...config, mqtt: { url: "mqtt://broker:1883" } };
    expect(carriedOver(withMqtt, config, { ...withMqtt, name: "cellar" }, schema)).toEqual({
      ...config,
      name: "cellar",
    });
  });
});

describe("the changes of a form", () => {
  const changed = (change: (draft: typeof config) => void) => {
    const draft = structuredClone(config);
    change(draft);
    return changesBetween(config, draft, schema);
  };

  test("are none where nothing was changed", () => expect(changed(() => {})).toEqual([]));

  test("are single values, also inside a list", () => {
    expect(
      changed((draft) => {
        draft["name"] = "garage";
        Object.assign(draft.pools[1] ?? {}, { user: "asicd.three" });
      }),
    ).toEqual([
      { path: "pools[1].user", value: "asicd.three" },
      { path: "name", value: "garage" },
    ]);
  });

  test("are the whole list where it got longer, without what is a default anyway", () => {
    const [change] = changed((draft) => draft.pools.push({ url: "stratum+tcp://a:1", user: "" }));
    expect(change?.path).toBe("pools");
    const value = change?.value as readonly object[] | undefined;
    expect(value?.at(-1)).toEqual({ url: "stratum+tcp://a:1" });
    expect(value?.[0]).not.toHaveProperty("channel");
  });

  test("give a node back to its default where it was taken out", () => {
    const before = { ...config, mqtt: { url: "mqtt://broker:1883" } };
    expect(changesBetween(before, config, schema)).toEqual([{ path: "mqtt", value: undefined }]);
  });

  test("what is equal is equal whatever the order of its keys", () => {
    expect(isEqual({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toBe(true);
    expect(isEqual({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(isEqual([1, 2], [2, 1])).toBe(false);
  });

  test("the effective configuration without its defaults still means the same", () => {
    const sparse = withoutDefaults(config, schema);
    expect(checkAgainst(configSchema, sparse).value).toEqual(effective);
  });
});
