/** Cases beside the tests that carry them, as sources say, and as a page. */
import { type CaseGroup, caseGroups, cases } from "./cases.ts";
import { quirks } from "./quirks.ts";
import type { TitledTest } from "./titles.ts";

const groupTitles: Readonly<Record<CaseGroup, string>> = {
  encoding: "Encoding and framing",
  noise: "Noise",
  "set-up": "Set-up and opening of channels",
  jobs: "Jobs and previous hashes",
  "ntime-version-target": "ntime, version, target",
  shares: "Shares",
  "life-cycle": "Life-cycle",
};

/** Tests of each case, in order of their files. */
export function testsByCase(tests: readonly TitledTest[]): ReadonlyMap<number, TitledTest[]> {
  const byCase = new Map<number, TitledTest[]>(cases.map(({ number }) => [number, []]));
  for (const test of tests) for (const number of test.numbers) byCase.get(number)?.push(test);
  return byCase;
}

/** What test/conformance/README.md has to be. */
export function readmeOf(tests: readonly TitledTest[]): string {
  const byCase = testsByCase(tests);
  const files = [...new Set(tests.map(({ file }) => file))].sort();
  return [
    "# Conformance",
    "",
    "What a Stratum V2 mining device must do, case by case, and the tests that hold asicd to it. Generated from `cases.ts`,",
    "`quirks.ts` and the titles of tests by `npm run conformance -- --write`; a test keeps it true.",
    "",
    "`npm run conformance` runs them and prints each case with its verdict; it fails when a test fails, or a case has none.",
    "With `--json` it prints the same as data. Cases 33 to 35, and a part of 110, read vectors of other projects from",
    '`../shared/vectors/foreign`, or from where ASICD_FOREIGN_VECTORS says; they are called "not run here" elsewhere.',
    "",
    "Most tests drive a whole miner under virtual time, from the bytes on its socket to the jobs of its chains (`device.ts`),",
    'against a pool\'s end that can be told to do anything (`pool-end.ts`). "policy" stands where the specification is silent.',
    "",
    ...caseGroups.flatMap((group) => [
      `## ${groupTitles[group]}`,
      "",
      "| case | section | what | tests |",
      "|---|---|---|---|",
      ...cases
        .filter((one) => one.group === group)
        .map(({ number, section, text }) => {
          const shown = (byCase.get(number) ?? []).map((test) => testCell(test, files));
          return `| ${number} | ${section} | ${cell(text)} | ${shown.join("<br>")} |`;
        }),
      "",
    ]),
    "## Quirks of real pools",
    "",
    "Where specification and implementations disagree. A switch is one of the simulated pool (`--quirk`).",
    "",
    "| quirk | what | switches | cases | otherwise |",
    "|---|---|---|---|---|",
    ...quirks.map(({ number, text, switches, cases: covering, note }) => {
      const shown = switches.map((name) => `\`${name}\``).join(" ");
      return `| Q${number} | ${cell(text)} | ${shown} | ${covering.join(", ")} | ${cell(note ?? "")} |`;
    }),
    "",
    "## Files",
    "",
    ...files.map((file, index) => `${index + 1}. [${file}](${pathFromHere(file)})`),
    "",
  ].join("\n");
}

/** The title without the numbers, which stand in the first column, and the number of its file in the list below. */
function testCell({ title: text, file }: TitledTest, files: readonly string[]): string {
  const words = text.replace(/^(cases? )?\d+(, \d+)*( \([^)]*\))?: /, "");
  return `${cell(words)} (${files.indexOf(file) + 1})`;
}

function pathFromHere(file: string): string {
  return file.startsWith("test/conformance/")
    ? file.slice("test/conformance/".length)
    : file.replace(/^test\//, "../");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}
