/** Keeps the last log lines in a form for people, for the live status. */
import { describeLogLine } from "../log-line.ts";

const KEPT = 20;

export class RecentEvents {
  readonly #lines: string[] = [];

  /** Takes one JSON line of the log; anything else is kept as it is. */
  add(jsonLine: string): void {
    this.#lines.push(describeLogLine(jsonLine));
    if (this.#lines.length > KEPT) this.#lines.shift();
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
