/**
 * The files of history: minutes, quarters of an hour, daily means of each board's chips.
 *
 * A machine with three boards has 20 series, 88 bytes a step: 132 kB of minutes, 3.4 MB of quarters, and 205 kB a board
 * of daily means of 126 chips; never more. Every five minutes 440 bytes of minutes are written in one piece, every 15
 * minutes 88 bytes of quarter, every six hours 512 bytes a board: 400 writes and 142 kB a day. Where each costs the flash
 * 16 kB (block, inode, journal [?]) that is 6.4 MB a day, 23 GB in ten years: 256 MB of flash with 1 000 erasures each [?]
 * stand 256 GB.
 */
import type { Logger } from "../../src/lib/log.ts";
import { type ChipHistory, DAYS_ON_DISK } from "../../src/telemetry/history/chip-history.ts";
import {
  type HistoryStore,
  type Level,
  MINUTES_KEPT,
  QUARTERS_ON_DISK,
} from "../../src/telemetry/history/history-store.ts";
import { fullerMeans, type StepMeans } from "../../src/telemetry/history/mean-ring.ts";
import type { HistoryDisk } from "./history-disk.ts";
import { recordLayout } from "./history-record.ts";
import { HistoryRing } from "./history-ring.ts";

/** Seconds of weight in one unit of a record: 900 of them are 225 units. */
const QUARTER_UNIT_S = 4;
/** A day's 1 440 minutes are 240 units. */
const DAY_UNIT_MIN = 6;

export class HistoryFiles {
  readonly #rings: Readonly<Record<Level, HistoryRing>>;
  readonly #days: readonly HistoryRing[];
  readonly #log: Logger;
  readonly #problems = { read: false, write: false };

  constructor(
    disk: HistoryDisk,
    names: readonly string[],
    chipsPerBoard: readonly number[],
    log: Logger,
  ) {
    this.#log = log;
    const quarterLayout = recordLayout("quarters", names, QUARTER_UNIT_S);
    this.#rings = {
      minutes: new HistoryRing(disk, "minutes", MINUTES_KEPT, recordLayout("minutes", names, 1)),
      quarters: new HistoryRing(disk, "quarters", QUARTERS_ON_DISK, quarterLayout),
    };
    this.#days = chipsPerBoard.map((count, board) => {
      const chips = Array.from({ length: count }, (_, chip) => `${board}.${chip}`);
      const layout = recordLayout("days", chips, DAY_UNIT_MIN);
      return new HistoryRing(disk, `chips-${board}`, DAYS_ON_DISK, layout);
    });
  }

  /** When all is full. */
  get maxBytes(): number {
    return [this.#rings.minutes, this.#rings.quarters, ...this.#days].reduce(
      (total, ring) => total + ring.maxBytes,
      0,
    );
  }

  /** All that are kept. Never rejects. */
  async minutes(): Promise<readonly StepMeans[]> {
    const found: StepMeans[] = [];
    await this.#attempt("read", async () => {
      for await (const one of this.#rings.minutes.all()) found.push(one);
    });
    return found;
  }

  /** In order; ends early where the disk fails. Never rejects. */
  async eachQuarter(
    fromStep: number,
    toStep: number,
    take: (one: StepMeans) => void,
  ): Promise<void> {
    await this.#attempt("read", async () => {
      for await (const one of this.#rings.quarters.range(fromStep, toStep)) take(one);
    });
  }

  /** Never rejects. */
  async days(board: number, fromDay: number, toDay: number): Promise<Map<number, StepMeans>> {
    const found = new Map<number, StepMeans>();
    await this.#attempt("read", async () => {
      for await (const one of this.#days[board]?.range(fromDay, toDay) ?? [])
        found.set(one.step, one);
    });
    return found;
  }

  /** Never rejects: what could not be written is tried again the next time. */
  save(store: HistoryStore, chips: ChipHistory | undefined): Promise<void> {
    return this.#attempt("write", async () => {
      await this.#saveLevel(store, "minutes", (fresh) => Promise.resolve(fresh));
      await this.#saveLevel(store, "quarters", (fresh) => this.#betterThanDisk(fresh));
      if (chips !== undefined) await this.#saveChips(chips);
    });
  }

  async #saveLevel(
    store: HistoryStore,
    level: Level,
    choose: (fresh: readonly StepMeans[]) => Promise<readonly StepMeans[]>,
  ): Promise<void> {
    const fresh = store.takeUnwritten(level);
    try {
      await this.#rings[level].write(await choose(fresh));
    } catch (error) {
      store.giveBack(level, fresh);
      throw error;
    }
  }

  /** A quarter that is gone through twice is not replaced by what a short second pass knows of it. */
  async #betterThanDisk(fresh: readonly StepMeans[]): Promise<readonly StepMeans[]> {
    const { quarters } = this.#rings;
    const [first, last] = [fresh[0]?.step ?? 0, fresh.at(-1)?.step ?? -1];
    const onDisk = new Map(
      fresh.map(({ step }): [number, StepMeans | undefined] => [step, undefined]),
    );
    for await (const one of quarters.range(first, last))
      if (onDisk.has(one.step)) onDisk.set(one.step, one);
    return fresh.flatMap((one) => {
      const before = onDisk.get(one.step);
      const better = fullerMeans(before, one);
      return before !== undefined && quarters.isSame(before, better) ? [] : [better];
    });
  }

  async #saveChips(chips: ChipHistory): Promise<void> {
    for (const [board, ring] of this.#days.entries())
      for (const day of chips.unwrittenDays(board)) {
        let onDisk: StepMeans | undefined;
        for await (const one of ring.range(day, day)) onDisk = one;
        const whole = chips.takeDay(board, day, onDisk);
        if (whole === undefined) continue;
        await ring.write([whole]).catch((error: unknown) => {
          chips.giveBack(board, day);
          throw error;
        });
      }
  }

  /** One warning for a disk that stays full or read-only, one line when it is well again. */
  async #attempt(what: keyof typeof problems, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      if (this.#problems[what]) this.#log.info({}, problems[what].isOver);
      this.#problems[what] = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#problems[what]) this.#log.warn({ reason }, problems[what].is);
      this.#problems[what] = true;
    }
  }
}

const problems = {
  read: { is: "history on disk cannot be read", isOver: "history on disk can be read again" },
  write: {
    is: "history cannot be kept on disk, only in memory",
    isOver: "history is kept on disk again",
  },
} as const;
