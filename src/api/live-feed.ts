/**
 * The machine as a stream: the whole status first, then what changed, and events; numbered, and the newest kept, so that
 * who was away for a moment goes on where they were. What is said is written once, however many listen.
 */
import { Signal } from "../lib/signal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Device } from "./device.ts";
import { changesBetween } from "./live-deltas.ts";
import type { Status } from "./status.ts";

export interface LiveMessage {
  readonly id: string;
  readonly kind: "status" | "delta" | "event";
  /** JSON. */
  readonly data: string;
}

/** A minute and more at two words a second. */
const KEPT_MESSAGES = 150;
/** Of UTF-16, as strings are kept. */
const KEPT_CHARS = 512 * 1024;
/** Nobody has listened for so long: nothing is kept until somebody comes. */
const IDLE_AFTER_MS = 60_000;

export type LiveSource = Pick<Device, "status" | "onStatus" | "onEvent">;

export class LiveFeed implements Disposable {
  readonly #device: LiveSource;
  readonly #clock: Pick<Clock, "nowMs">;
  /** Of this run: numbers of an earlier one mean nothing. */
  readonly #run: string;
  readonly #said = new Signal<LiveMessage>();
  readonly #open: Disposable[];
  #kept: LiveMessage[] = [];
  #keptChars = 0;
  #last: Status | undefined;
  #number = 0;
  #listeners = 0;
  #leftMs = Number.NEGATIVE_INFINITY;

  /** `run`: a word that no earlier run has used. */
  constructor(device: LiveSource, clock: Pick<Clock, "nowMs">, run: string) {
    this.#device = device;
    this.#clock = clock;
    this.#run = run;
    this.#open = [
      device.onStatus((status) => this.#takeStatus(status)),
      device.onEvent((event) => this.#isWanted() && this.#say("event", JSON.stringify(event))),
    ];
  }

  /**
   * Calls `listener` with what was missed since `lastId`, or with the whole status, before it returns; then with each new
   * message until disposed of.
   */
  listen(lastId: string | undefined, listener: (message: LiveMessage) => void): Disposable {
    if (!this.#isWanted()) this.#forget();
    this.#listeners++;
    const missed = this.#since(lastId);
    if (missed === undefined) {
      this.#last ??= this.#device.status();
      const id = `${this.#run}-${this.#number}`;
      listener({ id, kind: "status", data: JSON.stringify(this.#last) });
    } else {
      for (const message of missed) listener(message);
    }
    const heard = this.#said.on(listener);
    let isListening = true;
    return {
      [Symbol.dispose]: () => {
        heard[Symbol.dispose]();
        if (!isListening) return;
        isListening = false;
        this.#listeners--;
        this.#leftMs = this.#clock.nowMs();
      },
    };
  }

  [Symbol.dispose](): void {
    for (const one of this.#open) one[Symbol.dispose]();
    this.#forget();
  }

  #takeStatus(status: Status): void {
    if (!this.#isWanted()) {
      this.#forget();
      return;
    }
    const before = this.#last;
    this.#last = status;
    if (before === undefined) return;
    const changes = changesBetween(before, status);
    if (changes.length > 0) this.#say("delta", JSON.stringify({ changes }));
  }

  #say(kind: LiveMessage["kind"], data: string): void {
    const message = { id: `${this.#run}-${++this.#number}`, kind, data };
    this.#kept.push(message);
    this.#keptChars += data.length;
    while (this.#kept.length > KEPT_MESSAGES || this.#keptChars > KEPT_CHARS)
      this.#keptChars -= this.#kept.shift()?.data.length ?? 0;
    this.#said.emit(message);
  }

  /** `undefined`: too much of it is gone, or it was never ours. */
  #since(lastId: string | undefined): readonly LiveMessage[] | undefined {
    const match = /^([\w-]+)-(\d{1,15})$/.exec(lastId ?? "");
    if (match?.[1] !== this.#run) return undefined;
    const number = Number(match[2]);
    const oldest = this.#number - this.#kept.length;
    if (this.#last === undefined || number < oldest || number > this.#number) return undefined;
    return this.#kept.slice(number - oldest);
  }

  #isWanted(): boolean {
    return this.#listeners > 0 || this.#clock.nowMs() - this.#leftMs < IDLE_AFTER_MS;
  }

  #forget(): void {
    this.#kept = [];
    this.#keptChars = 0;
    this.#last = undefined;
  }
}
