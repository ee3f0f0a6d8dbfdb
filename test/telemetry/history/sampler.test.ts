import { expect, test } from "vitest";
import { Sampler } from "../../../src/telemetry/history/sampler.ts";
import { historySeries } from "../../../src/telemetry/history/series.ts";
import { T0, told } from "./told.ts";

const names = historySeries(1).map(({ name }) => name);

/** What a sampler of one board makes of these, oldest first. */
function samples(...statuses: Parameters<typeof told>[0][]) {
  const sampler = new Sampler(1);
  return statuses.map((one) => {
    const sample = sampler.take(told(one));
    const value = (name: string) => sample?.values[names.indexOf(name)];
    return { sample, value };
  });
}

test("the series have names, units, and an order that is the values'", () => {
  expect(historySeries(2)).toHaveLength(8 + 2 * 4);
  expect(historySeries(1).at(-3)).toEqual({ name: "board.0.temperature", unit: "°C" });
  const [one] = samples({ unixSeconds: T0 });
  expect(one?.value("hashrate")).toBe(1e14);
  expect(one?.value("power")).toBe(3_000);
  expect(one?.value("fanDuty")).toBe(50);
  expect(one?.value("board.0.temperature"), "the hottest of its sensors").toBe(65);
  expect(one?.value("board.0.frequency")).toBe(500);
});

test("unknown is no zero, and what is zero stays zero", () => {
  const [one] = samples({ unixSeconds: T0, powerW: null, hashrateHps: 0 });
  expect(one?.value("power")).toBeNaN();
  expect(one?.value("board.0.power")).toBeNaN();
  expect(one?.value("hashrate")).toBe(0);
});

test.each([
  ["nothing was told yet", { measuredAgoS: null }],
  ["what was told is six seconds old", { measuredAgoS: 6 }],
])("nothing is known when %s", (_, changes) => {
  const [one] = samples({ unixSeconds: T0, ...changes });
  expect(one?.sample?.values.every(Number.isNaN)).toBe(true);
  expect(one?.sample?.isFresh).toBe(false);
});

test.each([
  ["silent", { state: "silent", uptimeS: 10 }],
  ["up without a word", { state: "running", uptimeS: null }],
])("a miner that is %s leaves its own series unknown, the guard's stay", (_, miner) => {
  const [one] = samples({ unixSeconds: T0, miner });
  expect(one?.value("hashrate")).toBeNaN();
  expect(one?.value("temperature")).toBe(70);
});

test("a miner that is stopped hashes nothing, which is known", () => {
  const miner = { state: "stopped", uptimeS: null };
  const [one] = samples({ unixSeconds: T0, miner, hashrateHps: 0 });
  expect(one?.value("hashrate")).toBe(0);
});

test("a status stands for the seconds since the one before, up to five of them", () => {
  const spans = samples(
    ...[0, 1, 3, 8, 14, 14, 10].map((after) => ({ unixSeconds: T0 + after })),
  ).map(({ sample }) => [
    (sample?.firstUnixSeconds ?? 0) - T0,
    (sample?.lastUnixSeconds ?? 0) - T0,
  ]);
  expect(spans).toEqual([
    [0, 0],
    [1, 1],
    [2, 3],
    [4, 8],
    [14, 14],
    [14, 14],
    [10, 10],
  ]);
});

test("share rates come from what the counters gained", () => {
  const rates = samples(
    { unixSeconds: T0, accepted: 100 },
    { unixSeconds: T0 + 2, accepted: 103 },
    // A second one in the same second: what it gained belongs to the next.
    { unixSeconds: T0 + 2, accepted: 104 },
    { unixSeconds: T0 + 3, accepted: 105 },
  ).map(({ value }) => value("acceptedRate"));
  expect(rates).toEqual([Number.NaN, 90, 90, 120]);
});

test("a new miner's counters, a gap and a step of the clock are gaps in share rates", () => {
  const rates = samples(
    { unixSeconds: T0, accepted: 100 },
    { unixSeconds: T0 + 1, accepted: 0 },
    { unixSeconds: T0 + 2, accepted: 1 },
    { unixSeconds: T0 + 100, accepted: 2 },
    { unixSeconds: T0 + 50, accepted: 3 },
    { unixSeconds: T0 + 51, accepted: 3 },
  ).map(({ value }) => value("acceptedRate"));
  expect(rates).toEqual([Number.NaN, Number.NaN, 60, Number.NaN, Number.NaN, 0]);
});

test("a clock that has not learned the time dates nothing", () => {
  const [lost, found] = samples({ unixSeconds: 5 }, { unixSeconds: T0 });
  expect(lost?.sample).toBeUndefined();
  expect(found?.sample?.firstUnixSeconds).toBe(T0);
});
