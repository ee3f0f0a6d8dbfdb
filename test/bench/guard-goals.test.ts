import { expect, test } from "vitest";
import type { GuardLoopResult, GuardResult, ProgramUse } from "./guard.ts";
import { guardFigures } from "./guard-goals.ts";
import { summaryOf } from "./statistics.ts";

const nothing: GuardResult = {
  loops: [],
  programs: [],
  interruptions: [],
  singleProcess: { pssMB: 50, anonymousMB: 50 },
};

const figuresOf = (guard: Partial<GuardResult>) =>
  guardFigures({ guard: { ...nothing, ...guard } });
const verdicts = (figures: ReturnType<typeof figuresOf>) => figures.map(({ goal }) => goal?.met);

function loop(load: GuardLoopResult["load"], tickMs: number, latenessMs: number) {
  const result = { tick: summaryOf([tickMs]), lateness: summaryOf([latenessMs]), longestMs: 1 };
  return verdicts(figuresOf({ loops: [{ load, ...result }] })).slice(0, 4);
}

test.each<[string, Parameters<typeof loop>, readonly (boolean | undefined)[]]>([
  [
    "a loop of 5 ms that comes 50 ms late is allowed",
    ["idle", 5, 50],
    [true, true, true, undefined],
  ],
  ["a longer one is not", ["idle", 5.1, 50], [false, true, true, undefined]],
  ["a later one neither", ["idle", 5, 50.1], [true, false, true, undefined]],
  [
    "but when others want the processors",
    ["busy", 9, 399],
    [undefined, undefined, true, undefined],
  ],
  [
    "up to what is left of 2 s after 1.5 s of silence and a period",
    ["busy", 5, 401],
    [undefined, undefined, false, undefined],
  ],
])("%s", (_, args, expected) => {
  expect(loop(...args)).toEqual(expected);
});

test("the world counts for nothing: no machine has it", () => {
  const use = (program: ProgramUse["program"], pssMB: number): ProgramUse => ({
    program,
    processorShare: 0.01,
    memory: { pssMB, anonymousMB: pssMB },
  });
  const programs = [use("supervisor", 50), use("guard", 50), use("miner", 50), use("world", 500)];
  const figures = figuresOf({ programs });
  expect(figures.at(-2)?.value).toBe("3.0 % of a processor, 150.0 MB = 3.00 × one process 50.0 MB");
  expect(verdicts(figures)).toEqual([undefined, undefined, undefined, undefined, true, true]);
});

test("a chain that loses its power meanwhile is no good sign", () => {
  const [figure] = figuresOf({ interruptions: ["chain 0: no sensor"] }).slice(-1);
  expect(figure).toMatchObject({ value: "chain 0: no sensor", goal: { met: false } });
});
