/** Events in a bounded ring, and on disk in two bounded files: an event is rare, and the flash wears out. */

import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent, UntimedEvent } from "../../src/telemetry/event.ts";

/** In memory. */
const RING_LENGTH = 500;
/** What waits for a slow disk; more is lost there and stays in the ring. */
const WAITING_LINES = 200;
/** At most one write in this time. */
const WRITE_PERIOD_MS = 1_000;

/** Nothing went wrong. */
const EVERYDAY: ReadonlySet<string> = new Set([
  ...["guard-start", "power-on", "power-off"],
  ...["paused", "resumed", "settings", "identify"],
]);

/** Where lines are kept; rejects when that fails (a full disk). */
export interface EventStore {
  append(lines: string): Promise<void>;
}

export class EventRecorder {
  /** Oldest first. */
  readonly ring: MachineEvent[] = [];
  readonly #clock: Clock;
  readonly #store: EventStore | undefined;
  readonly #log: Logger;
  readonly #startedMs: number;
  #waiting: string[] = [];
  #isWriting = false;
  #timer: Disposable | undefined;
  #hasFailed = false;

  constructor(clock: Clock, store: EventStore | undefined, log: Logger) {
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
    this.#startedMs = clock.nowMs();
  }

  record(untimed: UntimedEvent): void {
    const uptimeS = Math.round(this.#clock.nowMs() - this.#startedMs) / 1_000;
    const event: MachineEvent = { time: this.#clock.unixSeconds(), uptimeS, ...untimed };
    this.ring.push(event);
    if (this.ring.length > RING_LENGTH) this.ring.shift();
    const fields = { ...untimed, uptimeS };
    if (EVERYDAY.has(untimed.what)) this.#log.info(fields, "machine event");
    else this.#log.warn(fields, "machine event");
    if (this.#store === undefined) return;
    if (this.#waiting.length < WAITING_LINES) this.#waiting.push(`${JSON.stringify(event)}\n`);
    this.#timer ??= this.#clock.after(this.#isWriting ? WRITE_PERIOD_MS : 0, () => this.#write());
  }

  #write(): void {
    this.#timer = undefined;
    if (this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    const lines = this.#waiting;
    this.#waiting = [];
    void this.#store
      ?.append(lines.join(""))
      .then(
        () => this.#tellOutcome(true, undefined),
        (error: unknown) => {
          this.#tellOutcome(false, error);
          // They go with the next event: there may be room again by then, and no timer keeps a guard from ending.
          this.#waiting = [...lines, ...this.#waiting].slice(0, WAITING_LINES);
        },
      )
      .then(() => this.#clock.sleep(WRITE_PERIOD_MS))
      .then(() => {
        this.#isWriting = false;
        if (this.#waiting.length > 0 && !this.#hasFailed) this.#write();
      });
  }

  /** Once per change: a full disk would otherwise be the only thing in the log. */
  #tellOutcome(hasWorked: boolean, error: unknown): void {
    if (hasWorked === !this.#hasFailed) return;
    this.#hasFailed = !hasWorked;
    if (hasWorked) this.#log.info({}, "events are kept on disk again");
    else this.#log.error({ err: error }, "events cannot be kept on disk, only in memory");
  }
}
