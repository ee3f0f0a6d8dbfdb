import { describe, expect, test } from "vitest";
import type { Command } from "../../../firmware/cli/command.ts";
import { asksForHelp, parseCommandLine } from "../../../firmware/cli/parse-args.ts";
import { ConfigError } from "../../../src/lib/errors.ts";

const command: Command = {
  name: "example",
  summary: "an example",
  usage: "[options]",
  options: {
    chips: { type: "string", value: "N", description: "chips" },
    chip: { type: "string", value: "NAME", description: "chip" },
    duration: { type: "string", value: "TIME", description: "duration" },
    rate: { type: "string", description: "rate" },
    job: { type: "string", value: "HEX", description: "job" },
    pool: { type: "string", value: "URL", description: "pool" },
    fault: { type: "string", multiple: true, description: "fault" },
    json: { type: "boolean", description: "json" },
  },
  run: async () => 0,
};

const parse = (...argv: string[]) => parseCommandLine(command, argv);

function problemsOf(argv: string[], read: (args: ReturnType<typeof parse>) => void = () => {}) {
  const args = parse(...argv);
  read(args);
  try {
    args.finish();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("values are read", () => {
  test("as text, flags, lists and positionals", () => {
    const args = parse("--pool=a=b", "--json", "--fault", "x", "--fault=y");
    expect(args.string("pool", undefined)).toBe("a=b");
    expect(args.flag("json")).toBe(true);
    expect(args.strings("fault")).toEqual(["x", "y"]);
    expect(args.string("chip", "BM1362")).toBe("BM1362");
    const withPositionals = parseCommandLine({ ...command, positionals: "HEX..." }, [
      "55aa",
      "--json",
      "--",
      "--pool",
    ]);
    expect(withPositionals.positionals).toEqual(["55aa", "--pool"]);
    expect(withPositionals.has("pool")).toBe(false);
  });

  test.each([
    ["126", 126],
    ["0x7e", 126],
    ["1", 1],
    ["256", 256],
  ])("as whole numbers: %s", (text, value) => {
    expect(parse("--chips", text).integer("chips", { min: 1, max: 256 }, 5)).toBe(value);
  });

  test.each([
    ["60", 60_000],
    ["1.5", 1_500],
    ["500ms", 500],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
  ])("as durations: %s", (text, value) => {
    const bounds = { min: 1, max: 1e12 };
    expect(parse("--duration", text).durationMs("duration", bounds, undefined)).toBe(value);
  });

  test("as one of several words, whatever their case", () => {
    const chips = ["BM1362", "BM1370"] as const;
    expect(parse("--chip", "bm1370").oneOf("chip", chips, "BM1362")).toBe("BM1370");
    expect(parse().oneOf("chip", chips, "BM1362")).toBe("BM1362");
  });

  test("as hex", () => {
    expect(parse("--job", "55 AA").hex("job", undefined)).toEqual(Uint8Array.of(0x55, 0xaa));
  });

  test("as numbers, negative ones too", () => {
    const bounds = { min: -10, max: 10 };
    expect(parse("--rate", "-2.5").number("rate", bounds, undefined)).toBe(-2.5);
    expect(parse("--rate=1e-3").number("rate", bounds, undefined)).toBe(0.001);
  });
});

describe("a problem names the option, what is wrong and what is allowed", () => {
  test("an unknown option, with the one that was meant", () => {
    const [problem] = problemsOf(["--chisp", "5"]);
    expect(problem).toMatchObject({ path: "--chisp" });
    expect(problem?.problem).toBe("unknown option, did you mean --chips?");
    expect(problem?.allowed).toContain("--duration");
  });

  test("an option whose value was forgotten", () => {
    expect(problemsOf(["--pool"])).toEqual([
      { path: "--pool", problem: "needs a value", allowed: "URL" },
    ]);
    expect(problemsOf(["--pool", "--json"])[0]?.problem).toBe(
      'needs a value, but "--json" follows',
    );
    expect(problemsOf(["--pool="])[0]?.problem).toBe("needs a value");
  });

  test("a flag with a value", () => {
    expect(problemsOf(["--json=yes"])[0]).toEqual({
      path: "--json",
      problem: 'takes no value, but has "yes"',
    });
  });

  test("an option given twice", () => {
    expect(problemsOf(["--chips", "1", "--chips", "2"])).toEqual([
      { path: "--chips", problem: "is given more than once" },
    ]);
  });

  test.each(["", "abc", "0", "257", "1.5", "12x", "0x", "1e2", "١"])("chips = %j", (text) => {
    const problems = problemsOf([`--chips=${text}`], (args) => {
      expect(args.integer("chips", { min: 1, max: 256 }, 126)).toBe(126);
    });
    expect(problems).toHaveLength(1);
    if (text !== "")
      expect(problems[0]).toEqual({
        path: "--chips",
        problem: `"${text}" is not valid`,
        allowed: "a whole number from 1 to 256",
      });
  });

  test("bounds of what people write in hex are shown in hex", () => {
    const problems = problemsOf(["--chips", "1"], (args) => {
      args.integer("chips", { min: 0x03000001, max: 0x207fffff, inHex: true }, 0);
    });
    expect(problems[0]?.allowed).toBe("a whole number from 0x03000001 to 0x207fffff");
  });

  test.each(["soon", "5 s", "-5", "1m30", "ms", "0"])("duration = %j", (text) => {
    const problems = problemsOf([`--duration=${text}`], (args) => {
      expect(args.durationMs("duration", { min: 1_000, max: 60_000 }, 7)).toBe(7);
    });
    expect(problems[0]?.allowed).toContain("from 1 to 60 s");
  });

  test("bad hex, with the place", () => {
    const problems = problemsOf(["--job", "55ag"], (args) => void args.hex("job", undefined));
    expect(problems).toEqual([
      { path: "--job", problem: 'hex: "g" at digit 3 is not one of 0-9 a-f' },
    ]);
  });

  test("an option that is needed", () => {
    expect(problemsOf([], (args) => args.require("pool"))).toEqual([
      { path: "--pool", problem: "is needed" },
    ]);
  });

  test("an argument where none is taken", () => {
    expect(problemsOf(["55aa"])[0]?.path).toBe('"55aa"');
  });

  test("and all of them come at once", () => {
    const problems = problemsOf(
      ["--chisp", "5", "--pool", "--json", "--chip", "x", "y"],
      (args) => {
        args.oneOf("chip", ["BM1362"], "BM1362");
        args.require("job");
      },
    );
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["--chisp", "--pool", "--chip", "--job", '"y"']),
    );
  });
});

test("names from Object.prototype are unknown options too", () => {
  expect(problemsOf(["--constructor"])[0]?.problem).toContain("unknown option");
  expect(problemsOf(["--__proto__=1"])[0]?.problem).toContain("unknown option");
});

test("help is asked for before the double dash only", () => {
  expect(asksForHelp(["--chips", "1", "-h"])).toBe(true);
  expect(asksForHelp(["--", "--help"])).toBe(false);
});

test("an error of a reader that is not about the input is not swallowed", () => {
  expect(() =>
    parse().attempt(
      "--x",
      () => {
        throw new TypeError("a bug");
      },
      0,
    ),
  ).toThrow(TypeError);
});
