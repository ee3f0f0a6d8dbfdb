/** What a fuzzer found, in a form that crosses threads and survives in a log. */

import { inputToText } from "./input-text.ts";
import { type ShrinkBudget, shrink } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

export interface Finding {
  readonly target: string;
  readonly kind: "error" | "hang" | "memory";
  /** Name, message and place of the error. */
  readonly what: string;
  /** The same defect found again has the same one. */
  readonly signature: string;
  readonly seed: number;
  /** Number of the run; with target and seed it makes the same input again, where the corpus is the same. */
  readonly at: number;
  /** Made as small as could be, see `inputToText`. */
  readonly input: string;
}

/** Promises that failed and that nobody waited for, on this thread. */
export class StrayRejections implements Disposable {
  #first: Error | undefined;
  readonly #listener = (error: unknown) => {
    this.#first ??= asError(error);
  };

  constructor() {
    process.on("unhandledRejection", this.#listener);
  }

  /** The first since it was last taken. */
  take(): Error | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#listener);
  }
}

/** What the run of one input threw, or a promise that failed meanwhile; `undefined`: all is well. */
export async function failureOf(
  target: FuzzTarget,
  input: unknown,
  strays: StrayRejections,
): Promise<Error | undefined> {
  try {
    const running = target.run(input);
    if (running !== undefined) await running;
  } catch (error) {
    return asError(error);
  }
  return strays.take();
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
}

/** The finding of a failed run, with the smallest input that fails in the same way. */
export async function findingOf(
  target: FuzzTarget,
  run: { readonly seed: number; readonly at: number; readonly input: unknown },
  error: Error,
  options: {
    readonly budget: ShrinkBudget;
    readonly strays: StrayRejections;
    readonly onAttempt?: () => void;
  },
): Promise<Finding> {
  const signature = signatureOf(error);
  const smallest = await shrink(
    run.input,
    async (smaller) => {
      options.onAttempt?.();
      const failure = await failureOf(target, smaller, options.strays);
      return failure !== undefined && signatureOf(failure) === signature;
    },
    options.budget,
  );
  return {
    target: target.name,
    kind: "error",
    what: placeOf(error),
    signature,
    seed: run.seed,
    at: run.at,
    input: inputToText(smallest),
  };
}

/** Numbers and quoted text vary from input to input; the place in the code does not. */
export function signatureOf(error: Error): string {
  const message = error.message.replaceAll(/"[^"]*"|0x[0-9a-f]+|-?\d+/g, "#").slice(0, 120);
  return `${error.name} ${message} ${ownFrames(error)[0] ?? ""}`;
}

function placeOf(error: Error): string {
  return [`${error.name}: ${error.message.slice(0, 500)}`, ...ownFrames(error).slice(0, 6)].join(
    "\n",
  );
}

/** Lines of the stack that lie in this project. */
function ownFrames(error: Error): string[] {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) =>
      /^\s+at .*\b(src|drivers|boards|firmware|simulator|test)\/[\w/.-]+\.ts/.test(line),
    )
    .map((line) =>
      line.trim().replace(/(\(|at )\S*?\b((src|drivers|boards|firmware|simulator|test)\/)/, "$1$2"),
    );
}
