/** The machine's past: in memory, and on disk behind the back of whoever asks (how much and how often: history-files.ts). */
import { ConfigError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import { nearest } from "../../src/lib/nearest.ts";
import type { Clock } from "../../src/ports/clock.ts";
import {
  ChipHistory,
  DAY_S,
  DAYS_ON_DISK,
  type HistoryChip,
} from "../../src/telemetry/history/chip-history.ts";
import { HistoryStore, QUARTER_S } from "../../src/telemetry/history/history-store.ts";
import { fullerMeans } from "../../src/telemetry/history/mean-ring.ts";
import {
  AnswerBuilder,
  type Plan,
  planAnswer,
  type RangeAnswer,
  type RangeQuery,
} from "../../src/telemetry/history/plan.ts";
import { Sampler } from "../../src/telemetry/history/sampler.ts";
import { type HistorySource, historySeries } from "../../src/telemetry/history/series.ts";
import { type HistoryDisk, historyDisk } from "./history-disk.ts";
import { HistoryFiles } from "./history-files.ts";

/** What a loss of power costs at most, and of a chip's daily mean. */
const SAVE_PERIOD_MS = 5 * 60_000;
const SAVE_CHIPS_MS = 6 * 60 * 60_000;
/** A disk that hangs must not keep the program from ending. */
const STOP_WITHIN_MS = 2_000;

export interface HistoryOptions {
  /** Where its files lie, or something like it. */
  readonly folder: string | HistoryDisk;
  readonly clock: Clock;
  readonly boards: number;
  readonly chipsPerBoard: readonly number[];
  readonly log: Logger;
}

export interface History {
  readonly series: readonly { readonly name: string; readonly unit: string }[];
  /** Rejects with ConfigError for a series that is not kept, or what is no range. */
  query(query: RangeQuery & { readonly series: readonly string[] }): Promise<RangeAnswer>;
  /** Series "hashrate" by 15 minutes and "hashrateDaily"; rejects with ConfigError where there is no such chip. */
  chip(board: number, chip: number): Promise<RangeAnswer>;
  /** With each status, at least every five seconds. */
  take(status: HistorySource): void;
  /** At least once a minute; ignored while the last status was not fresh. */
  takeChips(board: number, chips: readonly HistoryChip[]): void;
  /** Writes what is known; a disk that takes too long for it is not waited for. Never rejects. */
  close(): Promise<void>;
}

/** Reads the minutes of the last run. Never rejects: what cannot be read is a gap, with one warning. */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const history = new KeptHistory(options);
  await history.start();
  return history;
}

class KeptHistory implements History {
  readonly series: readonly { readonly name: string; readonly unit: string }[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #chipsPerBoard: readonly number[];
  readonly #sampler: Sampler;
  readonly #store: HistoryStore;
  readonly #chips: ChipHistory;
  readonly #files: HistoryFiles;
  #isFresh = false;
  #timer: Disposable | undefined;
  #savedChipsMs: number;
  #underWay: Promise<void> | undefined;
  #isClosed = false;

  constructor({ folder, clock, boards, chipsPerBoard, log }: HistoryOptions) {
    const disk = typeof folder === "string" ? historyDisk(folder) : folder;
    this.series = historySeries(boards);
    this.#clock = clock;
    this.#log = log;
    this.#chipsPerBoard = chipsPerBoard;
    this.#sampler = new Sampler(boards);
    this.#store = new HistoryStore(this.series.length);
    this.#chips = new ChipHistory(chipsPerBoard);
    const names = this.series.map(({ name }) => name);
    this.#files = new HistoryFiles(disk, names, chipsPerBoard, log);
    this.#savedChipsMs = clock.nowMs();
  }

  async start(): Promise<void> {
    this.#store.restore(await this.#files.minutes());
    this.#timer = this.#clock.every(SAVE_PERIOD_MS, () => void this.#save());
  }

  take(status: HistorySource): void {
    const sample = this.#sampler.take(status);
    this.#isFresh = sample?.isFresh ?? false;
    if (sample !== undefined) this.#store.take(sample);
  }

  takeChips(board: number, chips: readonly HistoryChip[]): void {
    if (this.#isFresh) this.#chips.take(board, this.#clock.unixSeconds(), chips);
  }

  async query(query: RangeQuery & { readonly series: readonly string[] }): Promise<RangeAnswer> {
    const names = [...new Set(query.series)];
    const indexes = this.#indexesOf(names);
    this.#store.refresh();
    const plan = planAnswer(query, this.#store, this.#clock.unixSeconds());
    const answer = new AnswerBuilder(plan, names, indexes, this.series.length);
    if (plan.level === "quarters") await this.#addQuarters(plan, answer);
    else {
      const ring = this.#store[plan.level];
      for (const step of stepsOf(plan, ring.stepS)) {
        const means = ring.get(step);
        if (means !== undefined) answer.add(means, step * ring.stepS);
      }
    }
    return answer.finish();
  }

  async chip(board: number, chip: number): Promise<RangeAnswer> {
    const chips = this.#chipsPerBoard[board];
    if (chips === undefined)
      throw new ConfigError([{ path: "board", problem: `there is no board ${board}` }]);
    if (!(Number.isInteger(chip) && chip >= 0 && chip < chips))
      throw new ConfigError([
        { path: "chip", problem: `there is no chip ${chip}`, allowed: `0 to ${chips - 1}` },
      ]);
    const now = this.#clock.unixSeconds();
    const today = Math.floor(now / DAY_S);
    const found = await this.#files.days(board, today - DAYS_ON_DISK + 1, today);
    return this.#chips.answer(board, chip, now, found);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#store.finish();
    this.#savedChipsMs = Number.NEGATIVE_INFINITY;
    const saved = (this.#underWay ?? Promise.resolve()).then(() => this.#save());
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = this.#clock.after(STOP_WITHIN_MS, () => {
        this.#log.warn({ withinMs: STOP_WITHIN_MS }, "history not saved in time");
        resolve();
      });
    });
    await Promise.race([saved, tooLong]);
    late?.[Symbol.dispose]();
  }

  /** What is on disk and what is in memory of a step, whichever is known better. */
  async #addQuarters(plan: Plan, answer: AnswerBuilder): Promise<void> {
    const { quarters } = this.#store;
    const steps = stepsOf(plan, QUARTER_S);
    let next = steps.next();
    const addMemoryBefore = (end: number) => {
      for (; next.done !== true && next.value < end; next = steps.next()) {
        const means = quarters.get(next.value);
        if (means !== undefined) answer.add(means, next.value * QUARTER_S);
      }
    };
    const from = (plan.fromStep * plan.stepS) / QUARTER_S;
    const to = ((plan.toStep + 1) * plan.stepS) / QUARTER_S - 1;
    await this.#files.eachQuarter(from, to, (onDisk) => {
      addMemoryBefore(onDisk.step);
      next = steps.next();
      const inMemory = quarters.get(onDisk.step);
      const better = inMemory === undefined ? onDisk : fullerMeans(onDisk, inMemory);
      answer.add(better, onDisk.step * QUARTER_S);
    });
    addMemoryBefore(Number.POSITIVE_INFINITY);
  }

  #indexesOf(names: readonly string[]): readonly number[] {
    const known = this.series.map(({ name }) => name);
    const problems = names
      .filter((name) => !known.includes(name))
      .map((name) => {
        const meant = nearest(name.slice(0, 60), known);
        const allowed = meant === undefined ? known.join(", ") : `did you mean ${meant}`;
        return { path: "series", problem: `"${name.slice(0, 60)}" is not kept`, allowed };
      });
    if (problems.length > 0) throw new ConfigError(problems.slice(0, 10));
    return names.map((name) => known.indexOf(name));
  }

  /** One at a time. */
  #save(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const withChips = nowMs - this.#savedChipsMs >= SAVE_CHIPS_MS;
    if (this.#underWay !== undefined) return this.#underWay;
    if (withChips) this.#savedChipsMs = nowMs;
    this.#underWay = this.#files
      .save(this.#store, withChips ? this.#chips : undefined)
      .finally(() => {
        this.#underWay = undefined;
      });
    return this.#underWay;
  }
}

/** Of the level, in order. */
function* stepsOf({ fromStep, toStep, stepS }: Plan, levelStepS: number): Generator<number> {
  const parts = stepS / levelStepS;
  for (let step = fromStep * parts; step < (toStep + 1) * parts; step++) yield step;
}
