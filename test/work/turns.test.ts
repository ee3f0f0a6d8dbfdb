import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Turns } from "../../src/work/turns.ts";

interface Named {
  weight: number;
  readonly name: string;
}
const named = (name: string, weight: number): Named => ({ name, weight });

/** Gives a second to whoever is next, so often; returns what each got. */
function play(turns: Turns<Named>, candidates: readonly Named[], seconds: number) {
  const got = new Map<string, number>();
  for (let second = 0; second < seconds; second++) {
    const next = turns.next(candidates);
    if (next === undefined) continue;
    turns.spent(next, 1_000);
    got.set(next.name, (got.get(next.name) ?? 0) + 1);
  }
  return got;
}

describe("turns by weight", () => {
  test("time is divided in the ratio of the weights, within one turn", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0.01, 0.05, 0.3, 0.5, 1, 3), { minLength: 1, maxLength: 5 }),
        (weights) => {
          const all = weights.map((weight, i) => named(`${i}`, weight));
          const sum = weights.reduce((total, weight) => total + weight, 0);
          const got = play(new Turns(), all, 5_000);
          for (const { name, weight } of all)
            expect(Math.abs((got.get(name) ?? 0) - (5_000 * weight) / sum)).toBeLessThanOrEqual(
              1 + weights.length,
            );
        },
      ),
      { numRuns: 50 },
    );
  });

  test("who weighs nothing gets nothing, and alone there is nobody", () => {
    const standby = named("standby", 0);
    expect(new Turns<Named>().next([standby])).toBeUndefined();
    expect(play(new Turns(), [standby, named("a", 1)], 10).get("standby")).toBeUndefined();
  });

  test("who was away for an hour catches up five minutes of everybody's time at most", () => {
    const turns = new Turns<Named>();
    const [a, b] = [named("a", 1), named("b", 1)];
    play(turns, [a, b], 10);
    play(turns, [a], 3_600);
    const got = play(turns, [a, b], 1_000);
    expect(got.get("b")).toBeGreaterThan(600);
    expect(got.get("b")).toBeLessThanOrEqual(500 + 151);
  });

  test("a newcomer has no arrears", () => {
    const turns = new Turns<Named>();
    const a = named("a", 1);
    play(turns, [a], 3_600);
    expect(play(turns, [a, named("b", 1)], 100).get("b")).toBeLessThanOrEqual(51);
  });
});
