import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultKinds } from "../../../simulator/plant/fault-kinds.ts";
import { describeFaults, parseFaults } from "../../../simulator/plant/fault-script.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { declared } from "./plant-rig.ts";

function problemsOf(...lines: readonly string[]): string {
  try {
    parseFaults(lines, declared("s19j-pro"));
    return "none";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

describe("a line of a script", () => {
  test("is a time, a kind and keys; quotes keep blanks", () => {
    const faults = parseFaults(
      [
        '90s..120s sensor-lost sensor="board 0 sensor 48"',
        "# a comment",
        "",
        "2m chain-cut chain=1 chip=40\n1h2m3.5s miner-killed",
      ],
      declared("s19j-pro"),
    );
    expect(faults).toEqual([
      {
        fault: { fault: "sensor-lost", sensor: "board 0 sensor 48" },
        fromMs: 90_000,
        untilMs: 120_000,
      },
      {
        fault: { fault: "chain", chain: 1, what: { fault: "missing-chip", chip: 40 } },
        fromMs: 120_000,
      },
      { fault: { fault: "process", what: "miner-killed" }, fromMs: 3_723_500 },
    ]);
  });

  test("may leave out what has a usual value, and write numbers in hex", () => {
    expect(parseFaults(["0s psu-wrong-type", "0s psu-wrong-type type=0x41"])).toMatchObject([
      { fault: { type: 0x99 } },
      { fault: { type: 0x41 } },
    ]);
    expect(parseFaults(["0s fan-stalled fan=front"])).toEqual([
      { fault: { fault: "fan-stalled", fan: "front" }, fromMs: 0 },
    ]);
    expect(parseFaults(["0s clock-stepped seconds=-86400"])).toMatchObject([
      { fault: { what: "clock-stepped", seconds: -86_400 } },
    ]);
    expect(parseFaults(["0s overclocked chain=0 chip=all limitMHz=500"])).toMatchObject([
      { fault: { what: { chip: "all", limitMHz: 500, errorsPerMHz: 0.01 } } },
    ]);
  });

  test("that is wrong is named with what is allowed, all of them at once", () => {
    const problems = problemsOf(
      "soon psu-silent",
      "1s psu-loud",
      "1s",
      "9s..3s psu-silent",
      "1s chain-cut chain=1",
      "1s chain-cut chain=1 chip=-4",
      "1s noise",
      "1s psu-silent loud=yes",
    );
    expect(problems.split("\n")).toHaveLength(8);
    expect(problems).toContain(
      'fault 1 "soon psu-silent": "soon" is no time; allowed: numbers with',
    );
    expect(problems).toContain('"psu-loud" is no fault; allowed: sensor-lost, ');
    expect(problems).toContain("is not complete; allowed: AT[..UNTIL] KIND");
    expect(problems).toContain("chip is missing; allowed: chain=N chip=N");
    expect(problems).toContain("chip=-4; allowed: a whole number from 0");
    expect(problems).toContain('"loud=yes" is no key of it; allowed: no keys');
  });

  test("that the machine cannot have is wrong, too", () => {
    expect(problemsOf("1s sensor-lost sensor=nose")).toContain(
      'there are sensors "board 0 sensor 48"',
    );
    expect(problemsOf("1s chain-cut chain=3 chip=0")).toContain("there are chains 0 to 2");
    expect(problemsOf("1s chain-cut chain=0 chip=126")).toContain("there are chips 0 to 125");
    expect(problemsOf("1s i2c-hung bus=/dev/i2c-9")).toContain('"/dev/i2c-1", "/dev/i2c-0"');
    expect(problemsOf('1s fan-stalled fan="front fan"')).toContain('there are fans "rear fans"');
    expect(problemsOf('1s fan-stalled fan="front fans" tach=2')).toContain("tachometers 0 to 1");
    expect(problemsOf('1s fan-stalled fan="front fans" tach=1')).toBe("none");
  });
});

test("the help has a line for every kind, and every kind can be made from it", () => {
  const help = describeFaults().trimEnd().split("\n");
  expect(help).toHaveLength(faultKinds.size);
  for (const [name, { keys }] of faultKinds) {
    expect(help.some((line) => line.startsWith(name))).toBe(true);
    const pairs = Object.entries(keys).map(
      ([key, { type }]) => `${key}=${type === "text" ? "x" : 1}`,
    );
    expect(parseFaults([`1s ${name} ${pairs.join(" ")}`])).toHaveLength(1);
  }
});

test("any text is faults or a ConfigError", () => {
  const word = fc.oneof(
    fc.constantFrom("1s", "2m..3m", "1s..", "psu-silent", "chain-cut", "chain=1", "chip=2", "="),
    fc.constantFrom("sensor-lost", 'sensor="a b"', "sensor='", "#", "..", "chip=all"),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      try {
        parseFaults([words.join(" ")], declared("s21-pro"));
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
  );
});
