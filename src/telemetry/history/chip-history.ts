/** Each chip's rate: by quarters of an hour for a day, in memory, and by days, which a file keeps. */
import { emptyMeans, MeanRing, type StepMeans, WeightedMeans } from "./mean-ring.ts";
import type { RangeAnswer } from "./plan.ts";
import { EARLIEST_UNIX_SECONDS } from "./sampler.ts";

export const DAY_S = 86_400;
export const DAYS_ON_DISK = 400;
const QUARTER_S = 900;
/** A day and the open quarter. */
const QUARTERS_KEPT = 97;
/** Today, and yesterday until it is written. */
const DAYS_KEPT = 2;

export interface HistoryChip {
  readonly index: number;
  readonly hashrateHps: { readonly m1: number };
}

export class ChipHistory {
  readonly #boards: readonly BoardChips[];

  constructor(chipsPerBoard: readonly number[]) {
    this.#boards = chipsPerBoard.map((chips) => ({
      quarters: new MeanRing(QUARTER_S, QUARTERS_KEPT, chips),
      days: new MeanRing(DAY_S, DAYS_KEPT, chips),
      takenMinute: undefined,
      unwritten: new Set(),
      continued: new Set(),
    }));
  }

  /**
   * Any number of times; the first of each minute counts, because it has the mean of the minute before. A board without a
   * single nonce in it (paused, off, dead) says nothing about its chips: that is a gap, not zeroes.
   */
  take(board: number, unixSeconds: number, chips: readonly HistoryChip[]): void {
    const kept = this.#boards[board];
    const minute = Math.floor(unixSeconds / 60);
    if (kept === undefined || kept.takenMinute === minute) return;
    if (!(unixSeconds >= EARLIEST_UNIX_SECONDS)) return;
    kept.takenMinute = minute;
    if (!chips.some(({ hashrateHps }) => hashrateHps.m1 > 0)) return;
    for (const ring of [kept.quarters, kept.days])
      addMinute(ring, Math.floor(unixSeconds / ring.stepS), chips);
    const day = Math.floor(unixSeconds / DAY_S);
    kept.unwritten.add(day);
    for (const one of kept.unwritten)
      if (kept.days.get(one) === undefined) kept.unwritten.delete(one);
  }

  /** Days of a board that the disk does not have as they are. */
  unwrittenDays(board: number): readonly number[] {
    return [...(this.#boards[board]?.unwritten ?? [])];
  }

  /**
   * The whole day, with what an earlier run of the program left of it on disk, to be written. Whoever cannot write it
   * says so with `giveBack`.
   */
  takeDay(board: number, day: number, onDisk: StepMeans | undefined): StepMeans | undefined {
    const kept = this.#boards[board];
    const whole = this.#dayOf(board, day, onDisk);
    if (kept === undefined || whole === undefined) return undefined;
    kept.days.put(whole);
    kept.continued.clear();
    kept.continued.add(day);
    kept.unwritten.delete(day);
    return whole;
  }

  giveBack(board: number, day: number): void {
    this.#boards[board]?.unwritten.add(day);
  }

  /** The start of each day and of each quarter, with the series "hashrate" (15 minutes) and "hashrateDaily". */
  answer(
    board: number,
    chip: number,
    nowUnixSeconds: number,
    days: ReadonlyMap<number, StepMeans>,
  ): RangeAnswer {
    const quarters = this.#boards[board]?.quarters;
    const rows = new Map<number, [quarter: number | null, day: number | null]>();
    const today = Math.floor(nowUnixSeconds / DAY_S);
    for (let day = today - DAYS_ON_DISK + 1; day <= today; day++) {
      const mean = meanIn(this.#dayOf(board, day, days.get(day)), chip);
      if (mean !== null) rows.set(day * DAY_S, [null, mean]);
    }
    const last = Math.floor(nowUnixSeconds / QUARTER_S);
    for (let quarter = last - QUARTERS_KEPT + 1; quarter <= last; quarter++) {
      const daily = rows.get(quarter * QUARTER_S)?.[1] ?? null;
      rows.set(quarter * QUARTER_S, [meanIn(quarters?.get(quarter), chip), daily]);
    }
    const sorted = [...rows].sort(([a], [b]) => a - b);
    return {
      stepS: QUARTER_S,
      unixSeconds: sorted.map(([start]) => start),
      series: {
        hashrate: sorted.map(([, [quarter]]) => quarter),
        hashrateDaily: sorted.map(([, [, day]]) => day),
      },
    };
  }

  #dayOf(board: number, day: number, onDisk: StepMeans | undefined): StepMeans | undefined {
    const kept = this.#boards[board];
    const inMemory = kept?.days.get(day);
    if (kept === undefined || inMemory === undefined) return onDisk;
    if (onDisk === undefined || kept.continued.has(day)) return inMemory;
    const both = new WeightedMeans(kept.days.width);
    both.add(onDisk);
    both.add(inMemory);
    return both.toStep(day);
  }
}

interface BoardChips {
  readonly quarters: MeanRing;
  readonly days: MeanRing;
  takenMinute: number | undefined;
  readonly unwritten: Set<number>;
  /** What the disk has of this day is in memory, too. */
  readonly continued: Set<number>;
}

function addMinute(ring: MeanRing, step: number, chips: readonly HistoryChip[]): void {
  if (ring.get(step) === undefined) ring.put(emptyMeans(step, ring.width));
  const kept = ring.get(step);
  if (kept === undefined) return;
  for (const { index, hashrateHps } of chips) {
    if (!(index >= 0 && index < ring.width) || !Number.isFinite(hashrateHps.m1)) continue;
    const weight = (kept.weights[index] ?? 0) + 1;
    const before = kept.means[index] ?? 0;
    kept.means[index] = before + (hashrateHps.m1 - before) / weight;
    kept.weights[index] = weight;
  }
}

function meanIn(means: StepMeans | undefined, index: number): number | null {
  return means === undefined || (means.weights[index] ?? 0) === 0
    ? null
    : (means.means[index] ?? null);
}
