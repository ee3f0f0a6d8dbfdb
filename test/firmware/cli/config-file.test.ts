import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { chipsByName } from "../../../drivers/bm13xx/chips.ts";
import {
  configurableChips,
  parseJsonc,
  readConfigFile,
} from "../../../firmware/cli/config-file.ts";
import { ConfigError } from "../../../src/lib/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "asicd-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(folder, "asicd.jsonc");
  writeFileSync(path, content);
  return path;
}

function problemsOf(read: () => unknown) {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("the example file loads", () => {
  const config = readConfigFile("boards/examples/s19jpro-single-chain.jsonc");
  expect(config.chains).toEqual([
    {
      uart: "/dev/ttyS1",
      chip: "BM1362",
      chips: 126,
      layout: "s19jpro",
      frequencyMHz: 525,
      ticketDifficulty: 256,
      fastBaud: { register: "0x11300000", hostBaud: 3_125_000 },
      addressInterval: 2,
      experimental: false,
      acceptFewerChips: false,
    },
  ]);
});

test("every chip can be brought up in at least one way", () => {
  expect(configurableChips.map(({ name }) => name)).toEqual([...chipsByName.keys()]);
  for (const { layouts } of configurableChips) expect(layouts).toContain("single");
});

describe("a syntax error has line and column", () => {
  test.each([
    ["", "1:1", "value expected at the end"],
    ['{\n  "version" 1\n}', "2:13", "colon expected"],
    ['{\n  "a": 1\n  "b": 2\n}', "3:3", "comma expected"],
    ["{ /* no end", "1:3", "unexpected end of comment"],
    ['{ "a": 0x1 }', "1:9", "invalid symbol"],
    ['{ "a": 1,\n  "b": { "a": 2 }, "a": 3 }', "2:20", '"a" is given twice'],
    ['{"version": 1} x', "1:16", "invalid symbol"],
    ['{ "a" ] }', "1:7", 'colon expected at "]"'],
  ])("%j", (text, place, problem) => {
    const problems = problemsOf(() => parseJsonc(text));
    expect(problems.map(({ path }) => path)).toContain(place);
    expect(problems.map((one) => one.problem).join("; ")).toContain(problem);
  });

  test("behind the file's name, as a problem of the content is behind its path", () => {
    const path = file('{ "version": 1, }');
    expect(problemsOf(() => readConfigFile(path)).map((problem) => problem.path)).toEqual([
      `${path}: pool`,
    ]);
    expect(problemsOf(() => readConfigFile(file("{")))[0]?.path).toBe(`${path}: 1:2`);
  });
});

test("comments and trailing commas are fine", () => {
  expect(parseJsonc('// c\n{ "a": [1, 2,], /* d */ }\n')).toEqual({ a: [1, 2] });
});

describe("a file that cannot be read says why", () => {
  test.each([
    [() => join(folder, "missing"), "does not exist"],
    [() => folder, "is no regular file"],
    [() => "/dev/zero", "is no regular file"],
    [() => file(Uint8Array.of(0x7b, 0xff, 0x7d)), "is not UTF-8 text"],
    [() => file(" ".repeat((1 << 20) + 1)), "is too large"],
  ])("%s: %s", (path, problem) => {
    const problems = problemsOf(() => readConfigFile(path()));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toContain(problem);
  });
});
