/** Runs one target over and over in this thread. */
import { type Finding, failureOf, findingOf, StrayRejections, signatureOf } from "./finding.ts";
import { Random } from "./random.ts";
import type { ShrinkBudget } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

/** After so many different ones somebody should look first. */
const MAX_FINDINGS = 10;
const SHRINK_CALLS = 3_000;
const SHRINK_MS = 8_000;
const NO_BUDGET: ShrinkBudget = { calls: 0, ms: 0 };
/** Promises that nobody waits for, and messages to this thread, get their turn. */
const YIELD_EVERY_MS = 100;

export interface LoopOptions {
  readonly seed: number;
  readonly firstAt: number;
  /** Asked before every run. */
  readonly goesOn: (runs: number) => boolean;
  /** After so many different ones it ends; 10 when absent. */
  readonly maxFindings?: number;
  /** 8 s when absent. */
  readonly shrinkMs?: number;
  /** Before each run, and each attempt to make an input smaller. */
  readonly onStep?: (at: number, runs: number) => void;
  readonly onFinding?: (finding: Finding) => void;
}

export interface LoopResult {
  readonly runs: number;
  readonly findings: readonly Finding[];
  /** Of findings that were found before. */
  readonly repeated: number;
}

export async function fuzz(target: FuzzTarget, options: LoopOptions): Promise<LoopResult> {
  const { seed, firstAt, goesOn, onStep, onFinding } = options;
  const findings = new Map<string, Finding>();
  const maxFindings = options.maxFindings ?? MAX_FINDINGS;
  const strays = new StrayRejections();
  const budget: ShrinkBudget = { calls: SHRINK_CALLS, ms: options.shrinkMs ?? SHRINK_MS };
  let runs = 0;
  let repeated = 0;

  const judge = async (at: number, input: unknown, failure: Error, budget: ShrinkBudget) => {
    if (findings.has(signatureOf(failure))) {
      repeated++;
      return;
    }
    const onAttempt = () => onStep?.(at, runs);
    const finding = await findingOf(target, { seed, at, input }, failure, {
      budget,
      strays,
      onAttempt,
    });
    findings.set(finding.signature, finding);
    onFinding?.(finding);
  };

  try {
    let yieldedMs = performance.now();
    for (let at = firstAt; goesOn(runs) && findings.size < maxFindings; at++) {
      onStep?.(at, runs);
      const input = target.make(Random.forRun(seed, target.name, at));
      const failure = await failureOf(target, input, strays);
      runs++;
      if (failure !== undefined) await judge(at, input, failure, budget);
      if (performance.now() - yieldedMs < YIELD_EVERY_MS) continue;
      await settled();
      yieldedMs = performance.now();
    }
    await settled();
    const late = strays.take();
    if (late !== undefined) await judge(firstAt + runs - 1, null, late, NO_BUDGET);
  } finally {
    strays[Symbol.dispose]();
  }
  return { runs, findings: [...findings.values()], repeated };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
