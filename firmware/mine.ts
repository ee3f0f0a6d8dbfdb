/** Runs a miner until told to stop, shows how it goes, and says in the end what it came to. */
import type { Miner } from "../src/hashing/miner.ts";
import type { Logger } from "../src/lib/log.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { MachineSnapshot } from "../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../src/telemetry/snapshot.ts";
import { type CommandContext, exitCodes } from "./cli/command.ts";
import { showLiveStatus } from "./cli/live-status.ts";
import type { RecentEvents } from "./cli/recent-events.ts";
import { reportJson, reportText } from "./cli/report.ts";

/** A miner of its own, or a whole machine with a guard. */
export type Mining = Pick<Miner, "start" | "stop" | "snapshot" | "hopeless"> & {
  /** Absent where nobody watches the hardware. */
  machine?(): MachineSnapshot | undefined;
};

export interface MineOptions {
  readonly miner: Mining;
  readonly clock: Clock;
  readonly context: CommandContext;
  /** Takes the report where no terminal and no --json asks for another form. */
  readonly log: Logger;
  /** Counted from the moment at which every chain hashes or has failed; absent: until a signal. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  /** Shown below the live status; absent when no terminal watches. */
  readonly recentEvents: RecentEvents | undefined;
  /** Aborted when somebody else than the terminal wants it to end. */
  readonly asked?: AbortSignal;
  /** False: it begins anew after this end, so this is no time for a report. */
  readonly isLast?: () => boolean;
  /** Where page and API are served, for the live status. */
  readonly pages?: () => readonly string[];
  /** What the miner stands on (the simulated world, say); closed before the report, which is the last word. */
  readonly ground?: Ground;
}

export interface Ground {
  /** Resolves with the reason when it ends without having been asked to. */
  readonly gone: Promise<string>;
  close(): Promise<void>;
}

/** Resolves to the exit code, all ports released. */
export async function mine(options: MineOptions): Promise<number> {
  const { miner, clock, context, recentEvents, ground } = options;
  const status =
    recentEvents === undefined
      ? undefined
      : showLiveStatus(context, clock, {
          snapshot: () => miner.snapshot(),
          machine: () => miner.machine?.(),
          recentEvents: () => recentEvents.lines,
          pages: () => options.pages?.() ?? [],
        });
  const over = new AbortController();
  let failure: string | undefined;
  try {
    const signals = [context.signal, over.signal, ...(options.asked ? [options.asked] : [])];
    failure = await ended(options, AbortSignal.any(signals));
  } finally {
    over.abort();
    // Counts of the live run; after the stop the channels are gone. A machine tells its last counts while it stops.
    const live = miner.snapshot();
    try {
      await miner.stop();
    } finally {
      status?.[Symbol.dispose]();
    }
    const machine = miner.machine?.();
    if (options.isLast?.() !== false) {
      await ground?.close();
      report(options, machine?.miner ?? live, machine);
    }
  }
  if (failure === undefined) return exitCodes.ok;
  context.stderr(`asicd: ${failure}\n`);
  return exitCodes.failed;
}

/** Without a terminal and without --json, stdout is the log's alone. */
function report(
  { context, json, log }: MineOptions,
  snapshot: MinerSnapshot,
  machine: MachineSnapshot | undefined,
): void {
  if (json) context.stdout(`${JSON.stringify(reportJson(snapshot, machine))}\n`);
  else if (context.isTerminal) context.stdout(reportText(snapshot, machine));
  else log.info({ report: reportJson(snapshot, machine) }, "report");
}

/** Resolves with what went wrong, or `undefined` after an orderly end. */
async function ended(options: MineOptions, signal: AbortSignal): Promise<string | undefined> {
  const { miner, clock, durationMs, ground } = options;
  const asked = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const timed = async (): Promise<undefined> => {
    await miner.start();
    if (durationMs === undefined) return asked;
    await clock.sleep(durationMs, signal).catch(() => {});
    return undefined;
  };
  const hopeless = miner.hopeless.then((reason) => `nothing left that could hash: ${reason}`);
  return Promise.race([asked, timed(), hopeless, ...(ground === undefined ? [] : [ground.gone])]);
}
