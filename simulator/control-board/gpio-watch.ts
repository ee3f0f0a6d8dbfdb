/** The lines that the guest drives, seen from outside: the data registers of its GPIO banks, read again and again. */

import type { Clock } from "../../src/ports/clock.ts";
import type { LineSpec } from "../../src/ports/lines.ts";

export interface WatchedLine {
  readonly chain: number;
  readonly what: "power" | "reset";
  readonly line: LineSpec;
}

export interface LineChange {
  readonly chain: number;
  readonly what: WatchedLine["what"];
  readonly active: boolean;
  /** When it was seen: the line moved in the time since the reading before. */
  readonly atMs: number;
  readonly sinceMs: number;
}

export interface GpioWatchOptions {
  readonly lines: readonly WatchedLine[];
  /** The number of the bank that has the line, as `readBank` counts. Throws for a line of no bank. */
  readonly bankOf: (line: LineSpec) => number;
  readonly readBank: (bank: number) => Promise<number>;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Also told of every line at the first reading. */
  readonly onChange: (change: LineChange) => void;
}

/** Runs until it is disposed of. */
export class GpioWatch implements AsyncDisposable {
  /** Rejects when the registers cannot be read any more. */
  readonly lost: Promise<never>;
  readonly #options: GpioWatchOptions;
  readonly #levels = new Map<WatchedLine, boolean>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  constructor(options: GpioWatchOptions) {
    this.#options = options;
    let lose: (error: unknown) => void = () => {};
    this.lost = new Promise((_, reject) => {
      lose = reject;
    });
    // Whoever waits for it hears of it; nobody has to.
    this.lost.catch(() => {});
    this.#ended = this.#watch().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) lose(error);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #watch(): Promise<void> {
    const { lines, bankOf, clock, everyMs } = this.#options;
    const banks = new Set(lines.map(({ line }) => bankOf(line)));
    const { signal } = this.#stopping;
    let sinceMs = clock.nowMs();
    for (;;) {
      const startedMs = clock.nowMs();
      for (const bank of banks) {
        const its = lines.filter(({ line }) => bankOf(line) === bank);
        await this.#look(bank, its, sinceMs);
      }
      sinceMs = startedMs;
      await clock.sleep(everyMs, signal);
    }
  }

  async #look(bank: number, lines: readonly WatchedLine[], sinceMs: number): Promise<void> {
    const { readBank, clock, onChange } = this.#options;
    const word = await readBank(bank);
    if (this.#stopping.signal.aborted) return;
    for (const watched of lines) {
      const { chain, what, line } = watched;
      const level = ((word >>> (line.offset ?? 0)) & 1) === 1;
      const active = level !== (line.activeLow ?? false);
      if (this.#levels.get(watched) === active) continue;
      this.#levels.set(watched, active);
      onChange({ chain, what, active, atMs: clock.nowMs(), sinceMs });
    }
  }
}
