import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { type Migration, migrate, migrations } from "../../src/config/migrate.ts";
import { CONFIG_VERSION } from "../../src/config/schema.ts";

const planted: readonly Migration[] = [
  {
    from: 1,
    about: "fanSpeed became fans",
    migrate: ({ fanSpeed, ...rest }) => ({ ...rest, fans: { dutyPercent: fanSpeed } }),
  },
  {
    from: 2,
    about: "title became name",
    migrate: ({ title, ...rest }) => ({ ...rest, name: title }),
  },
];

describe("a configuration of an older format", () => {
  test("is brought forward step by step, each told", () => {
    expect(migrate({ version: 1, fanSpeed: 40, title: "rig" }, planted, 3)).toEqual({
      value: { version: 3, fans: { dutyPercent: 40 }, name: "rig" },
      steps: ["version 1 to 2: fanSpeed became fans", "version 2 to 3: title became name"],
    });
    expect(migrate({ version: 2, title: "rig" }, planted, 3).steps).toHaveLength(1);
  });

  test("is not changed itself, also not within", () => {
    const old = { version: 1, pools: [{ url: "a" }] };
    const table = [
      {
        from: 1,
        about: "",
        migrate(config: Record<string, unknown>) {
          (config["pools"] as { url: string }[]).pop();
          return config;
        },
      },
    ];
    expect(migrate(old, table, 2).value).toEqual({ version: 2, pools: [] });
    expect(old.pools).toHaveLength(1);
  });

  test.each([
    [null],
    [5],
    [[]],
    [{}],
    [{ version: "1" }],
    [{ version: 3 }],
    [{ version: 0 }],
    [{ version: 1.5 }],
  ])("%j is left for the loader to judge", (value) => {
    expect(migrate(value, planted, 3)).toEqual({ value, steps: [] });
  });
});

test("there is a migration for each version before the present one, and the present one loads", () => {
  expect(migrations.map(({ from }) => from)).toEqual(
    Array.from({ length: CONFIG_VERSION - 1 }, (_, i) => i + 1),
  );
  const pool = { url: "stratum+tcp://pool.example:1", user: "me" };
  expect(loadConfig({ version: CONFIG_VERSION, pool }, []).version).toBe(CONFIG_VERSION);
});
