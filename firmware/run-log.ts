/** Where the log of a run goes: below the live status on a terminal, otherwise out as lines. */
import type { Logger } from "../src/lib/log.ts";
import type { CommandContext } from "./cli/command.ts";
import { RecentEvents } from "./cli/recent-events.ts";
import { type LogFormat, type LogLevel, openLog } from "./log.ts";

export interface RunLog {
  readonly log: Logger;
  /** Present when a person watches a terminal that can be painted on. */
  readonly recentEvents: RecentEvents | undefined;
}

/** With `json`, stdout belongs to the report. */
export function openRunLog(
  context: Pick<CommandContext, "isTerminal" | "env">,
  level: LogLevel,
  json: boolean,
  format: LogFormat = "json",
): RunLog {
  // A dumb terminal cannot move its cursor: it gets the lines themselves.
  if (context.isTerminal && context.env["TERM"] !== "dumb" && !json) {
    const recentEvents = new RecentEvents();
    return { log: openLog({ level, to: (line) => recentEvents.add(line) }), recentEvents };
  }
  return {
    log: openLog({ level, to: json ? process.stderr : process.stdout, format }),
    recentEvents: undefined,
  };
}
