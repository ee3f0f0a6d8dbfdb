/**
 * `npm run board`: the armv7 build on an emulated control board, mining with virtual hash chains for a simulated pool, until
 * something happens to it. Ends by itself; 0 when everything came true in its time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTree } from "../../firmware/packaging/tree.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import type { ProcessMemory } from "./guest-memory.ts";
import { type BoardOptions, parseBoardOptions, usage } from "./options.ts";
import { type Run, runs } from "./runs.ts";
import { Stage, type Step } from "./stage.ts";

/** Of a log's line. */
const LINE_CHARS = 300;
/** All runs together. */
const END_WITHIN_MS = 12 * 60_000;

const marks = { pass: "ok  ", fail: "FAIL", missed: "MISS" } as const;

const startedMs = performance.now();
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: BoardOptions | "help";
  try {
    options = parseBoardOptions(
      argv,
      runs.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage(runs)}`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(usage(runs));
    return 0;
  }
  const ending = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => ending.abort(new Error(`${name}: ended before its time`)));
  const late = setTimeout(
    () => ending.abort(new Error(`not over after ${END_WITHIN_MS / 60_000} minutes`)),
    END_WITHIN_MS,
  );
  const folder = mkdtempSync(join(tmpdir(), "asicd-board-"));
  try {
    return await performAll(options, folder, ending.signal);
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  } finally {
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function performAll(
  options: BoardOptions,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const steps: Step[] = [];
  const memory: Record<string, readonly ProcessMemory[]> = {};
  const asicdTree = options.tree ?? (await armTree(join(folder, "asicd")));
  for (const run of runs) {
    if (options.only !== undefined && options.only !== run.name) continue;
    signal.throwIfAborted();
    say(`run "${run.name}": ${run.does}`);
    await attempt(run, { options, asicdTree, signal, steps, memory });
  }
  const passed = steps.length > 0 && steps.every(({ outcome }) => outcome !== "fail");
  const tookS = (performance.now() - startedMs) / 1_000;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ passed, tookS, steps, memory })}\n`
      : `${tableOf(steps)}${passed ? "everything came true in its time" : "NOT everything came true"}, ${tookS.toFixed(0)} s\n`,
  );
  return passed ? 0 : 1;
}

interface Attempt {
  readonly options: BoardOptions;
  readonly asicdTree: string;
  readonly signal: AbortSignal;
  readonly steps: Step[];
  readonly memory: Record<string, readonly ProcessMemory[]>;
}

/** What goes wrong is a step that failed; never rejects. */
async function attempt(run: Run, { options, asicdTree, signal, steps, memory }: Attempt) {
  const count = steps.length;
  const stage = new Stage({
    run: run.name,
    clock: new SystemClock(),
    signal,
    onStep(step) {
      steps.push(step);
      say(`${marks[step.outcome]} ${step.name}: ${step.detail}`);
    },
  });
  try {
    await run.play({
      stage,
      entropy: systemEntropy,
      asicdTree,
      strictMemory: options.strictMemory,
      log: (text) => options.verbose && say(`  ${text}`),
      explain: (text) => say(`  ${text.slice(0, LINE_CHARS)}`),
      onMemory: (found) => {
        memory[run.name] = found;
      },
    });
  } catch (error) {
    const isTold = steps.slice(count).some(({ outcome }) => outcome === "fail");
    if (!isTold) stage.tell("run", "fail", error instanceof Error ? error.message : String(error));
  }
}

async function armTree(outdir: string): Promise<string> {
  say("the armv7 build is made");
  const { folder } = await buildTree({ target: "armv7", outdir, say });
  return folder;
}

function tableOf(steps: readonly Step[]): string {
  const width = Math.max(...steps.map(({ run, name }) => run.length + name.length));
  return steps
    .map(({ run, name, atS, outcome, detail }) => {
      const label = `${run}: ${name}`.padEnd(width + 2);
      return `${marks[outcome]} ${atS.toFixed(1).padStart(6)} s  ${label}  ${detail}\n`;
    })
    .join("");
}

/** To stderr, so that stdout is the table or the JSON alone. */
function say(what: string): void {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  process.stderr.write(`${`${seconds}`.padStart(4)} s  ${what}\n`);
}
