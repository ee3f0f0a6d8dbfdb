/** Runs a task in a thread and looks on: a run that never ends, or that takes all memory, is a finding like any other. */
import { Worker } from "node:worker_threads";
import type { Finding } from "./finding.ts";
import { inputFromText, inputToText } from "./input-text.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";
import { shared, type WorkerMessage, type WorkerTask } from "./worker.ts";

const LOOK_EVERY_MS = 100;
/** Far above what any target needs; what grows without end gets there soon. */
const MEMORY_MB = 512;
/** As the main thread of a process has it; threads have four times as much, and deep nesting would go unnoticed. */
const STACK_MB = 1;
const HANG_SHRINK_CALLS = 60;
/** Each attempt takes so much longer. */
const HANG_SHRINK_FACTOR = 5;
/** Attempts to make a hanging input smaller; a sound run takes milliseconds. */
const HANG_ATTEMPT_MS = 1_500;

export interface WatchedTask {
  readonly target: FuzzTarget;
  readonly seed: number;
  readonly firstAt: number;
  readonly forMs: number;
  readonly maxRuns: number;
  readonly input?: string;
  readonly hangMs: number;
  readonly shrinkMs: number;
  readonly maxFindings: number;
  /** Of the bundle, whose worker role runs the target. */
  readonly program: URL;
  readonly onProgress?: (runs: number) => void;
}

export interface WatchedResult {
  readonly runs: number;
  readonly findings: readonly Finding[];
  readonly repeated: number;
  /** Where the thread was when it had to be ended. */
  readonly endedAt: number | undefined;
}

export async function watch(task: WatchedTask): Promise<WatchedResult> {
  const result = await watchOnce(task);
  if (result.ended === undefined) return { ...result, endedAt: undefined };
  const { kind, at, what } = result.ended;
  const input =
    task.input !== undefined
      ? inputFromText(task.input)
      : task.target.make(Random.forRun(task.seed, task.target.name, at));
  const smallest =
    task.input !== undefined
      ? input
      : await shrink(
          input,
          async (smaller) => {
            const hangMs = Math.min(task.hangMs, HANG_ATTEMPT_MS);
            const again = await watchOnce({ ...task, input: inputToText(smaller), hangMs });
            return again.ended?.kind === kind;
          },
          { calls: HANG_SHRINK_CALLS, ms: HANG_SHRINK_FACTOR * task.shrinkMs },
        );
  const finding: Finding = {
    target: task.target.name,
    kind,
    what,
    signature: kind,
    seed: task.seed,
    at: task.input === undefined ? at : -1,
    input: inputToText(smallest),
  };
  return { ...result, findings: [...result.findings, finding], endedAt: at };
}

interface Ended {
  readonly kind: "hang" | "memory" | "error";
  readonly at: number;
  readonly what: string;
}

interface OnceResult {
  readonly runs: number;
  readonly findings: readonly Finding[];
  readonly repeated: number;
  readonly ended: Ended | undefined;
}

function watchOnce(task: WatchedTask): Promise<OnceResult> {
  const progress = new SharedArrayBuffer(8 * shared.length);
  const counts = new BigInt64Array(progress);
  const count = (index: number) => Number(Atomics.load(counts, index));
  const workerData: WorkerTask = {
    target: task.target.name,
    seed: task.seed,
    firstAt: task.firstAt,
    forMs: task.forMs,
    maxRuns: task.maxRuns,
    shrinkMs: task.shrinkMs,
    maxFindings: task.maxFindings,
    input: task.input,
    progress,
  };
  const worker = new Worker(task.program, {
    workerData,
    // Findings name lines of the source, not of the bundle.
    execArgv: ["--enable-source-maps"],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, stackSizeMb: STACK_MB },
  });
  const findings: Finding[] = [];
  let repeated = 0;
  return new Promise((resolve) => {
    let lastSteps = -1;
    let movedMs = performance.now();
    const end = (ended: Ended | undefined) => {
      clearInterval(looking);
      worker.terminate().then(
        () => resolve({ runs: count(shared.runs), findings, repeated, ended }),
        () => resolve({ runs: count(shared.runs), findings, repeated, ended }),
      );
    };
    const looking = setInterval(() => {
      task.onProgress?.(count(shared.runs));
      const steps = count(shared.steps);
      const nowMs = performance.now();
      if (steps !== lastSteps) {
        lastSteps = steps;
        movedMs = nowMs;
      } else if (nowMs - movedMs > task.hangMs) {
        const what = `does not return within ${(task.hangMs / 1_000).toFixed(1)} s`;
        end({ kind: "hang", at: count(shared.at), what });
      }
    }, LOOK_EVERY_MS);
    worker.on("message", (message: WorkerMessage) => {
      if (message.is === "finding") findings.push(message.finding);
      if (message.is === "done") {
        repeated = message.repeated;
        end(undefined);
      }
    });
    worker.on("error", (error: Error & { code?: string }) => {
      const isMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      const what = isMemory ? `takes more than ${MEMORY_MB} MB` : (error.stack ?? error.message);
      end({ kind: isMemory ? "memory" : "error", at: count(shared.at), what });
    });
  });
}
