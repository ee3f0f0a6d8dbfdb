import { expect, test } from "vitest";
import { ChipHistory, DAY_S } from "../../../src/telemetry/history/chip-history.ts";
import type { StepMeans } from "../../../src/telemetry/history/mean-ring.ts";

const DAY = 20_000;
const MIDNIGHT = DAY * DAY_S;

const rates = (...hps: number[]) => hps.map((m1, index) => ({ index, hashrateHps: { m1 } }));

function days(history: ChipHistory, onDisk?: StepMeans): StepMeans | undefined {
  return history.takeDay(0, DAY, onDisk);
}

test("a chip's quarter is the mean of its minutes, however often it is told", () => {
  const history = new ChipHistory([2]);
  for (let s = 0; s < 900; s++) history.take(0, MIDNIGHT + s, rates(s < 450 ? 10 : 20, 5));
  const { unixSeconds, series, stepS } = history.answer(0, 0, MIDNIGHT + 899, new Map());
  expect(stepS).toBe(900);
  expect(unixSeconds.at(-1)).toBe(MIDNIGHT);
  // Eight minutes begin in the first half.
  expect(series["hashrate"]?.at(-1)).toBeCloseTo((8 * 10 + 7 * 20) / 15, 4);
  expect(series["hashrateDaily"]?.at(-1)).toBeCloseTo((8 * 10 + 7 * 20) / 15, 4);
  expect(series["hashrate"]?.slice(0, -1).every((value) => value === null)).toBe(true);
  expect(unixSeconds).toHaveLength(97);
});

test("a board without a nonce says nothing about its chips, a dead chip among living ones is dead", () => {
  const history = new ChipHistory([2]);
  history.take(0, MIDNIGHT, rates(0, 0));
  history.take(0, MIDNIGHT + 900, rates(7, 0));
  const last = (chip: number) =>
    history.answer(0, chip, MIDNIGHT + 900, new Map()).series["hashrate"]?.slice(-2);
  expect(last(0)).toEqual([null, 7]);
  expect(last(1)).toEqual([null, 0]);
});

test("a day goes on where the last run left it on disk, once", () => {
  const before = new ChipHistory([1]);
  for (let m = 0; m < 60; m++) before.take(0, MIDNIGHT + m * 60, rates(10));
  const onDisk = days(before);
  expect(onDisk?.weights[0]).toBe(60);
  const after = new ChipHistory([1]);
  for (let m = 120; m < 180; m++) after.take(0, MIDNIGHT + m * 60, rates(20));
  const disk = onDisk === undefined ? new Map() : new Map([[DAY, onDisk]]);
  const daily = () => after.answer(0, 0, MIDNIGHT + 12 * 3_600, disk).series["hashrateDaily"];
  expect(daily()).toContain(15);
  expect(days(after, onDisk)).toMatchObject({ means: Float32Array.of(15) });
  expect(days(after, onDisk)?.weights[0], "added once").toBe(120);
  expect(daily()).toContain(15);
});

test("what could not be written is still to be written, today and yesterday, and no more", () => {
  const history = new ChipHistory([1]);
  for (let day = DAY - 5; day <= DAY; day++) history.take(0, day * DAY_S, rates(1));
  expect(history.unwrittenDays(0)).toEqual([DAY - 1, DAY]);
  days(history);
  expect(history.unwrittenDays(0)).toEqual([DAY - 1]);
  history.giveBack(0, DAY);
  expect(history.unwrittenDays(0)).toEqual([DAY - 1, DAY]);
});

test("a board or chip that is not there is no reason to fail", () => {
  const history = new ChipHistory([1]);
  history.take(3, MIDNIGHT, rates(1));
  history.take(0, MIDNIGHT, [{ index: 9, hashrateHps: { m1: 5 } }]);
  history.take(0, 5, rates(1));
  expect(history.answer(3, 0, MIDNIGHT, new Map()).series["hashrate"]).not.toContain(1);
});
