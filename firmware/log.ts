/** The program's log: pino's JSON lines, written without worker threads and without ever blocking or breaking the miner. */
import type { Writable } from "node:stream";
import pino from "pino";
import type { Logger } from "../src/lib/log.ts";
import { plainLogLine } from "./log-line.ts";

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ["json", "plain"] as const;
/** plain: for people, without times, as a system log has its own. */
export type LogFormat = (typeof logFormats)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** `process.stdout`, `process.stderr`, or a function that gets each line without its line end. */
  readonly to: Writable | ((line: string) => void);
  readonly format?: LogFormat;
}

/** Lines waiting for a reader that does not read: beyond this they are dropped, since the miner must not wait. */
const UNREAD_MAX = 1 << 20;

export function openLog({ level, to, format = "json" }: LogOptions): Logger {
  const formed = (line: string) => (format === "json" ? line : `${plainLogLine(line)}\n`);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    typeof to === "function"
      ? { write: (line) => to(formed(line).trimEnd()) }
      : patientStream(to, formed),
  );
}

/**
 * The process's own streams do what a miner needs: a pipe takes the line in this tick or queues it, and never blocks.
 * (Pino's own destination waits for ever, in a loop, when it is flushed into a pipe that is full or has no reader.)
 */
function patientStream(stream: Writable, formed: (line: string) => string): pino.DestinationStream {
  let readerGone = false;
  stream.on("error", () => {
    // Mining goes on; there is nowhere to say so.
    readerGone = true;
  });
  return {
    write(line) {
      if (!readerGone && stream.writableLength < UNREAD_MAX) stream.write(formed(line));
    },
  };
}
