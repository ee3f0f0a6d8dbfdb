import { describe, expect, test } from "vitest";
import { mismatch } from "../../../simulator/scenario/matchers.ts";
import { type Scope, ValueProblem } from "../../../simulator/scenario/scope.ts";
import { parseSource, type SourceNode } from "../../../simulator/scenario/source.ts";
import { readJson, readValue } from "../../../simulator/scenario/values.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";

const node = (text: string): SourceNode => parseSource(text, "v.yaml");
const names: Record<string, unknown> = {
  job: 7,
  big: 2n ** 40n,
  prefix: fromHex("aabb"),
  word: "hi",
  list: [1, 2],
};
const scope: Scope = {
  get(name) {
    if (name in names) return names[name];
    throw new ValueProblem(`$${name}`, "");
  },
};

describe("values", () => {
  test.each([
    ["7", "U32", 7],
    ["0x1fffe000", "U32", 0x1fffe000],
    ["$job", "U32", 7],
    ["$job + 1", "U16", 8],
    ["2 * $job - 3", "U16", 11],
    ["0x10 + 1_000", "U32", 1_016],
    ["18446744073709551615", "U64", 2n ** 64n - 1n],
    ["$big * 2", "U64", 2n ** 41n],
    ["7 / 2", "U8", 3],
    ["7 / 2", "F32", 3.5],
    ["1.2e14", "F32", 1.2e14],
    ["true", "BOOL", true],
    ["none", "OPTION[U32]", undefined],
    ["null", "OPTION[U32]", undefined],
    ["5", "OPTION[U32]", 5],
    ["[1, $job]", "SEQ0_64K[U16]", [1, 7]],
    ["{ repeat: [3, 4] }", "SEQ0_64K[U16]", [3, 3, 3, 3]],
    ["$list", "SEQ0_64K[U16]", [1, 2]],
    ["text", "STR0_255", "text"],
    ["$word", "STR0_255", "hi"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is how scenarios write it
    ['"${word}, ${job}"', "STR0_255", "hi, 7"],
    ["{ repeat: [ab, 3] }", "STR0_255", "ababab"],
  ])("%s as %s", (text, dataType, expected) => {
    expect(readValue(node(text), dataType, scope)).toEqual(expected);
  });

  test.each([
    ["00", "00"],
    ["0010", "0010"],
    ["1e10", "1e10"],
    ["ff*3", "ffffff"],
    ["00*2 ffff $prefix 01*2", "0000ffffaabb0101"],
    ['""', ""],
    ["{ difficulty: 1 }", `${"00".repeat(26)}ffff${"00".repeat(4)}`],
  ])("bytes: %s", (text, expected) => {
    expect(toHex(readValue(node(text), "B0_64K", scope) as Uint8Array)).toBe(expected);
  });

  test.each([
    ["abc", "U32"],
    ["$job $job", "U32"],
    ['"* 2"', "U32"],
    ["1 +", "U32"],
    ["1 / 0", "U32"],
    ["$word", "U32"],
    ["[1]", "U32"],
    ["$nobody", "U32"],
    ["abc", "B0_64K"],
    ["ff*", "B0_64K"],
    ["ff*99999999", "B0_64K"],
    ["{ difficulty: 0 }", "U256"],
    ["maybe", "BOOL"],
    ["7", "SEQ0_64K[U16]"],
    ["{ repeat: [x, 9999999] }", "STR0_255"],
  ])("%s is no %s", (text, dataType) => {
    expect(() => readValue(node(text), dataType, scope)).toThrow(ValueProblem);
  });

  test("JSON keeps its types, and takes names", () => {
    const value = readJson(node('[1, "2", true, null, { a: $prefix, b: $job * 2 }]'), scope);
    expect(value).toEqual([1, "2", true, null, { a: "aabb", b: 14 }]);
  });
});

describe("matchers", () => {
  const match = (text: string, value: unknown, captured: Record<string, unknown> = {}) =>
    mismatch(
      node(text),
      value,
      (literal, own) => readValue(literal, typeof value === "string" ? "STR0_255" : "U32", own),
      scope,
      (name, one) => {
        captured[name] = one;
      },
    );

  test.each([
    ["5", 5, 6],
    ["{ is: 5 }", 5, 6],
    ["{ not: 5 }", 6, 5],
    ["{ oneOf: [1, $job] }", 7, 8],
    ["{ min: 3, max: 5 }", 5, 6],
    ["{ min: 3 }", 3, 2],
    ["{ max: 5s }", 5_000, 5_001],
    ["{ set: 4, clear: 2 }", 5, 6],
    ["{ clear: 0x80000000 }", 1, 0x80000000],
    ["{ regex: ^a+$ }", "aaa", "ab"],
    ["{ regex: ^00ff }", fromHex("00ff01"), fromHex("01ff")],
    ["{ length: 2 }", [1, 2], [1]],
    ["{ length: 2 }", fromHex("0102"), fromHex("01")],
    [
      "{ min: 0.9, max: 1.1 }",
      fromHex(`${"00".repeat(26)}ffff${"00".repeat(4)}`),
      new Uint8Array(32),
    ],
    ["hi", "hi", "ho"],
  ])("%s", (text, good, bad) => {
    expect(match(text, good)).toBeUndefined();
    expect(match(text, bad)).toEqual(expect.any(String));
  });

  test("what matches is remembered under its name, what does not is not", () => {
    const captured: Record<string, unknown> = {};
    expect(match("{ min: 3, as: rate }", 4, captured)).toBeUndefined();
    expect(match("{ min: 3, as: other }", 2, captured)).toBe("at least 3");
    expect(captured).toEqual({ rate: 4 });
  });
});
