/** `npm run conformance`: every case of the Stratum V2 conformance suite with its verdict. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readmeOf } from "./coverage.ts";
import { type CaseVerdict, runCases } from "./run.ts";
import { titledTests } from "./titles.ts";

const HELP = `Usage: npm run conformance -- [--json] [--write]

Runs the tests of the 111 cases of the Stratum V2 conformance suite and prints each case with its section and verdict.
  --json   the verdicts as JSON
  --write  runs nothing; writes test/conformance/README.md, the table of cases with their tests
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const root = process.cwd();
const tests = titledTests(root);

if (values.help) {
  process.stdout.write(HELP);
} else if (values.write) {
  const path = "test/conformance/README.md";
  writeFileSync(join(root, path), readmeOf(tests));
  console.log(`${path} written`);
} else {
  const verdicts = await runCases(root, tests);
  console.log(values.json ? JSON.stringify(verdicts, undefined, 2) : tableOf(verdicts));
  const isGood = verdicts.every(
    ({ verdict }) => verdict === "passed" || verdict === "not run here",
  );
  process.exitCode = isGood ? 0 : 1;
}

function tableOf(verdicts: readonly CaseVerdict[]): string {
  const width = Math.max(...verdicts.map(({ section }) => section.length));
  const rows = verdicts.flatMap(({ number, section, verdict, tests: count, text, failed }) => [
    `${String(number).padStart(4)}  ${section.padEnd(width)}  ${verdict.padEnd(12)}  ${String(count).padStart(5)}  ${text}`,
    ...failed.map((title) => `      failed: ${title}`),
  ]);
  const counts = new Map<string, number>();
  for (const { verdict } of verdicts) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const sum = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
  const head = `case  ${"section".padEnd(width)}  verdict       tests  what`;
  return [head, ...rows, "", `${verdicts.length} cases: ${sum}`].join("\n");
}
