import { describe, expect, test } from "vitest";
import { type BringUpStep, bringUpSteps } from "../../../drivers/bm13xx/bring-up.ts";
import { type Bm13xxChainOptions, planOf } from "../../../drivers/bm13xx/chain-options.ts";
import {
  type Bm13xxChip,
  bm1362,
  bm1366,
  bm1368,
  bm1370,
  bm1372,
  bm1373,
  bm1397,
  bm1398,
} from "../../../drivers/bm13xx/chips.ts";
import { each, setAddresses } from "../../../drivers/bm13xx/instructions.ts";
import type { LayoutName } from "../../../drivers/bm13xx/layouts.ts";
import { rampTo, solvePll } from "../../../drivers/bm13xx/pll.ts";
import { registers } from "../../../drivers/bm13xx/registers.ts";
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
    if (step.step === "wait") addWait(lines, step.forMs);
    const line = lineOf(step);
    if (line !== undefined) lines.push(line);
  }
  return lines;
}

function lineOf(step: BringUpStep): string | undefined {
  switch (step.step) {
    case "send":
      return `${toHex(step.frame)} wait ${step.thenWaitMs}`;
    case "probe":
      return `${toHex(step.frame)} collect`;
    case "switch-baud":
      return `${toHex(step.frame)} then ${step.hostBaud} baud`;
    default:
      return undefined;
  }
}

/** A wait of its own is one of the write before it. */
function addWait(lines: string[], forMs: number) {
  const [write, waitMs] = lines.at(-1)?.split(" wait ") ?? [];
  if (waitMs !== undefined) lines[lines.length - 1] = `${write} wait ${Number(waitMs) + forMs}`;
}

type SequenceName = Exclude<keyof typeof vectors.init_sequences, "note">;

const PROBE = "55aa520500000a";

/** The vector's steps as the same kind of lines; ramps and the computed register come from their own vectors. */
function expectedLines(
  name: SequenceName,
  filled: { ramp: readonly string[]; hashCounting?: string; hostBaud: number },
): string[] {
  const { steps } = vectors.init_sequences[name];
  const lines: string[] = [];
  for (const step of steps as {
    frame?: string;
    step?: string;
    then?: string;
    delay_ms?: number;
  }[]) {
    if (step.step === "wait") addWait(lines, step.delay_ms ?? 0);
    else if (step.step?.includes("2x reg 0x70")) lines.push(...filled.ramp.flatMap(outputDivided));
    else if (step.step?.startsWith("RAMP"))
      lines.push(...filled.ramp.map((word) => `${withoutCrc(`55aa51090008${word}`)} wait 100`));
    else if (step.step?.startsWith("HCN"))
      lines.push(`${withoutCrc(`55aa51090010${filled.hashCounting}`)} wait 0`);
    else if (step.step !== undefined) lines.push(`(${step.step})`);
    else if (step.frame === PROBE) lines.push(`${step.frame} collect`);
    else if (/baud|host/.test(step.then ?? ""))
      lines.push(`${step.frame} then ${filled.hostBaud} baud`);
    else lines.push(`${step.frame} wait ${step.delay_ms}`);
  }
  return lines;
}

/** A step of a BM1397's ramp, in the vector's words: twice 0x70, twice 0x08, 10 ms apart, 100 ms each. */
function outputDivided(word: string): string[] {
  const divider = "55aa510900700f0f0f0019 wait 10";
  const pll = withoutCrc(`55aa51090008${word}`);
  return [divider, divider, `${pll} wait 10`, `${pll} wait 100`];
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

describe("the bring-up of one chip, as ESP-Miner does it,", () => {
  const one = (chip: Bm13xxChip, frequencyMHz: number): Bm13xxChainOptions => ({
    ...single(1),
    chip,
    frequencyMHz,
    allowExperimental: chip.experimental !== undefined,
  });
  const words = (chip: Bm13xxChip, frequencyMHz: number) =>
    rampTo(frequencyMHz).map((mhz) => hex8(solvePll(chip.pll, mhz).register));

  test.each([
    ["bm1366_single_esp", bm1366, 485, words(bm1366, 485), 864_804, 1_000_000],
    ["bm1368_single_esp", bm1368, 490, words(bm1368, 490), 855_980, 1_000_000],
    ["bm1397_single_esp", bm1397, 425, vectors.pll_ramps["esp_bm1397_56.25_425"], 0, 3_125_000],
    ["bm1372_single_esp", bm1372, 525, vectors.pll_ramps["esp_bm1370_56.25_525"], 0, 3_000_000],
    ["bm1372_single_esp", bm1373, 525, vectors.pll_ramps["esp_bm1370_56.25_525"], 0, 3_000_000],
  ] as const)("%s", (name, chip, frequencyMHz, ramp, ticks, hostBaud) => {
    const expected = expectedLines(name, { ramp, hashCounting: hex8(ticks), hostBaud });
    expect(linesOf(one(chip, frequencyMHz)).map(onlyUpToCrc)).toEqual(expected.map(onlyUpToCrc));
  });

  test("a BM1372's commands name a quarter of the address that it was given [?]", () => {
    const plan = planOf({ ...one(bm1372, 525), chipCount: 3, addressInterval: 16 });
    const given = [...bringUpSteps(plan, [setAddresses("chips")])].map(lineOf);
    expect(given.map((line) => line?.slice(8, 10))).toEqual(["00", "10", "20"]);
    const told = [...bringUpSteps(plan, [each([registers.miscControl, 0])])].map(lineOf);
    expect(told.map((line) => line?.slice(8, 10))).toEqual(["00", "04", "08"]);
  });
});

describe("a chain of a stock machine", () => {
  const stock = (
    layout: LayoutName,
    chip: Bm13xxChip,
    chipCount: number,
    frequencyMHz: number,
  ): Bm13xxChainOptions => ({ ...s21ProOptions, layout, chip, chipCount, frequencyMHz });
  const s19Xp = stock("s19xp", bm1366, 110, 485);

  test("of 110 BM1366 has the S19 XP's relay gaps, the farthest domain first", () => {
    const [{ reg2c = [] } = {}] = vectors.uart_relay;
    const relays = linesOf(s19Xp).filter((line) => /^55aa4109..2c/.test(line));
    const values = [...reg2c].reverse().flatMap((value) => [value, value]);
    expect(relays.map((line) => line.slice(12, 20))).toEqual(values);
    expect(relays[0]?.slice(8, 10)).toBe("c8");
    expect(relays.at(-1)).toMatch(/ wait 140$/);
  });

  test.each([
    ["S19 XP", s19Xp, 0x151c],
    ["S19k Pro", stock("s19kpro", bm1366, 77, 590), 0x115a],
    ["S21", stock("s21", bm1368, 108, 473), 0x15a4],
    ["S21 XP", stock("s21xp", bm1370, 91, 600), 0x15ef],
  ])(
    "of an %s sweeps what the factory's number says, and never a neighbour's nonces",
    (_, options, ticks) => {
      const plan = planOf(options);
      // The frequency that the PLL makes is not quite the one wished for.
      expect(plan.hashCountingTicks / ticks).toBeCloseTo(1, 2);
      const slice = options.layout === "s21xp" ? 2 ** 25 / 91 : 2 ** 18;
      for (const frequencyMHz of [100, 400, 650]) {
        const { hashCountingTicks, frequencyMHz: mhz } = planOf({ ...options, frequencyMHz });
        expect((hashCountingTicks * mhz) / 12.5).toBeLessThan(slice);
      }
    },
  );

  test("writes to every chip that it has", () => {
    for (const options of [
      s19Xp,
      stock("s21", bm1368, 108, 473),
      stock("s21xp", bm1370, 91, 600),
    ]) {
      const each = linesOf(options).filter((line) => /^55aa4109..3c800082aa/.test(line));
      expect(each).toHaveLength(options.chipCount);
    }
  });
});

describe("a ramp with a limit", () => {
  const limited = (limits: readonly number[]) => {
    const left = [...limits];
    const options = { ...s19jProOptions, frequencyLimitMHz: () => left.shift() ?? 0 };
    return [...bringUpSteps(planOf(options))];
  };
  const rampOf = (steps: readonly BringUpStep[]) =>
    steps.flatMap((step) => (lineOf(step)?.startsWith("55aa51090008") ? [step] : []));

  test("asks before every step and goes no further", () => {
    const steps = limited([525, 525, 525, 70]);
    expect(rampOf(steps)).toHaveLength(3);
    expect(steps.find((step) => step.step === "ramped")).toMatchObject({ frequencyMHz: 68.75 });
  });

  test("that allows nothing leaves the chips at their power-on frequency", () => {
    const steps = limited([40]);
    expect(rampOf(steps)).toHaveLength(0);
    expect(steps.find((step) => step.step === "ramped")).toMatchObject({ frequencyMHz: 50 });
  });

  test("leaves the window that fits where it ended", () => {
    const hashCounting = limited([525, 0]).find((step) =>
      lineOf(step)?.startsWith("55aa51090010"),
    ) as BringUpStep;
    const ticks = Math.floor((0x1381 * 525) / 56.25);
    expect(lineOf(hashCounting)?.slice(12, 20)).toBe(hex8(ticks));
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
    ["chip", { ...single(1), chip: bm1372 }, "with allowExperimental: true"],
    ["chip", { ...single(1), chip: bm1373 }, "with allowExperimental: true"],
    ["layout", { ...single(1), chip: bm1398, allowExperimental: true }, "a layout for BM1398"],
    ["frequencyMHz", { ...s19jProOptions, frequencyMHz: 9000 }, "what the PLL of BM1362 can make"],
  ])("%s", (path, options, allowed) => {
    expect(() => planOf(options)).toThrow(path);
    expect(() => planOf(options)).toThrow(allowed);
  });

  test("an experimental chip is refused with the reason", () => {
    expect(() => planOf({ ...single(1), chip: bm1372 })).toThrow(
      "BM1372 is experimental: one driver for prototypes is its only source",
    );
  });

  test("are all named at once", () => {
    expect(() => planOf({ ...s19jProOptions, chipCount: 0, ticketDifficulty: 0 })).toThrow(
      /chipCount[\s\S]*ticketDifficulty/,
    );
  });
});
