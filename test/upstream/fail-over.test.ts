import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decideGroup,
  type GroupState,
  newGroupState,
  type Standing,
  shouldConnect,
  standardFailOver,
} from "../../src/upstream/fail-over.ts";

const MINUTE = 60_000;
const trying: Standing = { isWell: false, wellSinceMs: 0, hasFailed: false, mustProve: false };
const dead: Standing = { isWell: false, wellSinceMs: 0, hasFailed: true, mustProve: true };
const well: Standing = { isWell: true, wellSinceMs: 0, hasFailed: false, mustProve: false };
const recovered = (wellSinceMs: number): Standing => ({ ...well, wellSinceMs, mustProve: true });

/** Follows a history of standings, one decision each. */
function follow(history: readonly (readonly [nowMs: number, standings: readonly Standing[]])[]) {
  let state = newGroupState(history[0]?.[1].length ?? 0, 0);
  for (const [nowMs, standings] of history) state = decideGroup(state, standings, nowMs);
  return state;
}

describe("who has the hash power", () => {
  test("at the start the first is waited for, but not for long", () => {
    expect(follow([[1_000, [trying, well]]]).active).toBeUndefined();
    expect(follow([[10_000, [trying, well]]]).active).toBe(1);
    expect(follow([[1_000, [dead, well]]]).active).toBe(1);
    expect(follow([[1_000, [well, well]]]).active).toBe(0);
  });

  test("a first pool that only was slow gets it as soon as it is there", () => {
    const state = follow([
      [10_000, [trying, well]],
      [12_000, [well, well]],
    ]);
    expect(state).toMatchObject({ active: 0, why: "first in order" });
  });

  test("when it fails, the next that gives work has it in the same moment", () => {
    const state = follow([
      [0, [well, well, well]],
      [MINUTE, [dead, dead, well]],
    ]);
    expect(state).toMatchObject({ active: 2, sinceMs: MINUTE });
    expect(state.why).toBe("the pool before it gives no work");
  });

  test("a pool that failed is returned to after five minutes of health, not before", () => {
    const history: [number, Standing[]][] = [
      [0, [well, well]],
      [MINUTE, [dead, well]],
      [2 * MINUTE, [recovered(2 * MINUTE), well]],
    ];
    const at = (ms: number) => follow([...history, [ms, [recovered(2 * MINUTE), well]]]);
    expect(at(7 * MINUTE - 1).active).toBe(1);
    expect(at(7 * MINUTE)).toMatchObject({ active: 0, why: "returned to it: well for 5 minutes" });
  });

  test("a pool that merely asked to reconnect is returned to at once", () => {
    const asked: Standing = { ...trying };
    const state = follow([
      [0, [well, well]],
      [MINUTE, [asked, well]],
      [MINUTE + 500, [{ ...well, wellSinceMs: MINUTE + 500 }, well]],
    ]);
    expect(state.active).toBe(0);
  });

  test("with nothing better, a pool need not prove anything", () => {
    const state = follow([
      [0, [well, dead]],
      [1, [dead, dead]],
      [2, [recovered(2), dead]],
    ]);
    expect(state.active).toBe(0);
  });

  test("returns are ten minutes apart, whatever the pools do", () => {
    const history: [number, Standing[]][] = [
      [0, [well, well]],
      [1, [dead, well]],
      [5 * MINUTE + 2, [recovered(2), well]],
      [6 * MINUTE, [dead, well]],
      // Proven for long, as if by another record: only the distance between returns holds it back.
      [14 * MINUTE, [recovered(-100 * MINUTE), well]],
    ];
    expect(follow(history.slice(0, 3)).active).toBe(0);
    expect(follow(history).active).toBe(1);
    expect(follow([...history, [16 * MINUTE, [recovered(-100 * MINUTE), well]]]).active).toBe(0);
  });

  test("each relapse doubles the time of probation, up to four hours; an hour of service clears it", () => {
    let state: GroupState = newGroupState(2, 0);
    let nowMs = 0;
    const step = (forMs: number, standings: (nowMs: number) => Standing[]) => {
      for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 1_000)
        state = decideGroup(state, standings(nowMs), nowMs);
    };
    const probation = () => {
      const sinceMs = nowMs;
      while (state.active !== 0) step(1_000, () => [recovered(sinceMs), well]);
      return Math.round((nowMs - sinceMs) / MINUTE);
    };
    step(1_000, () => [well, well]);
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) {
      step(10 * MINUTE, () => [dead, well]);
      seen.push(probation());
      if (i < 6) step(2 * MINUTE, () => [well, well]);
    }
    expect(seen).toEqual([5, 10, 20, 40, 80, 160, 240]);
    step(61 * MINUTE, () => [well, well]);
    step(10 * MINUTE, () => [dead, well]);
    expect(probation()).toBe(5);
  });
});

describe("who is connected", () => {
  test("everybody up to the active one; the next when it stands by warm; all when nobody gives work", () => {
    const all = [well, well, well, well];
    const connected = (active: number | undefined, warm: boolean, standings = all, nowMs = 1e6) =>
      [0, 1, 2, 3].filter((index) =>
        shouldConnect(index, { active, startedMs: 0 }, standings, warm, nowMs),
      );
    expect(connected(0, false)).toEqual([0]);
    expect(connected(0, true)).toEqual([0, 1]);
    expect(connected(2, true)).toEqual([0, 1, 2, 3]);
    expect(connected(undefined, false)).toEqual([0, 1, 2, 3]);
    const first = [dead, trying, trying, trying];
    expect(connected(undefined, false, first, 5_000)).toEqual([0, 1]);
    expect(connected(undefined, true, [trying, trying, trying, trying], 5_000)).toEqual([0, 1]);
  });
});

test("in any history the active pool gives work, somebody works when anybody can, and returns keep their distance", () => {
  const duration = fc.constantFrom(250, 1_000, 30_000, 290_000, 301_000, 601_000, 3_700_000);
  const change = fc.record({
    afterMs: duration,
    pool: fc.nat(2),
    is: fc.constantFrom("well", "dead", "asked"),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const pools = [trying, trying, trying].map((standing) => ({ ...standing }));
      let nowMs = 0;
      let state = newGroupState(3, 0);
      let lastReturnMs = Number.NEGATIVE_INFINITY;
      const decide = () => {
        const before = state;
        state = decideGroup(state, pools, nowMs);
        if (state.active !== undefined) expect(pools[state.active]?.isWell).toBe(true);
        else if (nowMs >= standardFailOver.headStartMs)
          expect(pools.some(({ isWell }) => isWell)).toBe(false);
        const wasWorking = before.active !== undefined && pools[before.active]?.isWell === true;
        if (wasWorking && state.active !== before.active) {
          const target = pools[state.active ?? -1];
          if (target?.mustProve === true) {
            expect(nowMs - target.wellSinceMs).toBeGreaterThanOrEqual(300_000);
            expect(nowMs - lastReturnMs).toBeGreaterThanOrEqual(600_000);
            lastReturnMs = nowMs;
          }
        }
      };
      for (const { afterMs, pool, is } of changes) {
        for (const stepMs of [afterMs / 2, afterMs / 2]) {
          nowMs += stepMs;
          decide();
        }
        const changed = pools[pool] as { -readonly [Key in keyof Standing]: Standing[Key] };
        if (is === "well" && !changed.isWell) changed.wellSinceMs = nowMs;
        if (is === "dead") Object.assign(changed, { hasFailed: true, mustProve: true });
        if (is === "asked" && changed.isWell) changed.mustProve = false;
        changed.isWell = is === "well";
        decide();
      }
    }),
    { numRuns: 300 },
  );
});
