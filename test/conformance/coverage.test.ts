/** The table of cases itself: complete, true to the sources, and written down. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { quirkTable } from "../../simulator/pool/quirks.ts";
import { caseGroups, cases } from "./cases.ts";
import { readmeOf, testsByCase } from "./coverage.ts";
import { quirks } from "./quirks.ts";
import { verdictsOf } from "./run.ts";
import { casesOfTitle, titledTests } from "./titles.ts";

const root = resolve(import.meta.dirname, "../..");
const tests = titledTests(root);

describe("the cases", () => {
  test("there are 111, numbered without gaps, in seven groups", () => {
    expect(cases.map(({ number }) => number)).toEqual(Array.from({ length: 111 }, (_, i) => i + 1));
    const sizes = caseGroups.map((group) => cases.filter((one) => one.group === group).length);
    expect(sizes).toEqual([20, 25, 16, 17, 11, 10, 12]);
  });

  test("each has a test in this folder", () => {
    const without = [...testsByCase(tests)]
      .filter(([, own]) => !own.some(({ file }) => file.startsWith("test/conformance/")))
      .map(([number]) => number);
    expect(without).toEqual([]);
  });

  test("no title names a case that does not exist", () => {
    for (const { numbers, title, file } of tests)
      for (const number of numbers)
        expect(number >= 1 && number <= 111, `${file}: ${title}`).toBe(true);
  });

  test("titles in this folder name the sections of their cases", () => {
    for (const { numbers, section, title, file } of tests) {
      if (!file.startsWith("test/conformance/")) continue;
      const sections = numbers.map((number) => cases[number - 1]?.section);
      expect(section, title).toBe(sections.join(", "));
    }
  });

  test("README.md is what the sources say; `npm run conformance -- --write` makes it so", () => {
    const written = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    expect(written).toBe(readmeOf(tests));
  });
});

describe("the quirks", () => {
  test("there are 26, and each has cases, and a switch or a reason for none", () => {
    expect(quirks.map(({ number }) => number)).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
    for (const { number, switches, cases: covering, note } of quirks) {
      expect(covering.length, `Q${number}`).toBeGreaterThan(0);
      expect(switches.length > 0 || note !== undefined, `Q${number}`).toBe(true);
    }
  });

  test("those that a pool can show have a switch, and every switch exists", () => {
    const withSwitch = quirks.filter(({ switches }) => switches.length > 0);
    expect(withSwitch.map(({ number }) => number)).toEqual(
      expect.arrayContaining([4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 22]),
    );
    const known = Object.keys(quirkTable);
    for (const { switches } of quirks) for (const name of switches) expect(known).toContain(name);
  });
});

describe("titles and verdicts", () => {
  test.each([
    ["test/a/b.test.ts", "case 9 (policy): x", [9], "policy"],
    ["test/a/b.test.ts", "cases 22, 46, 47: x", [22, 46, 47], undefined],
    ["test/noise/b.test.ts", "33: x", [33], undefined],
    ["test/noise/b.test.ts", "33 x", undefined, undefined],
    ["test/a/b.test.ts", "33: x", undefined, undefined],
    ["test/a/b.test.ts", "in case 9: x", undefined, undefined],
  ])("%s, %j: %j", (file, title, numbers, section) => {
    const titled = casesOfTitle(title, file);
    expect([titled?.numbers, titled?.section]).toEqual([numbers, section]);
  });

  test("a failure, a broken file, a test that did not run and a missing one are told apart", () => {
    const one = (title: string, status = "passed") => ({
      status,
      title,
      fullName: title,
      ancestorTitles: [],
    });
    const report = (assertionResults: ReturnType<typeof one>[]) => ({
      testResults: [{ name: "/r/test/a.test.ts", assertionResults }],
    });
    const verdicts = verdictsOf(
      report([
        one("case 1: a"),
        one("cases 1, 2: b", "failed"),
        one("case 3: not run here"),
        one("case 4: x"),
        one("case 4: not run here"),
        one("case 5: skipped", "skipped"),
      ]),
      "/r",
    );
    expect(verdicts.slice(0, 6).map(({ verdict }) => verdict)).toEqual([
      ...["failed", "failed", "not run here", "passed", "failed", "no test"],
    ]);
    expect(verdictsOf(report([]), "/r").every(({ verdict }) => verdict === "failed")).toBe(true);
  });
});
