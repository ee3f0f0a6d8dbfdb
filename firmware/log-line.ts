/** A JSON line of the log in a form for people. */
import { printable } from "../src/lib/bytes.ts";

const MAX_LENGTH = 500;

/** With the time of day, for a place that shows none of its own. Anything but a JSON object is kept as it is. */
export function describeLogLine(jsonLine: string): string {
  const entry = readEntry(jsonLine);
  return entry === undefined
    ? printable(jsonLine, MAX_LENGTH)
    : printable([entry.clock, ...entry.words].join(" "), MAX_LENGTH);
}

/** For a system log, which has its own times. */
export function plainLogLine(jsonLine: string): string {
  const entry = readEntry(jsonLine);
  return printable(entry === undefined ? jsonLine : entry.words.join(" "), MAX_LENGTH);
}

function readEntry(jsonLine: string): { clock: string; words: readonly string[] } | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(jsonLine);
  } catch {
    return undefined;
  }
  if (typeof entry !== "object" || entry === null) return undefined;
  const { time, level, msg, ...fields } = entry as Record<string, unknown>;
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const details = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return { clock, words: [String(level).padEnd(5), String(msg ?? ""), ...details] };
}
