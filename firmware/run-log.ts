/** Where the log of a run goes: below the live status on a terminal, otherwise out as JSON lines. */
import type { Logger } from "../src/lib/log.ts";
import type { CommandContext } from "./cli/command.ts";
import { RecentEvents } from "./cli/recent-events.ts";
import { type LogLevel, openLog } from "./log.ts";

export interface RunLog {
  readonly log: Logger;
  /** Present when a person watches a terminal. */
  readonly recentEvents: RecentEvents | undefined;
}

/** With `json`, stdout belongs to the report. */
export function openRunLog(context: CommandContext, level: LogLevel, json: boolean): RunLog {
  if (context.isTerminal && !json) {
    const recentEvents = new RecentEvents();
    return { log: openLog({ level, to: (line) => recentEvents.add(line) }), recentEvents };
  }
  return {
    log: openLog({ level, to: json ? process.stderr : process.stdout }),
    recentEvents: undefined,
  };
}
