/** The command `asicd simulate-pool`: a Stratum V2 and V1 pool for devices to be tried on, until a signal ends it. */
import { type Command, type CommandContext, exitCodes } from "../../firmware/cli/command.ts";
import type { ParsedArgs } from "../../firmware/cli/parse-args.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { type Address, poolOptionTable, readAddress, readPoolSettings } from "./command-options.ts";
import { EventLines, progressLine, summary } from "./command-text.ts";
import { isEveryAddress, runSimulatedPool, urlHost } from "./main.ts";
import type { SimulatedPool } from "./pool.ts";
import type { SimulatedPoolSettings } from "./settings.ts";
import { serveStats } from "./stats-server.ts";

const PROGRESS_EVERY_MS = 10_000;

export const simulatePoolCommand: Command = {
  name: "simulate-pool",
  summary: "run a simulated pool (Stratum V2, and V1 if asked) and print its URL",
  usage: "[options]",
  description: `Runs the pool until SIGINT or SIGTERM: encrypted, several devices and channels, strict about every share.
Its authority key is the sample key of the reference implementation, so the URL stays the same.
With --script it plays scenarios with the device that connects, and ends with their verdict.`,
  options: poolOptionTable,
  examples: [
    "asicd simulate-pool --listen 127.0.0.1:34254",
    "asicd simulate-pool --v1-listen 127.0.0.1:3333 --stats 127.0.0.1:8080",
    "asicd simulate-pool --leniency ntime-ahead=120s --leniency empty-vendor --json",
  ],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  const settings = readPoolSettings(args);
  const stats = readAddress(args, "stats");
  const scripts = args.strings("script");
  const json = args.flag("json");
  if (scripts.length > 0 && stats !== undefined)
    args.problem({ path: "--stats", problem: "there are no figures while scenarios are played" });
  args.finish();
  if (scripts.length > 0) return play(scripts, settings, json, context);
  return serve(settings, stats, json, context);
}

async function play(
  scripts: readonly string[],
  { host = "127.0.0.1", port = 0, v1Listen, v1Difficulty }: SimulatedPoolSettings,
  json: boolean,
  context: CommandContext,
): Promise<number> {
  const { playScenarios } = await import("../scenario/play.ts");
  const place = { host, port, v1Port: v1Listen?.port, v1Difficulty, json };
  return playScenarios(scripts, place, context);
}

async function serve(
  settings: SimulatedPoolSettings,
  stats: Address | undefined,
  json: boolean,
  context: CommandContext,
): Promise<number> {
  const clock = new SystemClock();
  const running = await runSimulatedPool(settings, { clock, entropy: systemEntropy });
  const { pool, url, port, v1Url, v1Port } = running;
  const print = (line: object) => context.stdout(`${JSON.stringify(line)}\n`);
  try {
    const figures = stats && (await serveStats(pool, stats.host, stats.port));
    if (json) {
      const { host } = settings;
      print({ event: "listening", url, host, port, v1Url, v1Port, statsUrl: figures?.url });
    } else {
      context.stdout(`${[url, v1Url, figures?.url].filter(Boolean).join("\n")}\n`);
    }
    warnOfEveryAddress(settings, context);
    const lines = new EventLines(context.stderr);
    using _subscription = pool.onEvent((event) => {
      if (json) print(event);
      else lines.tell(event, clock.unixSeconds());
    });
    using _progress = json || !context.isTerminal ? nothing : showProgress(pool, clock, context);
    await aborted(context.signal);
    const statistics = pool.statistics();
    await figures?.close();
    await running.close();
    lines.flush();
    if (json) print({ event: "stopped", ...statistics, users: pool.users() });
    else context.stderr(summary(statistics, pool.users()));
    return exitCodes.ok;
  } finally {
    await running.close();
  }
}

const nothing: Disposable = { [Symbol.dispose]() {} };

function showProgress(
  pool: SimulatedPool,
  clock: SystemClock,
  context: Pick<CommandContext, "stderr">,
): Disposable {
  let before = pool.totals();
  return clock.every(PROGRESS_EVERY_MS, () => {
    const now = pool.totals();
    context.stderr(`${progressLine(before, now, PROGRESS_EVERY_MS)}\n`);
    before = now;
  });
}

function warnOfEveryAddress(
  { host = "", v1Listen }: SimulatedPoolSettings,
  context: Pick<CommandContext, "stderr">,
): void {
  const wide = [host, v1Listen?.host ?? ""].find(isEveryAddress);
  if (wide !== undefined)
    context.stderr(
      `Listening on every address of this machine; from another one, put this machine's address in place of ${urlHost(wide)}.\n`,
    );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
