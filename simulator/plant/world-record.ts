/** What physically happened, in order: the referee of tests, because nobody who is judged by it can write to it. */
import { Signal } from "../../src/lib/signal.ts";

export interface WorldEntry {
  /** Of the world's clock. */
  readonly atMs: number;
  readonly unixMs: number;
  readonly what: "power" | "reset" | "hashing" | "fans" | "watchdog" | "eeprom-write";
  /** Null: of the machine. */
  readonly chain: number | null;
  /** power: it has some. reset: it is held. hashing: chips do. fans: they turn. watchdog: it runs. */
  readonly on: boolean;
  readonly detail: string;
}

export class WorldRecord {
  readonly #entries: WorldEntry[] = [];
  readonly #added = new Signal<WorldEntry>();
  readonly #nowMs: () => number;
  readonly #unixMs: () => number;

  constructor(nowMs: () => number, unixMs: () => number) {
    this.#nowMs = nowMs;
    this.#unixMs = unixMs;
  }

  get entries(): readonly WorldEntry[] {
    return this.#entries;
  }

  onEntry(listener: (entry: WorldEntry) => void): Disposable {
    return this.#added.on(listener);
  }

  add(what: WorldEntry["what"], chain: number | null, on: boolean, detail: string): void {
    const entry = { atMs: this.#nowMs(), unixMs: this.#unixMs(), what, chain, on, detail };
    this.#entries.push(entry);
    this.#added.emit(entry);
  }
}
