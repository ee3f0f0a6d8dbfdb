/** A `test` for the contract suites where there is no test runner: one after another, one line for each, and a total. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DefineTest } from "../define-test.ts";

const TEST_WITHIN_MS = 60_000;

export interface Sequence {
  suite(name: string): DefineTest;
  /** Resolves with whether all passed. */
  run(): Promise<boolean>;
}

export function sequence(print: (line: string) => void): Sequence {
  const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  return {
    suite: (suite) => (name, run) => void tests.push({ name: `${suite}: ${name}`, run }),
    async run() {
      let failed = 0;
      for (const { name, run } of tests) {
        const startMs = performance.now();
        const failure = await failureOf(run);
        const took = `${Math.round(performance.now() - startMs)} ms`;
        print(`${failure === undefined ? "pass" : "FAIL"} ${name} (${took})`);
        if (failure === undefined) continue;
        failed++;
        for (const line of failure.split("\n").slice(0, 12)) print(`     ${line}`);
      }
      print(`total ${tests.length - failed} passed, ${failed} failed`);
      return failed === 0;
    },
  };
}

async function failureOf(run: () => Promise<void>): Promise<string | undefined> {
  const ending = new AbortController();
  const late = sleep(TEST_WITHIN_MS, undefined, { signal: ending.signal }).then(
    () => Promise.reject(new Error(`not over after ${TEST_WITHIN_MS} ms`)),
    () => {},
  );
  try {
    await Promise.race([run(), late]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : `${error}`;
  } finally {
    ending.abort();
  }
}
