/** Divides the time among the targets, shows how it goes, and says what was found. */

import { foreignFolder, foreignPieces } from "./corpus.ts";
import type { Finding } from "./finding.ts";
import { type FuzzOptions, parseFuzzOptions, USAGE } from "./options.ts";
import type { FuzzTarget } from "./target.ts";
import { targetNamed, targets } from "./targets.ts";
import { watch } from "./watch.ts";

const PROGRESS_EVERY_MS = 10_000;

interface TargetResult {
  readonly target: FuzzTarget;
  runs: number;
  seconds: number;
  readonly findings: Finding[];
  repeated: number;
}

/** Resolves to the exit code: 1 when anything was found. */
export async function runFuzz(args: readonly string[], program: URL): Promise<number> {
  let options: FuzzOptions;
  let chosen: readonly FuzzTarget[];
  try {
    options = parseFuzzOptions(args);
    chosen = options.targets.length === 0 ? targets : options.targets.map(knownTarget);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    return 2;
  }
  if (options.list) {
    const width = Math.max(...targets.map(({ name }) => name.length));
    for (const { name, about } of targets)
      process.stdout.write(`${name.padEnd(width)}  ${about}\n`);
    return 0;
  }
  const isOnce = options.at !== undefined || options.input !== undefined;
  const results = chosen.map((target) => ({
    target,
    runs: 0,
    seconds: 0,
    findings: [],
    repeated: 0,
  }));
  const progress = setInterval(() => {
    process.stderr.write(`${results.map(progressOf).filter(Boolean).join(", ")}\n`);
  }, PROGRESS_EVERY_MS);
  const forMs = (1_000 * options.seconds * Math.min(options.jobs, chosen.length)) / chosen.length;
  const queue = [...results];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      await runTarget(next, options, program, isOnce ? { forMs: 1e9, maxRuns: 1 } : { forMs });
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, work));
  } finally {
    clearInterval(progress);
  }
  process.stdout.write(options.json ? documentOf(options, results) : summaryOf(options, results));
  return results.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

function knownTarget(name: string): FuzzTarget {
  const target = targetNamed(name);
  if (target !== undefined) return target;
  throw new RangeError(
    `no target "${name}"; there are ${targets.map((one) => one.name).join(", ")}`,
  );
}

/** A thread that had to be ended is followed by another one, from the next run on. */
async function runTarget(
  result: TargetResult,
  options: FuzzOptions,
  program: URL,
  limit: { readonly forMs: number; readonly maxRuns?: number },
): Promise<void> {
  const { target } = result;
  const startMs = performance.now();
  const left = () => limit.forMs - (performance.now() - startMs);
  let firstAt = options.at ?? 0;
  let hangs = 0;
  while (left() > 0 && hangs < MAX_HANGS) {
    const before = result.runs;
    const { runs, findings, repeated, endedAt } = await watch({
      target,
      seed: options.seed,
      firstAt,
      forMs: left(),
      maxRuns: limit.maxRuns ?? Number.MAX_SAFE_INTEGER,
      ...(options.input === undefined ? {} : { input: options.input }),
      hangMs: 1_000 * options.hangSeconds,
      shrinkMs: 1_000 * options.shrinkSeconds,
      maxFindings: options.first ? 1 : 10,
      program,
      onProgress: (now) => {
        result.runs = before + now;
        result.seconds = (performance.now() - startMs) / 1_000;
      },
    });
    result.runs = before + runs;
    result.repeated += repeated;
    for (const finding of findings) {
      result.findings.push(finding);
      if (!options.json) process.stdout.write(describe(finding));
    }
    if (endedAt === undefined || limit.maxRuns !== undefined) break;
    firstAt = endedAt + 1;
    hangs++;
  }
  result.seconds = (performance.now() - startMs) / 1_000;
}

const MAX_HANGS = 3;

function describe({ target, kind, what, seed, at, input }: Finding): string {
  const quoted = `'${input.replaceAll("'", "'\\''")}'`;
  const lines = [
    `FOUND in ${target} (${kind}): ${what.split("\n").join("\n  ")}`,
    `  smallest input: ${input.length > 2_000 ? `${input.slice(0, 2_000)}…` : input}`,
    ...(at < 0
      ? []
      : [`  as it came:     npm run fuzz -- --target ${target} --seed ${seed} --at ${at}`]),
    ...(input.length > 20_000
      ? []
      : [`  smallest again: npm run fuzz -- --target ${target} --input ${quoted}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function progressOf({ target, runs, findings }: TargetResult): string {
  if (runs === 0) return "";
  return `${target.name} ${runs}${findings.length > 0 ? ` (${findings.length} found)` : ""}`;
}

function summaryOf(options: FuzzOptions, results: readonly TargetResult[]): string {
  const rows = results.map(({ target, runs, seconds, findings, repeated }) => [
    target.name,
    target.about,
    `${runs}`,
    seconds > 0 ? (runs / seconds).toFixed(0) : "",
    `${findings.length}${repeated > 0 ? ` (${repeated} times more)` : ""}`,
  ]);
  const table = [["target", "tries", "runs", "runs/s", "findings"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, i) =>
        i === 2 || i === 3 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n${corpusLine()} Seed ${options.seed}.\n`;
}

function corpusLine(): string {
  const pieces = foreignPieces().length;
  return pieces === 0
    ? `No foreign vectors at ${foreignFolder()}.`
    : `${pieces} pieces from foreign vectors.`;
}

function documentOf(options: FuzzOptions, results: readonly TargetResult[]): string {
  const rows = results.map(({ target, runs, seconds, findings, repeated }) => ({
    target: target.name,
    runs,
    seconds,
    repeated,
    findings,
  }));
  return `${JSON.stringify({ seed: options.seed, targets: rows }, null, 2)}\n`;
}
