/** One trial: a pool in its own process, farms of devices in theirs, TCP between them; and what came of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { start } from "../interop/children.ts";
import { deviceKinds } from "./device.ts";
import type { FarmReport, FarmTask, FarmWord } from "./farm.ts";
import { Histogram } from "./histogram.ts";
import type { TrialOptions } from "./options.ts";

const POOL_WITHIN_MS = 10_000;
/** Between two devices that connect; a handshake is some 60 ms of arithmetic on an idle machine. */
const NEXT_DEVICE_WITHIN_MS = 60_000;
const REPORT_WITHIN_MS = 20_000;

export interface TrialReport {
  readonly devices: number;
  readonly connected: number;
  readonly poolSaw: { readonly accepted: number; readonly rejected: number; readonly open: number };
  readonly submitted: number;
  readonly accepted: number;
  readonly overtaken: number;
  readonly unanswered: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly errorCount: number;
  readonly errors: readonly string[];
  readonly rampS: number;
  readonly steadyS: number;
  readonly sharesPerSecond: number;
  /** While all are connected; and while they connect, when handshakes take the pool's time. */
  readonly acknowledgementMs: Percentiles;
  readonly rampAcknowledgementMs: Percentiles;
  /** The pool's share of one processor while all are connected; the machine may have had no more to give. */
  readonly processorShare: number;
  readonly loopDelayMs: { readonly p99: number; readonly max: number };
  readonly rssMiB: { readonly start: number; readonly middle: number; readonly end: number };
  readonly rssBoundMiB: number;
  /** Nothing: the trial was good. */
  readonly problems: readonly string[];
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface PoolFigures {
  readonly openConnections: number;
  readonly accepted: number;
  readonly rejected: number;
  /** User and system time since its start. */
  readonly processorS: number;
  readonly memory: { readonly rssBytes: number };
  readonly eventLoop: { readonly p99Ms: number; readonly maxMs: number };
}

export async function runTrial(
  options: TrialOptions,
  say: (line: string) => void,
): Promise<TrialReport> {
  const { count, durationS, sharesPerMinute } = options;
  await using pool = startPool(options);
  const urls = await poolUrls(pool);
  const figures = async () => (await (await fetch(urls.stats)).json()) as PoolFigures;
  const startedMs = performance.now();
  const farms = Array.from({ length: options.farms }, (_, first) =>
    startFarm(options.farmProgram, {
      url: urls.sv2,
      v1Port: Number(new URL(urls.v1).port),
      first,
      step: options.farms,
      end: count,
      sharesPerMinute,
    }),
  );
  try {
    await Promise.all(farms.map((farm) => farm.connected()));
    const rampS = (performance.now() - startedMs) / 1_000;
    for (const farm of farms) farm.steady();
    const first = await figures();
    say(`${first.openConnections} devices after ${rampS.toFixed(0)} s, ${rss(first)} MiB`);
    const halfMs = (durationS * 1_000) / 2;
    await sleep(halfMs);
    const middle = await figures();
    say(`half of the time: ${middle.accepted} shares, ${rss(middle)} MiB`);
    await sleep(halfMs);
    const last = await figures();
    const reports = await Promise.all(farms.map((farm) => farm.stop(REPORT_WITHIN_MS)));
    return summarize(options, reports, { first, middle, last, rampS });
  } finally {
    for (const farm of farms) farm.kill();
  }
}

function summarize(
  { count, durationS }: TrialOptions,
  reports: readonly FarmReport[],
  seen: { first: PoolFigures; middle: PoolFigures; last: PoolFigures; rampS: number },
): TrialReport {
  const { first, middle, last, rampS } = seen;
  const sum = (of: (report: FarmReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const steady = merged(reports.map(({ acknowledgement }) => acknowledgement));
  const ramp = merged(reports.map(({ rampAcknowledgement }) => rampAcknowledgement));
  const rejected: Record<string, number> = {};
  for (const report of reports)
    for (const [code, times] of Object.entries(report.rejected))
      rejected[code] = (rejected[code] ?? 0) + times;
  // What the pool may grow by while nobody new connects: garbage that waits for its collection, and no more.
  const rssBoundMiB = Math.max(1.5 * rss(first), rss(first) + 96);
  const result = {
    devices: count,
    connected: sum(({ devices }) => devices),
    poolSaw: { accepted: last.accepted, rejected: last.rejected, open: last.openConnections },
    submitted: sum(({ submitted }) => submitted),
    accepted: sum(({ accepted }) => accepted),
    overtaken: sum(({ overtaken }) => overtaken),
    unanswered: sum(({ unanswered }) => unanswered),
    rejected,
    errorCount: sum(({ errorCount }) => errorCount),
    errors: reports.flatMap(({ errors }) => errors).slice(0, 20),
    rampS,
    steadyS: durationS,
    sharesPerSecond: steady.count / durationS,
    acknowledgementMs: percentiles(steady),
    rampAcknowledgementMs: percentiles(ramp),
    processorShare: (last.processorS - first.processorS) / durationS,
    loopDelayMs: {
      p99: Math.max(middle.eventLoop.p99Ms, last.eventLoop.p99Ms),
      max: Math.max(middle.eventLoop.maxMs, last.eventLoop.maxMs),
    },
    rssMiB: { start: rss(first), middle: rss(middle), end: rss(last) },
    rssBoundMiB,
  };
  return { ...result, problems: problemsOf(result) };
}

function problemsOf(result: Omit<TrialReport, "problems">): string[] {
  const rejects = Object.values(result.rejected).reduce((sum, times) => sum + times, 0);
  return [
    result.connected < result.devices && `only ${result.connected} devices connected`,
    result.poolSaw.open !== result.devices && `the pool sees ${result.poolSaw.open} devices`,
    result.errorCount > 0 && `${result.errorCount} errors`,
    rejects > 0 && `${rejects} shares refused: ${JSON.stringify(result.rejected)}`,
    result.unanswered > 0 && `${result.unanswered} shares never answered`,
    result.accepted === 0 && "no share accepted",
    result.rssMiB.end > result.rssBoundMiB &&
      `the pool grew to ${result.rssMiB.end} MiB, bound ${result.rssBoundMiB.toFixed(0)} MiB`,
  ].filter((problem) => problem !== false);
}

function startPool({ asicd, count, sharesPerMinute }: TrialOptions) {
  return start("pool", process.execPath, [
    ...[asicd, "simulate-pool", "--listen", "127.0.0.1:0", "--v1-listen", "127.0.0.1:0"],
    ...["--stats", "127.0.0.1:0", "--max-connections", `${count + 10}`],
    ...["--shares-per-minute", `${sharesPerMinute}`, "--share-batch-size", "1"],
  ]);
}

async function poolUrls(pool: ReturnType<typeof start>) {
  const find = (pattern: RegExp) => pool.lines.find((line) => pattern.test(line));
  const untilMs = performance.now() + POOL_WITHIN_MS;
  for (;;) {
    const [sv2, v1, stats] = [find(/^stratum2/), find(/^stratum\+/), find(/^http:/)];
    if (sv2 !== undefined && v1 !== undefined && stats !== undefined) return { sv2, v1, stats };
    if (!pool.isRunning || performance.now() > untilMs)
      throw new Error(`the pool did not start:\n${pool.lines.join("\n")}`);
    await sleep(50);
  }
}

interface Farm {
  connected(): Promise<void>;
  steady(): void;
  stop(withinMs: number): Promise<FarmReport>;
  kill(): void;
}

function startFarm(program: string, task: FarmTask): Farm {
  const child: ChildProcess = spawn(process.execPath, [program, "--farm", JSON.stringify(task)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const words = new Map<string, FarmWord>();
  let heardAtMs = performance.now();
  child.on("message", (word: FarmWord) => {
    heardAtMs = performance.now();
    for (const kind of Object.keys(word)) words.set(kind, word);
  });
  /** Waits for that word, as long as there are others. */
  const hear = async (kind: string, withinMs: number): Promise<FarmWord> => {
    heardAtMs = performance.now();
    for (;;) {
      const word = words.get(kind);
      if (word !== undefined) return word;
      if (child.exitCode !== null) throw new Error(`a farm ended with code ${child.exitCode}`);
      if (performance.now() - heardAtMs > withinMs)
        throw new Error(`a farm is silent for ${withinMs / 1_000} s`);
      await sleep(50);
    }
  };
  return {
    connected: async () => void (await hear("connected", NEXT_DEVICE_WITHIN_MS)),
    steady: () => void child.send("steady"),
    async stop(withinMs) {
      child.send("stop");
      const word = await hear("report", withinMs);
      if (!("report" in word)) throw new Error("a report without a report");
      return word.report;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function merged(parts: readonly ReturnType<Histogram["data"]>[]): Histogram {
  const whole = new Histogram();
  for (const part of parts) whole.merge(part);
  return whole;
}

function percentiles(histogram: Histogram): Percentiles {
  return {
    count: histogram.count,
    p50: histogram.percentileMs(0.5),
    p99: histogram.percentileMs(0.99),
    max: histogram.maxMs,
  };
}

function rss({ memory }: PoolFigures): number {
  return Math.round(memory.rssBytes / 2 ** 20);
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Kinds take turns, so that each has a third. */
export const kindsText = deviceKinds.join(", ");
