/** The newest lines of everybody's log, as the supervisor tells them, without secrets. */
import type { LogLine, LogReader } from "../../src/api/log-lines.ts";
import { scrubbed } from "../../src/api/scrub.ts";

const KEPT_LINES = 2_000;
const MAX_LINE_CHARS = 4_000;
/** More of a line is not even looked at. */
const MAX_READ_CHARS = 64 * 1024;
const KEPT_CHARS = 1 << 20;

export class LogRing implements LogReader {
  readonly #secrets: () => Iterable<string>;
  readonly #lines: string[] = [];
  #chars = 0;

  /** `secrets`: what may stand in no line, as it is when the line comes. */
  constructor(secrets: () => Iterable<string>) {
    this.#secrets = secrets;
  }

  /** One line of pino, or any text. */
  add(line: string): void {
    // Half a secret is not known as one, so it is cleaned before it is cut.
    const clean = scrubbed(line.slice(0, MAX_READ_CHARS), this.#secrets());
    const kept = clean.slice(0, MAX_LINE_CHARS);
    this.#lines.push(kept);
    this.#chars += kept.length;
    while (this.#lines.length > KEPT_LINES || this.#chars > KEPT_CHARS)
      this.#chars -= this.#lines.shift()?.length ?? 0;
  }

  lines(limit: number): readonly LogLine[] {
    return this.#lines.slice(-limit).map(readLine);
  }

  /** As they came, for a file. */
  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  clear(): void {
    this.#lines.length = 0;
    this.#chars = 0;
  }
}

function readLine(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const { time, level, msg, ...fields } = value as Readonly<Record<string, unknown>>;
      const ms = typeof time === "number" ? time : Date.parse(String(time));
      return {
        unixSeconds: Number.isFinite(ms) ? ms / 1_000 : null,
        level: String(level ?? "info"),
        text: String(msg ?? ""),
        fields,
      };
    }
  } catch {
    // Not pino's: a crash, or a line that was cut.
  }
  return { unixSeconds: null, level: "info", text: line, fields: {} };
}
