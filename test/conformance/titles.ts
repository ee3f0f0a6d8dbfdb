/** Which cases a test is about, by its title: "case 9 (…): …" or "cases 22, 46, 47: …"; and a scan of sources for such titles. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders whose tests come from before the word "case": there a title that begins with a number is of that case. */
const NUMBERED_FOLDERS = /^test\/(sv2|noise)\//;
const CASE_TITLE = /^cases? (\d+(?:, \d+)*)(?: \(([^)]*)\))?: /;
const NUMBERED_TITLE = /^(\d+): /;

export interface TitledCases {
  readonly numbers: readonly number[];
  /** What stands in the brackets; absent outside of this folder. */
  readonly section: string | undefined;
}

/** `undefined`: the title names no case. `file` is relative to the repository. */
export function casesOfTitle(title: string, file: string): TitledCases | undefined {
  const [, list, section] = CASE_TITLE.exec(title) ?? [];
  if (list !== undefined) return { numbers: list.split(", ").map(Number), section };
  if (!NUMBERED_FOLDERS.test(file)) return undefined;
  const [, number] = NUMBERED_TITLE.exec(title) ?? [];
  return number === undefined ? undefined : { numbers: [Number(number)], section: undefined };
}

export interface TitledTest extends TitledCases {
  /** Relative to the repository. */
  readonly file: string;
  /** As the source has it: a table's rows share one title. */
  readonly title: string;
}

/** It has titles of no test, as samples. */
const ITS_OWN_TEST = "test/conformance/coverage.test.ts";

/** Texts in quotes at the place of a title: the first argument of a call, or the first cell of a table's row. */
const TITLE_TEXT = /(?<=[([]\s*)(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

/** Every title that names a case, file by file. */
export function titledTests(root: string): TitledTest[] {
  return testFilesBelow(root, "test").flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return [...source.matchAll(TITLE_TEXT)].flatMap(([, quoted, template]) => {
      const title = (quoted ?? template ?? "").replace(/\\(["`\\])/g, "$1");
      const titled = casesOfTitle(title, file);
      return titled === undefined ? [] : [{ file, title, ...titled }];
    });
  });
}

/** Sources of tests, and of what they share: a contract that several tests run has its titles too. */
function testFilesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return testFilesBelow(root, path);
      return entry.name.endsWith(".ts") && path !== ITS_OWN_TEST ? [path] : [];
    })
    .sort();
}
