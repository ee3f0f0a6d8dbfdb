/** Events of the operator process (who changed what), kept beside the guard's, and both as one list at the start. */
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import { eventFile, readEvents } from "../event-file.ts";

/** As many as the list of events holds in memory (src/api/event-log.ts). */
const EARLIER_EVENTS = 1_000;
/** What waits for a slow disk, and is written at once: half of a file. Of more the oldest are lost there. */
const WAITING_CHARACTERS = 64 * 1_024;
/** At most one write in this time, whoever guesses passwords meanwhile. */
const WRITE_PERIOD_MS = 1_000;
/** And while the disk refuses. */
const RETRY_PERIOD_MS = 60_000;
/** A disk that hangs must not keep the program from ending. */
const STOP_WITHIN_MS = 2_000;

export interface EventStoreOptions {
  /** Written by us; it and its predecessor never exceed a bound (firmware/event-file.ts). */
  readonly ownFile: string;
  /** Read from the guard's file, oldest first. */
  readonly guardEvents: readonly MachineEvent[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OperatorEventStore {
  /** Of both files, the oldest first, the newest thousand. */
  readonly earlier: readonly MachineEvent[];
  /** Never throws: what cannot be kept is tried again every minute. */
  keep(event: MachineEvent): void;
  /** Writes what waits; a disk that takes too long for it is not waited for. Never rejects. */
  close(): Promise<void>;
}

/** Never rejects: a file that cannot be read has no events. */
export async function openEventStore(options: EventStoreOptions): Promise<OperatorEventStore> {
  const own = await readEvents(options.ownFile);
  const writer = new EventWriter(options);
  return {
    earlier: mergeByTime(options.guardEvents, own).slice(-EARLIER_EVENTS),
    keep: (event) => writer.keep(event),
    close: () => writer.close(),
  };
}

/**
 * Each list stays in its own order, which is that of what happened, also where the clock was set back in between; of two
 * events of the same second the first list's comes first.
 */
export function mergeByTime(
  first: readonly MachineEvent[],
  second: readonly MachineEvent[],
): readonly MachineEvent[] {
  const merged: MachineEvent[] = [];
  let at = 0;
  for (const event of second) {
    for (let next = first[at]; next !== undefined && next.time <= event.time; next = first[++at])
      merged.push(next);
    merged.push(event);
  }
  return [...merged, ...first.slice(at)];
}

class EventWriter {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #file: { append(lines: string): Promise<void> };
  #waiting: string[] = [];
  #timer: Disposable | undefined;
  #underWay: Promise<void> | undefined;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #isClosed = false;

  constructor({ ownFile, clock, log }: EventStoreOptions) {
    this.#file = eventFile(ownFile);
    this.#clock = clock;
    this.#log = log;
  }

  keep(event: MachineEvent): void {
    if (this.#isClosed) return;
    this.#waiting.push(`${JSON.stringify(event)}\n`);
    this.#dropOldest();
    this.#plan();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = this.#clock.after(STOP_WITHIN_MS, () => {
        this.#log.warn({ withinMs: STOP_WITHIN_MS }, "events not written in time");
        resolve();
      });
    });
    const written = (this.#underWay ?? Promise.resolve()).then(() => this.#write());
    await Promise.race([written, tooLong]);
    late?.[Symbol.dispose]();
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#underWay !== undefined || this.#isClosed) return;
    const periodMs = this.#hasFailed ? RETRY_PERIOD_MS : WRITE_PERIOD_MS;
    const waitMs = Math.max(0, this.#writtenMs + periodMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#underWay = this.#write().finally(() => {
        this.#underWay = undefined;
        if (this.#waiting.length > 0) this.#plan();
      });
    });
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#writtenMs = this.#clock.nowMs();
    try {
      await this.#file.append(lines.join(""));
      if (this.#hasFailed) this.#log.info({}, "events of the operator are kept on disk again");
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed)
        this.#log.warn({ err: error }, "events of the operator cannot be kept on disk");
      this.#hasFailed = true;
      this.#waiting = [...lines, ...this.#waiting];
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    let characters = 0;
    const first = this.#waiting.findLastIndex((line) => {
      characters += line.length;
      return characters > WAITING_CHARACTERS;
    });
    this.#waiting.splice(0, first + 1);
  }
}
