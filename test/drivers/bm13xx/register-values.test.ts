import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baudOf } from "../../../drivers/bm13xx/baud.ts";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { decodePll, rampTo, solvePll } from "../../../drivers/bm13xx/pll.ts";
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

  test.each(vectors.pll_solvers)("both solvers at $mhz MHz", (vector) => {
    const solved = [
      [firstFit, vector.first_fit_a0_ef],
      [minPostdiv, vector.min_postdiv_a0_ef],
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
  ] as const)("ramp %s", (name, pll, targetMHz) => {
    const words = rampTo(targetMHz).map((mhz) => hex(solvePll(pll, mhz).register));
    expect(words).toEqual(vectors.pll_ramps[name]);
  });

  test("a ramp ends at its target even between two steps, and never passes it", () => {
    expect(rampTo(70)).toEqual([56.25, 62.5, 68.75, 70]);
    expect(rampTo(50)).toEqual([50]);
  });

  test("any frequency from 50 to 650 MHz is met within half a feedback step, with dividers inside the limits", () => {
    const pll = fc.constantFrom(firstFit, minPostdiv, bm1362.pll);
    fc.assert(
      fc.property(pll, fc.double({ min: 50, max: 650, noNaN: true }), (limits, mhz) => {
        const { register, frequencyMHz } = solvePll(limits, mhz);
        const dividers = decodePll(register);
        const stepMHz = 25 / (dividers.reference * dividers.post1 * dividers.post2);
        expect(Math.abs(frequencyMHz - mhz)).toBeLessThanOrEqual(stepMHz / 2 + 1e-9);
        expect(dividers.feedback).toBeGreaterThanOrEqual(limits.feedbackMin);
        expect(dividers.feedback).toBeLessThanOrEqual(limits.feedbackMax);
        expect(dividers.vcoMHz).toBeGreaterThanOrEqual(limits.vcoMinMHz);
        expect(dividers.vcoMHz).toBeLessThanOrEqual(limits.vcoMaxMHz);
        expect(register >>> 28).toBe(dividers.vcoMHz >= 2400 ? 5 : 4);
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
