/** Runs a guarded machine until told to stop, shows how it goes, and says in the end what it came to. */
import type { LoadedConfig } from "../src/config/load.ts";
import type { Logger } from "../src/lib/log.ts";
import type { Signal } from "../src/lib/signal.ts";
import type { CommandContext } from "./cli/command.ts";
import type { RecentEvents } from "./cli/recent-events.ts";
import type { LogFormat } from "./log.ts";
import { plainLogLine } from "./log-line.ts";
import { type Ground, mine } from "./mine.ts";
import { OperatedMachine, type OperatedMachineParts } from "./operator/operated-machine.ts";
import { SupervisedMiner } from "./supervised-miner.ts";
import { Supervisor, type SupervisorOptions } from "./supervisor.ts";

export interface SuperviseOptions extends Omit<SupervisorOptions, "onLogLine"> {
  readonly context: CommandContext;
  readonly log: Logger;
  /** Counted from the moment at which every chain hashes or has failed; absent: until a signal. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  /** Of lines that processes wrote; absent: as they wrote them. */
  readonly logFormat?: LogFormat;
  /** Shown below the live status; absent when no terminal watches. */
  readonly recentEvents: RecentEvents | undefined;
  readonly operator: OperatorPlan;
  readonly ground?: Ground;
  /** Told once, before anything is started: whoever simulates what happens to programs has to know which they are. */
  readonly onSupervisor?: (supervisor: Supervisor) => void;
}

/** Page, API and whatever else serves operators, and the desk at which settings are changed. */
export interface OperatorPlan
  extends Pick<
    OperatedMachineParts,
    "facts" | "surroundings" | "factoryConfig" | "settings" | "updates"
  > {
  /** False: no operator process is started. */
  readonly isWanted: boolean;
  /** Settings that come into force. */
  readonly applied: Signal<AppliedSettings>;
}

export interface AppliedSettings {
  readonly loaded: LoadedConfig;
  readonly before: LoadedConfig;
}

export interface MachineEnd {
  readonly exitCode: number;
  /** What an operator asked for, if that was the reason. */
  readonly next: "end" | "restart" | "reboot";
}

/** Resolves when all processes have ended. */
export async function superviseMachine(options: SuperviseOptions): Promise<MachineEnd> {
  const { context, json, recentEvents, clock, log, operator } = options;
  const onLogLine = lineWriter(options);
  const restarting = new AbortController();
  let next: MachineEnd["next"] = "end";
  const supervisor = new Supervisor({
    ...options,
    onLogLine(line) {
      onLogLine(line);
      operated.tellLog(line);
    },
  });
  const operated = new OperatedMachine({
    ...operator,
    supervisor,
    clock,
    log,
    onLogLine,
    restart(how) {
      next = how;
      restarting.abort();
    },
  });
  options.onSupervisor?.(supervisor);
  using _applied = operator.applied.on(({ loaded, before }) => operated.take(loaded, before));
  const staysUp = operator.isWanted && options.durationMs === undefined;
  void supervisor.refused.then(({ reason }) => log.error({ reason }, "the machine is refused"));
  if (operator.isWanted) operated.start();
  try {
    const exitCode = await mine({
      miner: new SupervisedMiner(supervisor, options.setup, staysUp),
      clock,
      context,
      log,
      durationMs: options.durationMs,
      json,
      recentEvents,
      asked: restarting.signal,
      isLast: () => next === "end" || context.signal.aborted,
      pages: () => operated.listening,
      ...(options.ground === undefined ? {} : { ground: options.ground }),
    });
    return { exitCode, next: context.signal.aborted ? "end" : next };
  } finally {
    await operated.stop();
  }
}

/** For lines that other processes wrote: to where the log of this run goes. */
export function lineWriter({
  context,
  json,
  recentEvents,
  logFormat,
}: Pick<SuperviseOptions, "context" | "json" | "recentEvents" | "logFormat">): (
  line: string,
) => void {
  return (line) => {
    if (recentEvents !== undefined) return recentEvents.add(line);
    const formed = logFormat === "plain" ? plainLogLine(line) : line;
    if (json) context.stderr(`${formed}\n`);
    else context.stdout(`${formed}\n`);
  };
}
