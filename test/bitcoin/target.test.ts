import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compactFromTarget,
  difficultyOfHash,
  difficultyOfTarget,
  leadingZeroBits,
  meetsTarget,
  targetFromBigInt,
  targetFromCompact,
  targetFromDifficulty,
  targetToBigInt,
} from "../../src/bitcoin/target.ts";
import { fromHex, reversed, toHex } from "../../src/lib/bytes.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

const fromDisplay = (hex: string) => reversed(fromHex(hex));
const DIFFICULTY_ONE = "0000000000000000000000000000000000000000000000000000ffff00000000";
const LARGEST = (1n << 256n) - 1n;

/** Numbers that end or begin with runs of equal bytes are where comparisons go wrong. */
const anyTarget = fc
  .tuple(fc.bigInt(0n, LARGEST), fc.constantFrom(0n, 1n, 8n, 32n, 224n, 248n, 255n))
  .map(([value, shift]) => value >> shift);

describe("difficulty", () => {
  test.each([
    [1, DIFFICULTY_ONE],
    [1024, "000000000000000000000000000000000000000000000000c0ff3f0000000000"],
    [0.5, "0000000000000000000000000000000000000000000000000000feff01000000"],
    [2 ** -32, "00000000000000000000000000000000000000000000000000000000 0000ffff"],
    [1e-300, "ff".repeat(32)],
    [5e-324, "ff".repeat(32)],
  ])("%d is the target %s", (difficulty, target) => {
    expect(toHex(targetFromDifficulty(difficulty))).toBe(toHex(fromHex(target)));
  });

  test.each([0.001, 0.3, 1, 256, 29588.014, 1e6, 1.2e14, 1e15])("%d comes back", (difficulty) => {
    const target = targetFromDifficulty(difficulty);
    expect(difficultyOfTarget(target) / difficulty).toBeCloseTo(1, 12);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("%d is refused", (difficulty) => {
    expect(() => targetFromDifficulty(difficulty)).toThrow("allowed: a finite number above 0");
  });

  test("a higher difficulty never has a higher target", () => {
    const difficulty = fc.double({ min: 1e-12, max: 1e18, noNaN: true });
    fc.assert(
      fc.property(difficulty, difficulty, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(
          targetToBigInt(targetFromDifficulty(high)) <= targetToBigInt(targetFromDifficulty(low)),
        ).toBe(true);
      }),
    );
  });

  test("of the vectors' hashes is what the vectors say", () => {
    for (const job of vectors.jobs) {
      const hash = fromDisplay(job.hash_be);
      expect(difficultyOfHash(hash) / job.difficulty).toBeCloseTo(1, 3);
      expect(leadingZeroBits(hash)).toBe(job.leading_zero_bits);
    }
  });

  test("of a hash of zero is infinite", () => {
    expect(difficultyOfHash(new Uint8Array(32))).toBe(Number.POSITIVE_INFINITY);
    expect(leadingZeroBits(new Uint8Array(32))).toBe(256);
  });
});

describe("meeting a target", () => {
  test("is a comparison of 256-bit numbers, equality included", () => {
    fc.assert(
      fc.property(anyTarget, anyTarget, (a, b) => {
        expect(meetsTarget(targetFromBigInt(a), targetFromBigInt(b))).toBe(a <= b);
        expect(meetsTarget(targetFromBigInt(a), targetFromBigInt(a))).toBe(true);
      }),
    );
  });

  test("is decided by the last byte when all others are equal", () => {
    const target = fromHex(DIFFICULTY_ONE);
    const above = target.slice();
    above[0] = 1;
    expect(meetsTarget(above, target)).toBe(false);
    expect(meetsTarget(target, above)).toBe(true);
  });

  test("leading zero bits count what the number lacks", () => {
    fc.assert(
      fc.property(anyTarget, (value) => {
        const length = value === 0n ? 0 : value.toString(2).length;
        expect(leadingZeroBits(targetFromBigInt(value))).toBe(256 - length);
      }),
    );
  });
});

describe("compact targets", () => {
  /** Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact. */
  test.each([
    [0, 0n, 0],
    [0x00123456, 0n, 0],
    [0x01003456, 0n, 0],
    [0x02000056, 0n, 0],
    [0x03000000, 0n, 0],
    [0x04000000, 0n, 0],
    [0x00923456, 0n, 0],
    [0x01803456, 0n, 0],
    [0x02800056, 0n, 0],
    [0x03800000, 0n, 0],
    [0x04800000, 0n, 0],
    [0x01123456, 0x12n, 0x01120000],
    [0x02123456, 0x1234n, 0x02123400],
    [0x03123456, 0x123456n, 0x03123456],
    [0x04123456, 0x12345600n, 0x04123456],
    [0x05009234, 0x92340000n, 0x05009234],
    [0x20123456, 0x123456n << 232n, 0x20123456],
    [0x1d00ffff, 0xffffn << 208n, 0x1d00ffff],
    [0x1a44b9f2, 0x44b9f2n << 184n, 0x1a44b9f2],
    [0x207fffff, 0x7fffffn << 232n, 0x207fffff],
  ])("0x%s", (nbits, value, back) => {
    const target = targetFromCompact(nbits);
    expect(targetToBigInt(target)).toBe(value);
    expect(compactFromTarget(target)).toBe(back);
  });

  test("80 becomes two bytes, because its top bit would be the sign", () => {
    expect(compactFromTarget(targetFromBigInt(0x80n))).toBe(0x02008000);
  });

  test.each([0x01fedcba, 0x04923456, 0x1dffffff])("a negative one is refused: %i", (nbits) => {
    expect(() => targetFromCompact(nbits)).toThrow("negative");
  });

  test.each([0xff123456, 0x21123456, 0x22001234, 0x23000001])(
    "one of more than 256 bits is refused: %i",
    (nbits) => {
      expect(() => targetFromCompact(nbits)).toThrow("more than 256 bits");
    },
  );

  test("the highest byte may lie at the very top", () => {
    expect(targetToBigInt(targetFromCompact(0x22000012))).toBe(0x12n << 248n);
    expect(targetToBigInt(targetFromCompact(0x21001234))).toBe(0x1234n << 240n);
  });

  test("any target is at or above its compact form, and that form comes back", () => {
    fc.assert(
      fc.property(anyTarget, (value) => {
        const compact = compactFromTarget(targetFromBigInt(value));
        const rounded = targetFromCompact(compact);
        expect(targetToBigInt(rounded) <= value).toBe(true);
        expect(compactFromTarget(rounded)).toBe(compact);
      }),
    );
  });

  test("any 32 bits are a target or a RangeError", () => {
    const nbits = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc
        .tuple(fc.integer({ min: 0, max: 36 }), fc.integer({ min: 0, max: 0xffffff }))
        .map(([length, mantissa]) => ((length << 24) | mantissa) >>> 0),
    );
    fc.assert(
      fc.property(nbits, (value) => {
        try {
          expect(targetFromCompact(value)).toHaveLength(32);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

test("numbers outside 256 bits are no targets", () => {
  expect(() => targetFromBigInt(-1n)).toThrow("allowed: 0 to 2^256 - 1");
  expect(() => targetFromBigInt(LARGEST + 1n)).toThrow(RangeError);
});
