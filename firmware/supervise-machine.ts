/** Runs a guarded machine until told to stop, shows how it goes, and says in the end what it came to. */
import type { Logger } from "../src/lib/log.ts";
import type { CommandContext } from "./cli/command.ts";
import type { RecentEvents } from "./cli/recent-events.ts";
import { type Ground, mine } from "./mine.ts";
import { SupervisedMiner } from "./supervised-miner.ts";
import { Supervisor, type SupervisorOptions } from "./supervisor.ts";

export interface SuperviseOptions extends Omit<SupervisorOptions, "onLogLine"> {
  readonly context: CommandContext;
  readonly log: Logger;
  /** Counted from the moment at which every chain hashes or has failed; absent: until a signal. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  /** Shown below the live status; absent when no terminal watches. */
  readonly recentEvents: RecentEvents | undefined;
  readonly ground?: Ground;
  /** Told once, before anything is started: whoever simulates what happens to programs has to know which they are. */
  readonly onSupervisor?: (supervisor: Supervisor) => void;
}

/** Resolves to the exit code; all processes have ended. */
export function superviseMachine(options: SuperviseOptions): Promise<number> {
  const { context, json, recentEvents } = options;
  const onLogLine = (line: string) => {
    if (recentEvents !== undefined) recentEvents.add(line);
    else if (json) context.stderr(`${line}\n`);
    else context.stdout(`${line}\n`);
  };
  const supervisor = new Supervisor({ ...options, onLogLine });
  options.onSupervisor?.(supervisor);
  return mine({
    miner: new SupervisedMiner(supervisor, options.setup),
    clock: options.clock,
    context,
    log: options.log,
    durationMs: options.durationMs,
    json,
    recentEvents,
    ...(options.ground === undefined ? {} : { ground: options.ground }),
  });
}
