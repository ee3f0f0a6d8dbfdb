import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeSlinear11,
  decodeUlinear16,
  encodeSlinear11,
  encodeUlinear16,
  pmbusBytes,
  ulinear16Exponent,
} from "../../../drivers/power/pmbus.ts";
import { pmbusCommands } from "../../../drivers/power/pmbus-commands.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const word = fc.oneof(
  fc.constantFrom(0, 0xffff, 0x7fff, 0x8000, 0x03ff, 0x0400, 0x07ff, 0xfc00),
  fc.integer({ min: 0, max: 0xffff }),
);

describe("SLINEAR11", () => {
  test.each(vectors.pmbus)("$raw is $value", ({ format, raw, value }) => {
    expect(format).toBe("SLINEAR11");
    expect(decodeSlinear11(Number.parseInt(raw, 16))).toBe(value);
    expect(decodeSlinear11(encodeSlinear11(value))).toBe(value);
  });

  test("whole numbers are written as they were captured", () => {
    expect([650, 105, 145].map(encodeSlinear11)).toEqual([0x028a, 0x0069, 0x0091]);
  });

  test("negative numbers have both signs right", () => {
    expect(decodeSlinear11(0xffff)).toBe(-0.5);
    expect(decodeSlinear11(encodeSlinear11(-40))).toBe(-40);
    expect(decodeSlinear11(encodeSlinear11(-0.75))).toBe(-0.75);
  });

  test("any word is a finite number, and survives being written again", () => {
    fc.assert(
      fc.property(word, (bits) => {
        const value = decodeSlinear11(bits);
        expect(Number.isFinite(value)).toBe(true);
        expect(decodeSlinear11(encodeSlinear11(value)) === value).toBe(true);
      }),
    );
  });

  test("what is written is within a thousandth of what was meant", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 10_000, noNaN: true }), (value) => {
        expect(Math.abs(decodeSlinear11(encodeSlinear11(value)) - value)).toBeLessThan(
          value / 1000,
        );
      }),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e9, -1e9])("%d does not fit", (value) => {
    expect(() => encodeSlinear11(value)).toThrow(RangeError);
  });
});

describe("ULINEAR16", () => {
  test("the exponent is the low five bits of VOUT_MODE, signed", () => {
    expect(ulinear16Exponent(0x17)).toBe(-9);
    expect(ulinear16Exponent(0x97)).toBe(-9); // limits as shares of VOUT_COMMAND
    expect(ulinear16Exponent(0x14)).toBe(-12);
  });

  test("a voltage that is set otherwise has no exponent", () => {
    for (const mode of [0x20, 0x40, 0x60, 0xff]) expect(ulinear16Exponent(mode)).toBeNull();
  });

  test("1.2 V is 0266 with exponent -9", () => {
    expect(encodeUlinear16(1.2, -9)).toBe(0x0266);
    expect(pmbusBytes(pmbusCommands.voutCommand, 1.2, -9)).toEqual([0x66, 0x02]);
  });

  test("any word survives", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: -16, max: 15 }), (bits, exponent) => {
        expect(encodeUlinear16(decodeUlinear16(bits, exponent), exponent)).toBe(bits);
      }),
    );
  });

  test.each([-0.1, 128, Number.NaN])("%d does not fit", (value) => {
    expect(() => encodeUlinear16(value, -9)).toThrow(RangeError);
  });
});
