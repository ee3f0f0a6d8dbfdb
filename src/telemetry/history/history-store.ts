/** Seconds, minutes and quarters of an hour: each level is computed from the finer one and never counted beside it. */
import { emptyMeans, fullerMeans, MeanRing, type StepMeans, WeightedMeans } from "./mean-ring.ts";
import type { Sample } from "./sampler.ts";

export const MINUTE_S = 60;
export const QUARTER_S = 900;
/** An hour, and the minute that is open. */
const SECONDS_KEPT = 61 * 60;
/** A day, and the quarter that is computed from it. */
export const MINUTES_KEPT = 25 * 60;
/** In memory 31 days, for a machine without a disk and for what is not written yet; on disk `QUARTERS_ON_DISK`. */
const QUARTERS_KEPT = 31 * 96;
export const QUARTERS_ON_DISK = 400 * 96;

export type Level = "minutes" | "quarters";

export class HistoryStore {
  readonly seconds: MeanRing;
  readonly minutes: MeanRing;
  readonly quarters: MeanRing;
  /** Steps that the disk does not have yet. */
  readonly #unwritten: Readonly<Record<Level, Set<number>>> = {
    minutes: new Set(),
    quarters: new Set(),
  };
  #openMinute: number | undefined;

  constructor(width: number) {
    this.seconds = new MeanRing(1, SECONDS_KEPT, width);
    this.minutes = new MeanRing(MINUTE_S, MINUTES_KEPT, width);
    this.quarters = new MeanRing(QUARTER_S, QUARTERS_KEPT, width);
  }

  take({ firstUnixSeconds, lastUnixSeconds, values }: Sample): void {
    for (let second = firstUnixSeconds; second <= lastUnixSeconds; second++) {
      this.#enter(Math.floor(second / MINUTE_S));
      const one = emptyMeans(second, values.length);
      for (let i = 0; i < values.length; i++) {
        const value = Math.fround(values[i] ?? Number.NaN);
        if (!Number.isFinite(value)) continue;
        one.means[i] = value;
        one.weights[i] = 1;
      }
      this.seconds.put(one);
    }
  }

  /** Minutes of earlier runs; what quarters can be made of them is made. Before anything is taken. */
  restore(minutes: readonly StepMeans[]): void {
    for (const minute of minutes) this.minutes.put(minute);
    const quarters = new Set(minutes.map(({ step }) => quarterOf(step)));
    for (const quarter of quarters) this.#closeQuarter(quarter);
  }

  /** The open minute and quarter as far as they are known: before a query. */
  refresh(): void {
    if (this.#openMinute === undefined) return;
    this.#compute("minutes", this.#openMinute, this.seconds);
    this.#compute("quarters", quarterOf(this.#openMinute), this.minutes);
  }

  /** They are to be written, too: before the end. */
  finish(): void {
    if (this.#openMinute === undefined) return;
    this.#closeMinute(this.#openMinute);
    this.#closeQuarter(quarterOf(this.#openMinute));
  }

  /** Copies, in the order of their time; whoever cannot write them gives them back. */
  takeUnwritten(level: Level): readonly StepMeans[] {
    const steps = [...this.#unwritten[level]].sort((a, b) => a - b);
    this.#unwritten[level].clear();
    return steps.flatMap((step) => {
      const kept = this[level].get(step);
      if (kept === undefined) return [];
      return [{ step, means: kept.means.slice(), weights: kept.weights.slice() }];
    });
  }

  giveBack(level: Level, steps: readonly StepMeans[]): void {
    for (const { step } of steps) this.#mark(level, step);
  }

  #enter(minute: number): void {
    const open = this.#openMinute;
    if (open === minute) return;
    this.#openMinute = minute;
    if (open === undefined) return;
    this.#closeMinute(open);
    if (quarterOf(open) !== quarterOf(minute)) this.#closeQuarter(quarterOf(open));
  }

  #closeMinute(minute: number): void {
    if (this.#compute("minutes", minute, this.seconds)) this.#mark("minutes", minute);
  }

  #closeQuarter(quarter: number): void {
    if (this.#compute("quarters", quarter, this.minutes)) this.#mark("quarters", quarter);
  }

  /**
   * A step that is gone through twice, because the clock was set back or the program started again within it, keeps what
   * is known of more seconds, of equals the later.
   */
  #compute(level: Level, step: number, finer: MeanRing): boolean {
    const ring = this[level];
    const parts = ring.stepS / finer.stepS;
    const all = new WeightedMeans(ring.width);
    let isKnown = false;
    for (let part = step * parts; part < (step + 1) * parts; part++) {
      const one = finer.get(part);
      if (one === undefined) continue;
      isKnown = true;
      all.add(one);
    }
    if (isKnown) ring.put(fullerMeans(ring.get(step), all.toStep(step)));
    return isKnown;
  }

  /** Never more than the ring holds: a step whose slot was taken by another one has nothing left to be written. */
  #mark(level: Level, step: number): void {
    const unwritten = this.#unwritten[level];
    unwritten.add(step);
    if (unwritten.size <= this[level].capacity) return;
    for (const one of unwritten) if (this[level].get(one) === undefined) unwritten.delete(one);
  }
}

function quarterOf(minute: number): number {
  return Math.floor((minute * MINUTE_S) / QUARTER_S);
}
