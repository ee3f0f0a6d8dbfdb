import { describe, expect, test } from "vitest";
import type { DeviceEvent } from "../../src/api/status.ts";
import { columnsFor } from "../../src/ui/boards/columns.ts";
import { healthOf } from "../../src/ui/boards/health.ts";
import { extentOf, markedEvents, paddedRange, tableOf } from "../../src/ui/charts/series.ts";
import { eventsShown } from "../../src/ui/parts/events-shown.ts";
import { added, moved, poolPlaces, removed } from "../../src/ui/pools/pool-list.ts";
import { routeOf } from "../../src/ui/shell/route.ts";
import { whatBecame } from "../../src/ui/system/what-became.ts";

const event = (id: number, more: Partial<DeviceEvent> = {}): DeviceEvent => ({
  id,
  unixSeconds: id * 100,
  uptimeS: id,
  what: "trip",
  severity: "info",
  where: "machine",
  rule: "",
  measured: null,
  limit: null,
  action: "",
  reason: `reason ${id}`,
  ...more,
});

describe("what became of an update", () => {
  const current = { name: "versions/2-b", version: "2" };
  const returned = { name: "versions/3-c", version: "3", reason: "it was hot", isNew: false };

  test.each([
    ["a return that is over", "returned", returned, "update.returned"],
    ["one whose settings are not back", "restoring", returned, "update.returning"],
  ] as const)("%s has words of its own", (_what, state, gone, key) => {
    const became = whatBecame({ current, state, returned: gone, reason: "it was hot" });
    expect(became).toEqual({ key, version: "3", reason: "it was hot" });
  });

  test("one that settled is told with its reason; where there is none, nothing is", () => {
    const settled = { current, state: "settled", returned: null } as const;
    expect(whatBecame({ ...settled, reason: "all is well" })).toMatchObject({
      key: "update.settled",
      version: "2",
    });
    expect(whatBecame({ ...settled, reason: "" })).toBeNull();
    expect(whatBecame({ ...settled, state: "trial", reason: "all is well" })).toBeNull();
  });
});

describe("addresses of pages", () => {
  test.each([
    ["", { page: "overview", rest: [] }],
    ["#/boards/0/17", { page: "boards", rest: ["0", "17"] }],
    ["#/nonsense", { page: "overview", rest: [] }],
  ])("%s", (hash, route) => expect(routeOf(hash)).toEqual(route));
});

describe("pools in the settings", () => {
  const [a, b, c] = [{ url: "a" }, { url: "b" }, { url: "c" }];

  test("are numbered over all groups, as in the status", () => {
    const groups = [{ pools: [a, b] }, { pools: [c] }];
    expect(poolPlaces({ groups }).map(({ path }) => path)).toEqual([
      "groups[0].pools[0]",
      "groups[0].pools[1]",
      "groups[1].pools[0]",
    ]);
    expect(poolPlaces({ pool: a }).map(({ path }) => path)).toEqual(["pool"]);
    expect(poolPlaces(undefined)).toEqual([]);
  });

  test("go up and down in their list, and not beyond", () => {
    const [first, second] = poolPlaces({ pools: [a, b] });
    if (first === undefined || second === undefined) throw new Error("two pools");
    expect(moved(second, -1)).toEqual([{ path: "pools", value: [b, a] }]);
    expect(moved(first, -1)).toEqual([]);
    expect(removed(first)).toEqual([{ path: "pools", value: [b] }]);
  });

  test("the last one cannot be removed, and the only one becomes a list", () => {
    const [only] = poolPlaces({ pools: [a] });
    expect(only && removed(only)).toEqual([]);
    expect(added({ pool: a }, b)).toEqual([
      { path: "pool", value: undefined },
      { path: "pools", value: [a, b] },
    ]);
  });
});

describe("events", () => {
  const events = [
    event(1),
    event(2, { severity: "error", where: "chain 1", reason: "Too HOT" }),
    event(3, { severity: "warning" }),
  ];

  test("are newest first, by severity, place and words", () => {
    const ids = (...query: [DeviceEvent["severity"], string, string]) =>
      eventsShown(events, ...query).map(({ id }) => id);
    expect(ids("info", "", "")).toEqual([3, 2, 1]);
    expect(ids("warning", "", "")).toEqual([3, 2]);
    expect(ids("info", "chain 1", "")).toEqual([2]);
    expect(ids("info", "", "too hot")).toEqual([2]);
  });

  test("are marked on a chart where they are within its time", () => {
    expect(markedEvents(events, 150, 250).map(({ id }) => id)).toEqual([2]);
  });
});

describe("charts", () => {
  test("what is unknown does not count", () => {
    expect(extentOf([null, 2, 4, null])).toEqual({ least: 2, mean: 3, greatest: 4 });
    expect(extentOf([null])).toBeNull();
  });

  test("the table has means of no more rows than asked for", () => {
    const values = [1, 3, null, null, 5];
    const rows = tableOf([0, 1, 2, 3, 4], [{ label: "a", values, look: 0 }], 3);
    expect(rows).toEqual([
      { unixSeconds: 0, values: [2] },
      { unixSeconds: 2, values: [null] },
      { unixSeconds: 4, values: [5] },
    ]);
  });

  test("an axis begins at zero where values come near it, and has room where they do not", () => {
    expect(paddedRange(0, 100)[0]).toBe(0);
    expect(paddedRange(90, 100)[0]).toBeLessThan(90);
    expect(paddedRange(90, 100)[0]).toBeGreaterThan(80);
    expect(paddedRange(0, 0)).toEqual([0, 1]);
  });
});

describe("the map of chips", () => {
  test.each([
    [126, 1_000, 21],
    [126, 300, 7],
    [1, 1_000, 1],
    [113, 800, 22],
  ])("%d chips in %d px stand in %d columns", (count, width, columns) =>
    expect(columnsFor(count, width)).toBe(columns),
  );

  test("health has a class, and none where nothing is known", () => {
    expect([null, 1.02, 0.7, 0.3, 0].map((health) => healthOf({ health }))).toEqual([
      "unknown",
      "good",
      "fair",
      "weak",
      "dead",
    ]);
  });
});
