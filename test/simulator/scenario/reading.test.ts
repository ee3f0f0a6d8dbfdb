/** What is wrong with a file is said with its line, and with what would be right. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readScenario } from "../../../simulator/scenario/read.ts";
import { verbs } from "../../../simulator/scenario/steps.ts";
import { ConfigError, describeProblem } from "../../../src/lib/errors.ts";

const head = "name: t\nproves: t\nprotocol: sv2\n";

function problemsOf(text: string): string[] {
  try {
    readScenario(text, "x.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(describeProblem);
  }
}

const withSteps = (steps: string) => `${head}steps:\n${steps}`;

describe("a file that is wrong", () => {
  test.each([
    ["no YAML", "a: [1", /^x\.yaml:1: .*/],
    ["no map", "- a", /^x\.yaml:1: this is no scenario; allowed: a map with/],
    ["a key twice", `${head}name: again\nsteps: [setUp]`, /^x\.yaml:4: Map keys must be unique/],
    ["no steps", head, /^x\.yaml:1: steps: is missing/],
    [
      "an unknown key",
      `${head}stepps: []\nsteps: [setUp]`,
      /^x\.yaml:4: stepps: unknown key, did you mean "steps"\?/,
    ],
    [
      "something else than a list to repeat",
      `${head}steps: [{ sendLine: { a: { repeat: 1 } } }]`,
      /^x\.yaml:\d+: .*repeat/,
    ],
    [
      "another protocol",
      head.replace("sv2", "sv3").concat("steps: [setUp]"),
      /^x\.yaml:3: protocol: "sv3" is not valid; allowed: "sv2", "sv1"/,
    ],
    [
      "an alias",
      `${head}steps: &a [setUp]\nignore: *a`,
      /^x\.yaml:\d+: an alias; allowed: values written out/,
    ],
    [
      "a mistyped step",
      withSteps("  - setUp\n  - expct: X"),
      /^x\.yaml:6: "expct" is no step, did you mean expect\?/,
    ],
    [
      "a mistyped bare step",
      withSteps("  - setUpp"),
      /^x\.yaml:5: "setUpp" is no step, did you mean setUp\?/,
    ],
    [
      "two steps in one",
      withSteps("  - setUp:\n    newBlock:"),
      /^x\.yaml:5: setUp and newBlock in one step/,
    ],
    [
      "a mistyped option",
      withSteps("  - expectShare: 1\n    withn: 5s"),
      /^x\.yaml:6: withn: unknown key, did you mean "within"\?/,
    ],
    [
      "a time without unit",
      withSteps("  - wait: 5"),
      /^x\.yaml:5: wait: 5 is not valid; allowed: text \(a time such as/,
    ],
    ["an argument that is missing", withSteps("  - wait"), /^x\.yaml:5: wait: is missing/],
    [
      "an unknown message",
      withSteps("  - send: NewMiningJb"),
      /^x\.yaml:5: no message is called NewMiningJb, did you mean NewMiningJob\?/,
    ],
    [
      "an unknown method",
      withSteps("  - send: mining.notfy"),
      /^x\.yaml:5: no method is called mining.notfy, did you mean mining.notify\?/,
    ],
    [
      "an unknown field",
      withSteps("  - send: NewMiningJob\n    with: { jobID: 1 }"),
      /^x\.yaml:6: NewMiningJob has no field jobID, did you mean jobId\?; allowed: channelId, jobId/,
    ],
    [
      "a value that does not fit",
      withSteps("  - send: NewMiningJob\n    with: { jobId: 0x100000000 }"),
      /^x\.yaml:6: 4294967296 does not fit U32/,
    ],
    [
      "bytes that are none",
      withSteps("  - send: NewMiningJob\n    with: { merkleRoot: xyz }"),
      /^x\.yaml:6: "xyz": hex: "x" at digit 0/,
    ],
    [
      "a hash that is too short",
      withSteps("  - send: NewMiningJob\n    with: { merkleRoot: 00*31 }"),
      /^x\.yaml:6: 31 bytes for U256; allowed: 32 bytes/,
    ],
    [
      "too many bytes",
      withSteps("  - send: CloseChannel\n    append: ff*99999999"),
      /^x\.yaml:6: .*at most/,
    ],
    [
      "a pattern that is none",
      withSteps('  - expect: SetupConnection\n    with: { vendor: { regex: "(" } }'),
      /^x\.yaml:6: .* is no pattern/,
    ],
    [
      "a name that nobody gives",
      withSteps("  - send: NewMiningJob\n    with: { jobId: $jib }"),
      /^x\.yaml:6: \$jib stands for nothing here, did you mean \$job\?/,
    ],
    [
      "an unknown server",
      withSteps("  - expectReconnect: 5s\n    at: spre"),
      /^x\.yaml:5: no server is called spre; allowed: main/,
    ],
    [
      "an unknown pool of the device",
      `${head}device: { pools: [a] }\nsteps: [setUp]`,
      /^x\.yaml:4: no server is called a; allowed: main/,
    ],
    [
      "an unknown fact",
      `${head}steps: [setUp]\nassert: { conections: 1 }`,
      /^x\.yaml:5: "conections" is no fact, did you mean connections\?/,
    ],
    [
      "an unknown quirk",
      `${head}servers: { b: { serve: { quirks: [grup-zero] } } }\nsteps: [setUp]`,
      /"grup-zero" is unknown, did you mean group-zero\?/,
    ],
    [
      "a step of the other protocol",
      withSteps("  - openChannel").replace("sv2", "sv1"),
      /^x\.yaml:5: openChannel is a step of Stratum V2/,
    ],
    [
      "a problem inside repeat",
      withSteps("  - repeat: 2\n    steps:\n      - wat: 5s"),
      /^x\.yaml:7: "wat" is no step, did you mean wait\?/,
    ],
  ])("%s", (_, text, expected) => {
    expect(problemsOf(text).join("\n")).toMatch(expected);
  });

  test("what could paint on a terminal is not repeated in a problem", () => {
    const problems = problemsOf("servers: {\u008f}\nsteps:\n  - send: t\n    with: {: $a}");
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join(" ")).not.toMatch(/\p{Cc}/u);
  });

  test("every problem is told at once", () => {
    const text = withSteps("  - wait: 5\n  - sett: 1\n  - send: Nothing\nassert: { nonsense: 1 }");
    expect(problemsOf(text).map((problem) => problem.split(" ")[0])).toEqual([
      "x.yaml:5:",
      "x.yaml:6:",
      "x.yaml:8:",
      "x.yaml:7:",
    ]);
  });

  test("JSON is taken as well", () => {
    const scenario = readScenario(
      '{"name":"t","proves":["a","b"],"protocol":"sv1","steps":["setUp",{"wait":"5s"}]}',
      "dir/some-name.json",
    );
    expect(scenario).toMatchObject({ id: "some-name", proves: ["a", "b"], protocol: "sv1" });
    expect(scenario.steps.map(({ verb, line }) => [verb, line])).toEqual([
      ["setUp", 1],
      ["wait", 1],
    ]);
  });

  test("is never more than a ConfigError", () => {
    const words = fc.constantFrom(
      ...Object.keys(verbs),
      ...["SetupConnection", "mining.notify", "with", "at", "steps", "$job", "ff*32", "5s", "is"],
    );
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        words,
        fc.integer(),
        fc.constant(null),
        fc.boolean(),
        fc.string({ maxLength: 6 }),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(words, tie("value"), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(words, value, { maxKeys: 3 }), value, (step, other) => {
        const text = JSON.stringify({
          name: "t",
          proves: "t",
          protocol: "sv2",
          steps: [step, other],
          assert: other,
        });
        expect(Array.isArray(problemsOf(text))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("of a hostile size is refused, not read", () => {
    expect(problemsOf(" ".repeat(300_000))[0]).toMatch(/300000 characters; allowed: at most/);
    const deep = `${head}steps: ${"[".repeat(100)}${"]".repeat(100)}`;
    expect(problemsOf(deep)[0]).toMatch(/too much of it/);
  });
});
