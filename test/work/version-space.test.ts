import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitCount, shareOfVersionSpace, spreadOverMask } from "../../src/work/version-space.ts";
import { BIP320_MASK, BIP323_MASK } from "../../src/work/work.ts";

describe("dividing the version space", () => {
  test("one chain gets all that its chips can roll, the host the rest", () => {
    expect(shareOfVersionSpace(BIP320_MASK, BIP320_MASK, 1, 0)).toEqual({
      chipMask: BIP320_MASK,
      hostMask: 0,
      fixedBits: 0,
    });
    expect(shareOfVersionSpace(BIP323_MASK, BIP320_MASK, 1, 0)).toEqual({
      chipMask: BIP320_MASK,
      hostMask: 0x1fe0,
      fixedBits: 0,
    });
  });

  test("three chains are told apart by the two topmost chip bits", () => {
    const shares = [0, 1, 2].map((index) =>
      shareOfVersionSpace(BIP320_MASK, BIP320_MASK, 3, index),
    );
    expect(shares.map(({ fixedBits }) => fixedBits)).toEqual([0, 0x10000000, 0x08000000]);
    for (const { chipMask } of shares) expect(chipMask).toBe(0x07ffe000);
  });

  test("a fixed version cannot be divided, and says so", () => {
    expect(() => shareOfVersionSpace(0, BIP320_MASK, 2, 0)).toThrow(RangeError);
    expect(shareOfVersionSpace(0, BIP320_MASK, 1, 0).chipMask).toBe(0);
  });

  test("no two chains can ever make the same version, and none leaves the mask", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(BIP320_MASK, BIP323_MASK, 0x00ffe000, 0x1fffffff),
        fc.integer({ min: 1, max: 12 }),
        (mask, parts) => {
          const shares = Array.from({ length: parts }, (_, i) =>
            shareOfVersionSpace(mask, BIP320_MASK, parts, i),
          );
          const fixed = new Set(shares.map(({ fixedBits }) => fixedBits));
          expect(fixed.size).toBe(parts);
          for (const { chipMask, hostMask, fixedBits } of shares) {
            expect((chipMask | hostMask | fixedBits) & ~mask).toBe(0);
            expect(chipMask & fixedBits).toBe(0);
            expect(chipMask & hostMask).toBe(0);
          }
        },
      ),
    );
  });
});

test("a counter spread over a mask visits every value once and wraps", () => {
  const mask = 0x1fe0;
  const values = Array.from({ length: 256 }, (_, i) => spreadOverMask(mask, i));
  expect(new Set(values).size).toBe(256);
  for (const value of values) expect(value & ~mask).toBe(0);
  expect(spreadOverMask(mask, 256)).toBe(0);
  expect(bitCount(mask)).toBe(8);
  expect(bitCount(0xffffffff)).toBe(32);
});
