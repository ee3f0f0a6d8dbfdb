/** Keeps the last log lines in a form for people, for the live status. */
import { printable } from "../../src/lib/bytes.ts";

const KEPT = 20;

export class RecentEvents {
  readonly #lines: string[] = [];

  /** Takes one JSON line of the log; anything else is kept as it is. */
  add(jsonLine: string): void {
    this.#lines.push(describe(jsonLine));
    if (this.#lines.length > KEPT) this.#lines.shift();
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}

function describe(jsonLine: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(jsonLine);
  } catch {
    return printable(jsonLine);
  }
  if (typeof entry !== "object" || entry === null) return printable(jsonLine);
  const { time, level, msg, ...fields } = entry as Record<string, unknown>;
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const details = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return printable([clock, String(level).padEnd(5), msg, ...details].join(" "), 500);
}
