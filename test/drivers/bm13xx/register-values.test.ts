import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baudOf, baudOfMiscControl } from "../../../drivers/bm13xx/baud.ts";
import { bm1362, bm1366, bm1368, bm1370, bm1372, bm1397 } from "../../../drivers/bm13xx/chips.ts";
import { decodePll, frequencySteps, rampTo, solvePll } from "../../../drivers/bm13xx/pll.ts";
import { registers, resetValueOf } from "../../../drivers/bm13xx/registers.ts";
import {
  difficultyOfTicketMask,
  ticketBitsOf,
  ticketMaskRegister,
} from "../../../drivers/bm13xx/ticket-mask.ts";
import { relayGap, uartRelayRegister } from "../../../drivers/bm13xx/uart-relay.ts";
import { versionMaskOf, versionRollingRegister } from "../../../drivers/bm13xx/version-rolling.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const hex = (value: number) => value.toString(16).padStart(8, "0");
const firstFit = { ...bm1370.pll, solver: "first-fit" } as const;
const lowestVco = { ...bm1370.pll, solver: "lowest-vco" } as const;
const minPostdiv = { ...bm1370.pll, solver: "min-postdiv" } as const;

describe("the PLL", () => {
  test.each(vectors.pll)("$chip at $requested_mhz MHz, $source", (vector) => {
    const dividers = decodePll(Number.parseInt(vector.reg08, 16));
    expect(dividers).toMatchObject({
      feedback: vector.fbdiv,
      reference: vector.refdiv,
      post1: vector.post1,
      post2: vector.post2,
      vcoMHz: vector.vco_mhz,
    });
    expect(dividers.frequencyMHz).toBeCloseTo(vector.actual_mhz, 5);
    if (vector.source.includes("reset value")) return;
    const pll = vector.source.includes("first-fit") ? firstFit : minPostdiv;
    expect(hex(solvePll(pll, vector.requested_mhz).register)).toBe(vector.reg08);
  });

  test.each(vectors.pll_solvers)("all solvers at $mhz MHz", (vector) => {
    const solved = [
      [firstFit, vector.first_fit_a0_ef],
      [minPostdiv, vector.min_postdiv_a0_ef],
      [lowestVco, vector.esp_bm1370_160_239],
      [bm1366.pll, vector.esp_bm1366_68_144_235],
      [bm1368.pll, vector.esp_bm1366_68_144_235],
      [bm1397.pll, vector.esp_bm1397_60_200],
    ] as const;
    for (const [pll, expected] of solved) {
      const { register, frequencyMHz } = solvePll(pll, vector.mhz);
      expect(hex(register)).toBe(expected.reg);
      expect(frequencyMHz).toBeCloseTo(expected.mhz, 5);
    }
  });

  test.each([
    ["first_fit_56.25_525", firstFit, 525],
    ["min_postdiv_56.25_525", bm1362.pll, 525],
    ["min_postdiv_56.25_600", bm1370.pll, 600],
    ["esp_bm1370_56.25_525", bm1372.pll, 525],
    ["esp_bm1397_56.25_425", bm1397.pll, 425],
  ] as const)("ramp %s", (name, pll, targetMHz) => {
    const words = rampTo(targetMHz).map((mhz) => hex(solvePll(pll, mhz).register));
    expect(words).toEqual(vectors.pll_ramps[name]);
  });

  test("a ramp ends at its target even between two steps, and never passes it", () => {
    expect(rampTo(70)).toEqual([56.25, 62.5, 68.75, 70]);
    expect(rampTo(50)).toEqual([50]);
  });

  test("steps between two frequencies lie on the same grid, up and down", () => {
    expect(frequencySteps(68, 82)).toEqual([68.75, 75, 81.25, 82]);
    expect(frequencySteps(82, 68)).toEqual([81.25, 75, 68.75, 68]);
    expect(frequencySteps(75, 62.5)).toEqual([68.75, 62.5]);
    expect(frequencySteps(75, 75)).toEqual([]);
  });

  test.each([
    ["a live BM1397", 0x40a00225, 200],
    ["GekkoScience's default", 0x40f00235, 200],
    ["a BM1397 out of reset, before its output divider of 8", 0xc0600161, 400],
  ])("the word of %s holds its post dividers as they are", (_, word, mhz) => {
    expect(decodePll(word, "direct").frequencyMHz).toBe(mhz);
  });

  test("any frequency from 50 to 650 MHz is met within half a feedback step, with dividers inside the limits", () => {
    const pll = fc.constantFrom(firstFit, minPostdiv, bm1362.pll, bm1366.pll, bm1397.pll);
    fc.assert(
      fc.property(pll, fc.double({ min: 50, max: 650, noNaN: true }), (limits, mhz) => {
        const { register, frequencyMHz } = solvePll(limits, mhz);
        const dividers = decodePll(register, limits.postDividers);
        const stepMHz = 25 / (dividers.reference * dividers.post1 * dividers.post2);
        expect(Math.abs(frequencyMHz - mhz)).toBeLessThanOrEqual(stepMHz / 2 + 1e-9);
        expect(dividers.feedback).toBeGreaterThanOrEqual(limits.feedbackMin);
        expect(dividers.feedback).toBeLessThanOrEqual(limits.feedbackMax);
        expect(dividers.vcoMHz).toBeGreaterThanOrEqual(limits.vcoMinMHz);
        expect(dividers.vcoMHz).toBeLessThanOrEqual(limits.vcoMaxMHz);
        const isFast = limits.hasFastVcoFlag && dividers.vcoMHz >= 2400;
        expect(register >>> 28).toBe(isFast ? 5 : 4);
      }),
    );
  });

  test.each([0, -1, 10, 4000, Number.NaN])("%d MHz is refused", (mhz) => {
    expect(() => solvePll(bm1362.pll, mhz)).toThrow("no dividers within the limits");
  });
});

describe("the ticket mask", () => {
  test.each(vectors.ticket_mask)("for difficulty $difficulty is $reg14", (vector) => {
    expect(hex(ticketMaskRegister(vector.difficulty))).toBe(vector.reg14);
    expect(difficultyOfTicketMask(Number.parseInt(vector.reg14, 16))).toBe(vector.difficulty);
  });

  test("rounds down to a power of two", () => {
    expect(ticketMaskRegister(300)).toBe(ticketMaskRegister(256));
    expect(ticketBitsOf(511.9)).toBe(8);
  });

  test("holds every power of two up to 2^32", () => {
    for (let bits = 0; bits <= 32; bits++)
      expect(difficultyOfTicketMask(ticketMaskRegister(2 ** bits))).toBe(2 ** bits);
  });

  test("with a gap in its ones is no difficulty", () => {
    expect(difficultyOfTicketMask(0x00000001)).toBeUndefined();
  });

  test.each([0, 0.5, -1, 2 ** 33, Number.NaN])("%d is refused", (difficulty) => {
    expect(() => ticketMaskRegister(difficulty)).toThrow("allowed: 1 to 2^32");
  });
});

describe("UART registers", () => {
  const exact = vectors.baud.filter((vector) => vector.reg === "28");
  test.each(exact)("baud value $value is $baud", (vector) => {
    expect(baudOf(Number.parseInt(vector.value, 16))).toBeCloseTo(vector.baud, 0);
  });

  const bm1397Rates = vectors.baud.filter((vector) => vector.reg === "18");
  test.each(bm1397Rates)("a BM1397 with MISC_CONTROL $value has $baud", (vector) => {
    const rate = baudOfMiscControl(Number.parseInt(vector.value, 16));
    expect(rate).toBeCloseTo(vector.baud, 0);
  });

  test("out of reset a BM1397's rate is that of all chips, and so is the one written instead", () => {
    const reset = resetValueOf(registers.miscControl, "BM1397");
    expect(baudOfMiscControl(reset)).toBe(baudOfMiscControl(bm1397.resetBaud));
    expect(baudOfMiscControl(reset)).toBe(baudOf(bm1370.resetBaud));
  });

  test("6.25 Mbaud comes from PLL3 on a BM1397", () => {
    expect(baudOfMiscControl(0x00016731)).toBe(6_250_000);
  });

  test("6.25 Mbaud comes from PLL1", () => {
    expect(baudOf(0x15600700)).toBe(6_250_000);
    expect(baudOf(0x15600700, 1400)).toBe(3_125_000);
  });

  test.each(vectors.uart_relay)("relay gaps of $machine", (vector) => {
    const gaps = vector.gaps.map((_, i) => relayGap(i, vector.domains, vector.per_domain));
    expect(gaps).toEqual(vector.gaps);
    if (vector.reg2c !== undefined)
      expect(gaps.map((gap) => hex(uartRelayRegister(gap)))).toEqual(vector.reg2c);
  });
});

test("a version mask loses what the chips cannot roll", () => {
  expect(hex(versionRollingRegister(0x1fffe000))).toBe("9000ffff");
  expect(hex(versionRollingRegister(0xffffffff))).toBe("9000ffff");
  expect(hex(versionRollingRegister(0x00006000))).toBe("90000003");
  expect(versionMaskOf(0x9000ffff)).toBe(0x1fffe000);
});
