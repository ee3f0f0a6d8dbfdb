/** Changes of a tree, and the feed that numbers and keeps them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changesBetween, withChanges } from "../../src/api/live-deltas.ts";
import { LiveFeed, type LiveMessage } from "../../src/api/live-feed.ts";
import type { DeviceEvent, Status } from "../../src/api/status.ts";
import { Signal } from "../../src/lib/signal.ts";

describe("changes", () => {
  const tree = fc.object({
    key: fc.constantFrom("a", "b", "a/b", "~", "~1", "", "0"),
    maxDepth: 4,
    values: [
      fc.integer({ max: 3, min: 0 }),
      fc.constant(null),
      fc.constantFrom("x", "y"),
      fc.boolean(),
    ],
    withNullPrototype: false,
  });
  test("between any two trees lead from one to the other, also as text", () =>
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const told = JSON.parse(JSON.stringify(changesBetween(before, after)));
        expect(withChanges(before, told)).toEqual(after);
      }),
      { numRuns: 2_000 },
    ));

  test("are none between equals, and no more than what differs", () => {
    const before = { a: { b: 1, c: [1, { d: 2 }] }, e: null };
    expect(changesBetween(before, structuredClone(before))).toEqual([]);
    expect(changesBetween(before, { a: { b: 1, c: [1, { d: 3 }] }, e: null })).toEqual([
      ["/a/c/1/d", 3],
    ]);
    expect(changesBetween(before, { a: { b: 1, c: [1] } })).toEqual([["/e"], ["/a/c", [1]]]);
  });

  test("that lead nowhere are an error, not a surprise", () => {
    expect(() => withChanges({ a: 1 }, [["/a/b", 1]])).toThrow(RangeError);
    expect(() => withChanges({ a: [1] }, [["/a/7", 1]])).toThrow(RangeError);
  });
});

describe("the feed", () => {
  function feedOf() {
    const statuses = new Signal<Status>();
    const events = new Signal<DeviceEvent>();
    let nowMs = 0;
    let number = 0;
    const statusOf = () => ({ unixSeconds: number }) as Status;
    const feed = new LiveFeed(
      {
        status: statusOf,
        onStatus: (listener) => statuses.on(listener),
        onEvent: (listener) => events.on(listener),
      },
      { nowMs: () => nowMs },
      "run",
    );
    return {
      feed,
      next(count = 1) {
        for (let i = 0; i < count; i++) {
          number++;
          statuses.emit(statusOf());
        }
      },
      pass: (ms: number) => {
        nowMs += ms;
      },
    };
  }
  const heardBy = (feed: LiveFeed, lastId?: string) => {
    const heard: LiveMessage[] = [];
    return { heard, listening: feed.listen(lastId, (message) => heard.push(message)) };
  };

  test("resumes where somebody was, if that is still kept", () => {
    const { feed, next } = feedOf();
    const { heard } = heardBy(feed);
    next(3);
    const id = heard[1]?.id ?? "";
    expect(heardBy(feed, id).heard.map(({ data }) => data)).toEqual(
      heard.slice(2).map(({ data }) => data),
    );
    expect(heardBy(feed, heard.at(-1)?.id).heard).toEqual([]);
    next(500);
    expect(heardBy(feed, id).heard.map(({ kind }) => kind)).toEqual(["status"]);
  });

  test("tells the whole where the number lies ahead, or is of another run", () => {
    const { feed, next } = feedOf();
    heardBy(feed);
    next(3);
    for (const id of ["run-4", "run--1", "other-1", "", "run-", "run-1e3"])
      expect(heardBy(feed, id).heard.map(({ kind }) => kind)).toEqual(["status"]);
  });

  test("keeps nothing while nobody has listened for a minute", () => {
    const { feed, next, pass } = feedOf();
    const { heard, listening } = heardBy(feed);
    next(2);
    listening[Symbol.dispose]();
    pass(59_000);
    next(2);
    expect(heardBy(feed, heard.at(-1)?.id).heard).toHaveLength(2);
    const other = feedOf();
    const before = heardBy(other.feed);
    other.next(2);
    before.listening[Symbol.dispose]();
    other.pass(61_000);
    other.next(2);
    expect(heardBy(other.feed, before.heard.at(-1)?.id).heard.map(({ kind }) => kind)).toEqual([
      "status",
    ]);
  });
});
