import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HistoryStore, MINUTES_KEPT } from "../../../src/telemetry/history/history-store.ts";
import type { StepMeans } from "../../../src/telemetry/history/mean-ring.ts";
import { AnswerBuilder, planAnswer } from "../../../src/telemetry/history/plan.ts";
import { T0 } from "./told.ts";

/** One series, told second by second. */
function take(store: HistoryStore, second: number, value: number, lastSecond = second) {
  store.take({
    firstUnixSeconds: second,
    lastUnixSeconds: lastSecond,
    values: Float64Array.of(value),
    isFresh: true,
  });
}

const meanOf = (one: StepMeans | undefined) => (one?.weights[0] ? one.means[0] : undefined);

/** Steps of a clock that nobody keeps right, and of one that runs. */
const steps = fc.array(
  fc.record({
    stepS: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(1, 1, 1, 2, 5, 59, 60) },
      { weight: 1, arbitrary: fc.constantFrom(-1, -60, -601, -86_400, 900, 86_400, 400 * 86_400) },
    ),
    value: fc.oneof(fc.constantFrom(Number.NaN, 0, 100), fc.double({ min: -50, max: 1e15 })),
    runS: fc.constantFrom(1, 30, 61, 900, 1_000),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("each level says what the finer one says", () => {
  test("whatever is told, and however the clock steps", () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const store = new HistoryStore(1);
        /** What the clock's seconds were last told to be. */
        const truth = new Map<number, number>();
        let now = T0;
        for (const { stepS, value, runS } of walk) {
          now += stepS;
          for (let i = 0; i < runS; i++, now++) {
            take(store, now, value);
            truth.set(now, value);
          }
        }
        store.refresh();
        for (const step of store.seconds.steps()) {
          const value = truth.get(step) ?? Number.NaN;
          expect(meanOf(store.seconds.get(step))).toBe(
            Number.isNaN(value) ? undefined : Math.fround(value),
          );
        }
        for (const [ring, most] of [
          [store.minutes, 60],
          [store.quarters, 900],
        ] as const)
          for (const step of ring.steps()) {
            const one = ring.get(step);
            const within = [...truth].filter(
              ([second, value]) => Math.floor(second / ring.stepS) === step && !Number.isNaN(value),
            );
            expect(one?.weights[0]).toBeLessThanOrEqual(most);
            // A second pass may have unlearned seconds; the fuller of both passes is kept.
            expect(one?.weights[0]).toBeGreaterThanOrEqual(within.length);
          }
      }),
      { numRuns: 60 },
    );
  });

  test("means of means are means of the seconds, where the clock only goes forward", () => {
    const forward = fc.array(
      fc.record({
        gapS: fc.constantFrom(1, 2, 7, 60, 400),
        value: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -40, max: 1_000_000 })),
        runS: fc.constantFrom(1, 13, 60, 300),
      }),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(forward, (walk) => {
        const store = new HistoryStore(1);
        const told: [second: number, value: number][] = [];
        let now = T0;
        for (const { gapS, value, runS } of walk) {
          now += gapS;
          for (let i = 0; i < runS; i++, now++) {
            take(store, now, value);
            if (!Number.isNaN(value)) told.push([now, value]);
          }
        }
        store.refresh();
        for (const ring of [store.minutes, store.quarters]) {
          const expected = new Map<number, number[]>();
          for (const [second, value] of told) {
            const step = Math.floor(second / ring.stepS);
            expected.set(step, [...(expected.get(step) ?? []), value]);
          }
          for (const [step, values] of expected) {
            const one = ring.get(step);
            expect(one?.weights[0]).toBe(values.length);
            const mean = values.reduce((a, b) => a + b, 0) / values.length;
            expect(Math.abs((one?.means[0] ?? Number.NaN) - mean)).toBeLessThanOrEqual(
              1e-6 * Math.max(1, ...values.map(Math.abs)),
            );
          }
          for (const step of ring.steps())
            if (!expected.has(step)) expect(meanOf(ring.get(step))).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a clock that is set back", () => {
  test("replaces the seconds that it goes through again, and touches no others", () => {
    const store = new HistoryStore(1);
    for (let i = 0; i < 600; i++) take(store, T0 + i, 1);
    for (let i = 300; i < 420; i++) take(store, T0 + i, 2);
    expect(meanOf(store.seconds.get(T0 + 299))).toBe(1);
    expect(meanOf(store.seconds.get(T0 + 300))).toBe(2);
    expect(meanOf(store.seconds.get(T0 + 450))).toBe(1);
  });

  test("does not replace a minute that is known by one of which a moment is known", () => {
    const store = new HistoryStore(1);
    const minute = Math.ceil(T0 / 60);
    for (let i = 0; i < 60; i++) take(store, minute * 60 + i, 1);
    take(store, (minute + 200) * 60, 5);
    // Later than an hour the seconds of that minute are gone from memory.
    for (let i = 0; i < 4_000; i++) take(store, (minute + 200) * 60 + i, 5);
    take(store, minute * 60 + 10, 9);
    take(store, (minute + 1) * 60, 9);
    expect(store.minutes.get(minute)).toMatchObject({ means: Float32Array.of(1) });
  });
});

describe("restarts", () => {
  test("what earlier runs left is there again, and the quarter goes on", () => {
    const before = new HistoryStore(1);
    const quarter = Math.ceil(T0 / 900);
    for (let i = 0; i < 420; i++) take(before, quarter * 900 + i, 10);
    before.finish();
    const after = new HistoryStore(1);
    after.restore(before.takeUnwritten("minutes"));
    // Away for two minutes, which nobody knows.
    for (let i = 540; i < 900; i++) take(after, quarter * 900 + i, 20);
    take(after, (quarter + 1) * 900, 20);
    const whole = after.quarters.get(quarter);
    expect(whole?.weights[0]).toBe(420 + 360);
    expect(whole?.means[0]).toBeCloseTo((420 * 10 + 360 * 20) / 780, 4);
  });

  test("a machine without a disk does not collect what it cannot write", () => {
    const store = new HistoryStore(1);
    for (let i = 0; i < 2 * 86_400; i += 5) take(store, T0 + i, 1, T0 + i + 4);
    expect(store.takeUnwritten("minutes").length).toBeLessThanOrEqual(MINUTES_KEPT);
    expect(store.takeUnwritten("quarters").length).toBe(2 * 96);
  });
});

describe("a question is answered", () => {
  const store = new HistoryStore(1);
  for (let i = 0; i < 26 * 3_600; i++) take(store, T0 + i, i % 2);
  store.refresh();
  const now = T0 + 26 * 3_600;
  const ask = (lastS: number, maxPoints: number) =>
    planAnswer({ fromUnixSeconds: now - lastS, toUnixSeconds: now, maxPoints }, store, now);

  test.each([
    ["a minute in seconds", 60, 100, "seconds", 1],
    ["an hour in seconds when there is room", 3_600, 5_000, "seconds", 1],
    ["an hour in steps of ten seconds when there is less", 3_600, 400, "seconds", 10],
    ["a day in minutes", 86_400, 1_500, "minutes", 60],
    ["a day in fewer points", 86_400, 360, "minutes", 300],
    ["a month in quarters", 30 * 86_400, 5_000, "quarters", 900],
    ["a month in fewer points", 30 * 86_400, 360, "quarters", 7_200],
    ["a year in a few points", 365 * 86_400, 60, "quarters", 7 * 86_400],
    ["all in one", 365 * 86_400, 1, "quarters", 400 * 86_400],
  ])("%s", (_, lastS, maxPoints, level, stepS) => {
    const plan = ask(lastS, maxPoints);
    expect(plan).toMatchObject({ level, stepS });
    expect(plan.toStep - plan.fromStep + 1).toBeLessThanOrEqual(maxPoints);
  });

  test("never with more points than asked for, always with the newest", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        fc.integer({ min: 1, max: 2_000 }),
        (from, lastS, maxPoints) => {
          const plan = planAnswer(
            { fromUnixSeconds: from, toUnixSeconds: from + lastS, maxPoints },
            store,
            now,
          );
          expect(plan.toStep - plan.fromStep + 1).toBeLessThanOrEqual(maxPoints);
          expect(plan.toStep * plan.stepS).toBeLessThanOrEqual(now);
        },
      ),
    );
  });

  test("with means, and null where nothing is known", () => {
    const plan = planAnswer(
      { fromUnixSeconds: T0 - 1_800, toUnixSeconds: T0 + 1_800, maxPoints: 10 },
      store,
      now,
    );
    const answer = new AnswerBuilder(plan, ["x"], [0], 1);
    for (const step of store.quarters.steps().toSorted()) {
      const means = store.quarters.get(step);
      if (means !== undefined) answer.add(means, step * 900);
    }
    const { series, unixSeconds, stepS } = answer.finish();
    expect(stepS).toBe(900);
    expect(unixSeconds).toHaveLength(5);
    expect(unixSeconds[0]).toBe(Math.floor((T0 - 1_800) / 900) * 900);
    expect(series["x"]?.slice(0, 2)).toEqual([null, null]);
    expect(series["x"]?.[3]).toBeCloseTo(0.5, 2);
  });

  test("from what an earlier run left, where this one began a moment ago", () => {
    const fresh = new HistoryStore(1);
    fresh.restore(store.minutes.steps().flatMap((step) => store.minutes.get(step) ?? []));
    take(fresh, now, 1);
    const query = { fromUnixSeconds: now - 3_600, toUnixSeconds: now, maxPoints: 5_000 };
    expect(planAnswer(query, fresh, now).level).toBe("minutes");
    const first = new HistoryStore(1);
    take(first, now, 1);
    expect(planAnswer(query, first, now).level, "on a machine's first day").toBe("seconds");
  });

  test.each([
    ["from", { fromUnixSeconds: Number.NaN, toUnixSeconds: 0, maxPoints: 5 }],
    ["from", { fromUnixSeconds: 10, toUnixSeconds: 0, maxPoints: 5 }],
    ["to", { fromUnixSeconds: 0, toUnixSeconds: Number.POSITIVE_INFINITY, maxPoints: 5 }],
    ["maxPoints", { fromUnixSeconds: 0, toUnixSeconds: 1, maxPoints: 0 }],
    ["maxPoints", { fromUnixSeconds: 0, toUnixSeconds: 1, maxPoints: 1.5 }],
  ])("or %s is named as the problem", (path, query) => {
    expect(() => planAnswer(query, store, now)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ path })] }),
    );
  });
});
