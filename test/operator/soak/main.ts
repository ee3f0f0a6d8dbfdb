/**
 * `npm run soak`: a whole simulated machine that many people look at for a long time. No process may grow, no answer may be
 * wrong, and new blocks must go on to reach the chips at once.
 */
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processorMsOf } from "../../bench/machine.ts";
import { tableOf } from "../../bench/table.ts";
import { openClients } from "./clients.ts";
import { type SoakResult, soakFigures } from "./figures.ts";
import { interruptionsOf } from "./interruptions.ts";
import { boundsFor, trendOf } from "./judge.ts";
import { MESSAGES } from "./live-reader.ts";
import { watchMemory } from "./memory-watch.ts";
import { parseSoakOptions, SOAK_USAGE, type SoakOptions } from "./options.ts";
import { type ProcessTree, type ProgramName, programs } from "./process-tree.ts";
import { openSimulatedMachine } from "./simulated-machine.ts";
import { Tally, type TallyRow } from "./tally.ts";

/** Enough blocks for a p99 in some minutes; one hashing thread, so that the simulation leaves a processor to the rest. */
const MACHINE = ["--block-interval", "500ms", "--template-interval", "5s", "--workers", "1"];
const SLOW_READERS = 3;
const PAGES_COME_WITHIN_MS = 10_000;
const OPEN_ANEW_EVERY_MS = 60_000;
/** The clients stand for other computers: they get what the machine leaves. */
const NICENESS = 10;
const TOLD_EVERY_S = 60;

const startedMs = performance.now();
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: SoakOptions | "help";
  try {
    options = parseSoakOptions(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${SOAK_USAGE}`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(SOAK_USAGE);
    return 0;
  }
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => stopping.abort(new Error(`${signal}: ended before its time`)));
  try {
    const result = await soak(options, stopping.signal);
    const figures = soakFigures(result);
    const passed = figures.every(({ goal }) => goal?.met !== false);
    sayFailures(result.tally);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ passed, ...result })}\n`
        : `${tableOf(figures)}${passed ? "all bounds were kept" : "NOT all bounds were kept"}\n`,
    );
    return passed ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

async function soak(options: SoakOptions, signal: AbortSignal): Promise<SoakResult> {
  const { minutes, pages, pollers } = options;
  const bounds = boundsFor(minutes);
  const program = join(dirname(process.argv[1] ?? ""), "asicd.js");
  say("a machine comes up");
  await using machine = await openSimulatedMachine({
    program,
    arguments: MACHINE,
  });
  signal.throwIfAborted();
  // After the machine was started, or it would have taken this over.
  setPriority(NICENESS);
  say(
    `${pages} pages, ${pollers} pollers, ${SLOW_READERS} slow readers and an operator for ${minutes} min`,
  );
  const tally = new Tally();
  const before = processorMs(machine.pids);
  const beganMs = performance.now();
  await using clients = openClients(machine.polled, tally, {
    pages,
    pollers,
    slowReaders: SLOW_READERS,
    operators: 1,
    pagesComeWithinMs: PAGES_COME_WITHIN_MS,
    openAnewEveryMs: OPEN_ANEW_EVERY_MS,
  });
  using watch = watchMemory(machine.pids, teller(tally));
  try {
    await Promise.race([
      sleep(minutes * 60_000, undefined, { signal }),
      watch.lost,
      clients.broken,
    ]);
  } catch (error) {
    // What the clients saw says more than that a process is gone.
    sayFailures(tally.rows);
    throw signal.aborted ? signal.reason : error;
  }
  const elapsedMs = performance.now() - beganMs;
  const after = processorMs(machine.pids);
  await clients.leave();
  say("the clients are gone, the machine ends");
  const report = await machine.finish();
  return {
    minutes,
    bounds,
    memory: programs.map((name) => trendOf(name, watch.samples.get(name) ?? [], bounds.warmUpS)),
    samples: Object.fromEntries(watch.samples) as SoakResult["samples"],
    processorShares: shares((name) => (after[name] - before[name]) / elapsedMs),
    tally: tally.rows,
    newBlockLatencyMs: report.newBlockLatencyMs,
    interruptions: interruptionsOf(report),
  };
}

type PerProgram = Readonly<Record<ProgramName, number>>;

function processorMs(pids: ProcessTree): PerProgram {
  return shares((name) => processorMsOf(pids[name]));
}

function shares(of: (name: ProgramName) => number): PerProgram {
  return Object.fromEntries(programs.map((name) => [name, of(name)])) as PerProgram;
}

/** A line each minute. */
function teller(tally: Tally): Parameters<typeof watchMemory>[1] {
  let due = TOLD_EVERY_S;
  return (atS, pssMB) => {
    if (atS < due) return;
    due += TOLD_EVERY_S;
    const memory = pssMB.map(([name, now]) => `${name} ${now.toFixed(1)}`).join(", ");
    say(`${memory} MB; ${tally.count(MESSAGES)} live messages, ${tally.failures} wrong`);
  };
}

function sayFailures(rows: readonly TallyRow[]): void {
  for (const { kind, failed } of rows) for (const what of failed) say(`${kind}: ${what}`);
}

/** To stderr, so that stdout is the table or the JSON alone. */
function say(what: string): void {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  process.stderr.write(`${`${seconds}`.padStart(5)} s  ${what}\n`);
}
