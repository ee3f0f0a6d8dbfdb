/** The thread in which a target runs: it may hang or eat all its memory, the main thread looks on. */
import { parentPort, workerData } from "node:worker_threads";
import type { Finding } from "./finding.ts";
import { failureOf, findingOf, StrayRejections } from "./finding.ts";
import { inputFromText, inputToText } from "./input-text.ts";
import { fuzz } from "./loop.ts";
import { targetNamed } from "./targets.ts";

/** What the thread shares with the one that watches it, as 64-bit numbers. */
export const shared = { at: 0, steps: 1, runs: 2, length: 3 } as const;

export interface WorkerTask {
  readonly target: string;
  readonly seed: number;
  readonly firstAt: number;
  /** Stops by itself then. */
  readonly forMs: number;
  readonly maxRuns: number;
  readonly shrinkMs: number;
  readonly maxFindings: number;
  /** Runs this one input instead. */
  readonly input: string | undefined;
  readonly progress: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly is: "finding"; readonly finding: Finding }
  | { readonly is: "done"; readonly repeated: number };

export async function runWorker(): Promise<void> {
  const task = workerData as WorkerTask;
  const target = targetNamed(task.target);
  if (target === undefined) throw new Error(`no target ${task.target}`);
  const progress = new BigInt64Array(task.progress);
  const post = (message: WorkerMessage) => parentPort?.postMessage(message);
  const onFinding = (finding: Finding) => post({ is: "finding", finding });
  if (task.input !== undefined) {
    const input = inputFromText(task.input);
    using strays = new StrayRejections();
    const failure = await failureOf(target, input, strays);
    Atomics.add(progress, shared.runs, 1n);
    if (failure !== undefined) {
      const run = { seed: task.seed, at: -1, input };
      const finding = await findingOf(target, run, failure, {
        budget: { calls: 0, ms: 0 },
        strays,
      });
      onFinding({ ...finding, input: inputToText(input) });
    }
    post({ is: "done", repeated: 0 });
    return;
  }
  const endMs = performance.now() + task.forMs;
  const { repeated } = await fuzz(target, {
    seed: task.seed,
    firstAt: task.firstAt,
    shrinkMs: task.shrinkMs,
    maxFindings: task.maxFindings,
    goesOn: (runs) => runs < task.maxRuns && performance.now() < endMs,
    onStep(at, runs) {
      Atomics.store(progress, shared.at, BigInt(at));
      Atomics.store(progress, shared.runs, BigInt(runs));
      Atomics.add(progress, shared.steps, 1n);
    },
    onFinding,
  });
  post({ is: "done", repeated });
}
