/** The steps of a run: each has a name, a time in which it must come true, and a line that is shown when it has. */
import type { Clock } from "../../src/ports/clock.ts";

export interface Step {
  readonly run: string;
  readonly name: string;
  /** Since the start of the run. */
  readonly atS: number;
  /** missed: a goal that is shown and does not fail the run. */
  readonly outcome: "pass" | "fail" | "missed";
  readonly detail: string;
}

export interface StageOptions {
  readonly run: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onStep: (step: Step) => void;
}

/** Looked at this often. */
const POLL_MS = 200;

export class Stage {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly #options: StageOptions;
  readonly #startMs: number;
  readonly #troubles: Promise<never>[] = [];

  constructor(options: StageOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.signal = options.signal;
    this.#startMs = options.clock.nowMs();
  }

  /** Ends every step that waits, from now on. */
  endWith(trouble: Promise<never>): void {
    trouble.catch(() => {});
    this.#troubles.push(trouble);
  }

  /** Rejects with what went wrong, which is then also a step that failed. */
  async step(
    name: string,
    withinS: number,
    work: (signal: AbortSignal) => Promise<string>,
  ): Promise<void> {
    const over = new AbortController();
    const late = this.clock.after(withinS * 1_000, () =>
      over.abort(new Error(`not within ${withinS} s`)),
    );
    const signal = AbortSignal.any([this.signal, over.signal]);
    try {
      const detail = await Promise.race([work(signal), rejectionOf(signal), ...this.#troubles]);
      this.tell(name, "pass", detail);
    } catch (error) {
      this.tell(name, "fail", error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      late[Symbol.dispose]();
      over.abort();
    }
  }

  tell(name: string, outcome: Step["outcome"], detail: string): void {
    const atS = (this.clock.nowMs() - this.#startMs) / 1_000;
    this.#options.onStep({ run: this.#options.run, name, atS, outcome, detail });
  }

  /** Looks until there is something. What it says while there is nothing is the reason when time runs out. */
  async until<T>(signal: AbortSignal, look: () => Promise<Look<T>> | Look<T>): Promise<T> {
    let missing = "nothing was seen";
    const aborted = abortOf(signal);
    for (;;) {
      // A computer that is busy does not always answer.
      const looking = Promise.resolve()
        .then(look)
        .catch((error: Error): Look<T> => ({ missing: error.message }));
      const seen = await Promise.race([looking, aborted]);
      if (seen !== undefined && "found" in seen) return seen.found;
      missing = seen?.missing ?? `${missing} (and no answer to the last question)`;
      await this.clock.sleep(POLL_MS, signal).catch((error: Error) => {
        throw new Error(`${error.message}: ${missing}`, { cause: error });
      });
    }
  }
}

export type Look<T> = { readonly found: T } | { readonly missing: string };

function abortOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // After the work itself, which may know what was missing.
    const fail = () => setTimeout(() => reject(signal.reason), 1_000).unref();
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}
