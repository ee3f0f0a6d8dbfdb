/** Runs the tests that carry cases, as vitest runs them, and says what became of each case. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { cases } from "./cases.ts";
import { casesOfTitle, type TitledTest } from "./titles.ts";

export type Verdict = "passed" | "failed" | "not run here" | "no test";

export interface CaseVerdict {
  readonly number: number;
  readonly section: string;
  readonly text: string;
  readonly verdict: Verdict;
  readonly tests: number;
  readonly failed: readonly string[];
}

/** The part of vitest's JSON report that counts here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly fullName: string;
      readonly ancestorTitles: readonly string[];
    }[];
  }[];
}

/** A test says by its title that its files are not on this machine. */
const NOT_RUN = /not run here/;

/** Rejects when vitest ends without a report. */
export async function runCases(root: string, tests: readonly TitledTest[]): Promise<CaseVerdict[]> {
  const folder = mkdtempSync(join(tmpdir(), "asicd-conformance-"));
  try {
    const output = join(folder, "report.json");
    // Contracts are run by the tests of the same folder that import them.
    const files = [...new Set(tests.map(({ file }) => testFileOf(file)))].sort();
    await vitest(root, [...files, "--reporter=json", `--outputFile=${output}`]);
    return verdictsOf(JSON.parse(readFileSync(output, "utf8")) as Report, root);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function testFileOf(file: string): string {
  return file.endsWith(".test.ts") ? file : file.slice(0, file.lastIndexOf("/") + 1);
}

/** What a report means for each case. A file that did not even load fails every case, as nobody knows which were in it. */
export function verdictsOf(report: Report, root: string): CaseVerdict[] {
  const ran = new Map<number, { title: string; verdict: Verdict }[]>();
  const broken: string[] = [];
  for (const { name, message, assertionResults } of report.testResults) {
    const file = relative(root, name);
    if (assertionResults.length === 0) broken.push(`${file}: ${message ?? "no tests"}`);
    for (const { status, title, fullName, ancestorTitles } of assertionResults) {
      const isPassed = status === "passed";
      const isRun = !NOT_RUN.test(fullName);
      const verdict = isPassed ? (isRun ? "passed" : "not run here") : "failed";
      for (const words of [...ancestorTitles, title])
        for (const number of casesOfTitle(words, file)?.numbers ?? []) {
          const known = ran.get(number) ?? [];
          known.push({ title: fullName, verdict });
          ran.set(number, known);
        }
    }
  }
  return cases.map(({ number, section, text }) => {
    const results = ran.get(number) ?? [];
    const failed = results.filter(({ verdict }) => verdict === "failed").map(({ title }) => title);
    const passed = results.filter(({ verdict }) => verdict === "passed").length;
    const all = [...failed, ...broken];
    return {
      number,
      section,
      text,
      verdict: verdictOf(results.length, passed, all.length),
      tests: passed + failed.length,
      failed: all,
    };
  });
}

function verdictOf(results: number, passed: number, failed: number): Verdict {
  if (failed > 0) return "failed";
  if (passed > 0) return "passed";
  return results > 0 ? "not run here" : "no test";
}

/** Its progress goes to standard error, so that standard output is the table alone. */
function vitest(root: string, args: readonly string[]): Promise<void> {
  const program = join(root, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [program, "run", "--reporter=default", ...args], {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => resolve());
  });
}
