/** Runs a miner until told to stop, shows how it goes, and says in the end what it came to. */
import type { Miner } from "../src/hashing/miner.ts";
import type { Clock } from "../src/ports/clock.ts";
import { type CommandContext, exitCodes } from "./cli/command.ts";
import { showLiveStatus } from "./cli/live-status.ts";
import type { RecentEvents } from "./cli/recent-events.ts";
import { reportJson, reportText } from "./cli/report.ts";

export interface MineOptions {
  readonly miner: Miner;
  readonly clock: Clock;
  readonly context: CommandContext;
  /** Counted from the moment at which every chain hashes or has failed; absent: until a signal. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  /** Shown below the live status; absent when no terminal watches. */
  readonly recentEvents: RecentEvents | undefined;
  /** Resolves with the reason when what the miner stands on is gone (the simulated world, say). */
  readonly groundGone?: Promise<string>;
}

/** Resolves to the exit code, all ports released. */
export async function mine(options: MineOptions): Promise<number> {
  const { miner, clock, context, json, recentEvents } = options;
  const live =
    recentEvents === undefined
      ? undefined
      : showLiveStatus(context, clock, {
          snapshot: () => miner.snapshot(),
          recentEvents: () => recentEvents.lines,
        });
  const over = new AbortController();
  let failure: string | undefined;
  try {
    failure = await ended(options, AbortSignal.any([context.signal, over.signal]));
  } finally {
    over.abort();
    // Counts of the live run; after the stop the channels are gone.
    const snapshot = miner.snapshot();
    await miner.stop();
    live?.[Symbol.dispose]();
    context.stdout(json ? `${JSON.stringify(reportJson(snapshot))}\n` : reportText(snapshot));
  }
  if (failure === undefined) return exitCodes.ok;
  context.stderr(`asicd: ${failure}\n`);
  return exitCodes.failed;
}

/** Resolves with what went wrong, or `undefined` after an orderly end. */
async function ended(options: MineOptions, signal: AbortSignal): Promise<string | undefined> {
  const { miner, clock, durationMs, groundGone } = options;
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
  return Promise.race([
    asked,
    timed(),
    hopeless,
    ...(groundGone === undefined ? [] : [groundGone]),
  ]);
}
