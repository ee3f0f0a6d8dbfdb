import { describe, expect, test } from "vitest";
import { type BringUpStep, bringUpSteps } from "../../../drivers/bm13xx/bring-up.ts";
import { type Bm13xxChainOptions, planOf } from "../../../drivers/bm13xx/chain-options.ts";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { s19jProOptions, s21ProOptions } from "./chain-fixtures.ts";

const single = (chipCount: number): Bm13xxChainOptions => ({
  chip: bm1370,
  chipCount,
  addressInterval: Math.floor(256 / chipCount),
  layout: "single",
  frequencyMHz: 525,
  ticketDifficulty: 256,
});

/** One line per step, so that a difference shows where and what. */
function linesOf(options: Bm13xxChainOptions, part: "bringUp" | "afterFirstJob" = "bringUp") {
  const plan = planOf(options);
  const lines: string[] = [];
  for (const step of bringUpSteps(plan, plan.layout[part])) {
    const line = lineOf(step);
    if (line !== undefined) lines.push(line);
  }
  return lines;
}

function lineOf(step: BringUpStep): string | undefined {
  switch (step.step) {
    case "phase":
      return undefined;
    case "send":
      return `${toHex(step.frame)} wait ${step.thenWaitMs}`;
    case "probe":
      return `${toHex(step.frame)} collect`;
    case "switch-baud":
      return `${toHex(step.frame)} then ${step.hostBaud} baud`;
  }
}

type SequenceName = Exclude<keyof typeof vectors.init_sequences, "note">;

/** The vector's steps as the same kind of lines; ramps and the computed register come from their own vectors. */
function expectedLines(
  name: SequenceName,
  filled: { ramp: readonly string[]; hashCounting?: string; hostBaud: number },
): string[] {
  const { steps } = vectors.init_sequences[name];
  return (steps as { frame?: string; step?: string; then?: string; delay_ms?: number }[]).flatMap(
    (step) => {
      if (step.step?.startsWith("RAMP"))
        return filled.ramp.map((word) => `${withoutCrc(`55aa51090008${word}`)} wait 100`);
      if (step.step?.startsWith("HCN"))
        return [`${withoutCrc(`55aa51090010${filled.hashCounting}`)} wait 0`];
      if (step.step !== undefined) return [`(${step.step})`];
      if (step.then?.includes("answer")) return [`${step.frame} collect`];
      if (step.then?.includes("baud")) return [`${step.frame} then ${filled.hostBaud} baud`];
      return [`${step.frame} wait ${step.delay_ms}`];
    },
  );
}

/** Frames that a vector gives only in words are compared up to their CRC, which other tests pin. */
const withoutCrc = (hex: string) => `${hex}..`;
const onlyUpToCrc = (line: string) =>
  /^55aa510900(08|10)\w{8}/.test(line) ? line.replace(/^(\w{20})\w\w/, "$1..") : line;

const hex8 = (value: number) => value.toString(16).padStart(8, "0");

describe("the bring-up", () => {
  test.each([
    ["bm1370_single_esp", 1, 798_647],
    ["bm1370_dual_esp", 2, 399_189],
  ] as const)(
    "%s is the sequence of the reference driver, then the version mask once more",
    (name, chips, ticks) => {
      const ramp = vectors.pll_ramps["min_postdiv_56.25_525"];
      const expected = expectedLines(name, {
        ramp,
        hashCounting: hex8(ticks),
        hostBaud: 1_000_000,
      });
      expect(linesOf(single(chips)).map(onlyUpToCrc)).toEqual([
        ...expected.map(onlyUpToCrc),
        "55aa510900a49000ffff1c wait 0",
      ]);
    },
  );

  test("of an S19j Pro is the captured one, frame by frame and wait by wait", () => {
    const ramp = vectors.pll_ramps["min_postdiv_56.25_525"];
    const expected = expectedLines("bm1362_s19jpro_126", { ramp, hostBaud: 3_125_000 });
    expect(expected).toHaveLength(774 - 1 + 76);
    expect(linesOf(s19jProOptions).map(onlyUpToCrc)).toEqual(expected.map(onlyUpToCrc));
  });

  test("of an S21 Pro is the captured one, with the offsets after the first job", () => {
    const ramp = vectors.pll_ramps["min_postdiv_56.25_600"];
    const expected = expectedLines("bm1370_s21pro_65", { ramp, hostBaud: 3_125_000 });
    const lines = [
      ...linesOf(s21ProOptions),
      "(one JOB)",
      ...linesOf(s21ProOptions, "afterFirstJob"),
      "(JOBS)",
    ];
    expect(lines.map(onlyUpToCrc)).toEqual(expected.map(onlyUpToCrc));
  });

  test("waits 60 ms between the baud write and the host's change", () => {
    const steps = [...bringUpSteps(planOf(s19jProOptions))];
    const change = steps.find((step) => step.step === "switch-baud");
    expect(change).toMatchObject({ hostBaud: 3_125_000, settleMs: 60 });
  });

  test("writes only to chips that exist when the last domain is not full", () => {
    const plan = planOf({ ...s21ProOptions, chipCount: 7 });
    const relays = [...bringUpSteps(plan, [{ do: "uart-relay" }])].map(lineOf);
    expect(relays.map((line) => line?.slice(8, 12))).toEqual(["0a2c", "0c2c", "002c", "082c"]);
  });

  test("honours the board's own UART rate", () => {
    const lines = linesOf({
      ...s19jProOptions,
      fastBaud: { register: 0x11300200, hostBaud: 1_041_667 },
    });
    expect(lines).toContain("55aa510900281130020003 then 1041667 baud");
  });
});

describe("options that do not fit together", () => {
  test.each([
    ["layout", { ...s19jProOptions, chip: bm1370 }, "a layout for BM1370"],
    ["layout", { ...s21ProOptions, chip: bm1362 }, "a layout for BM1362"],
    ["chipCount", { ...s19jProOptions, chipCount: 129 }, "product of at most 256"],
    ["chipCount", { ...s19jProOptions, chipCount: 0 }, "product of at most 256"],
    ["ticketDifficulty", { ...s19jProOptions, ticketDifficulty: 300 }, "a power of two"],
    ["hashScale", { ...s19jProOptions, hashScale: 3 }, "a power of two"],
    ["frequencyMHz", { ...s19jProOptions, frequencyMHz: 9000 }, "what the PLL of BM1362 can make"],
  ])("%s", (path, options, allowed) => {
    expect(() => planOf(options)).toThrow(path);
    expect(() => planOf(options)).toThrow(allowed);
  });

  test("are all named at once", () => {
    expect(() => planOf({ ...s19jProOptions, chipCount: 0, ticketDifficulty: 0 })).toThrow(
      /chipCount[\s\S]*ticketDifficulty/,
    );
  });
});
