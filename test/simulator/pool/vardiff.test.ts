import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  correctedRate,
  HASHES_PER_DIFFICULTY,
  targetForRate,
} from "../../../simulator/pool/vardiff.ts";
import { difficultyOfTarget } from "../../../src/bitcoin/target.ts";

const minute = (shares: number, difficultyEach: number) => ({
  elapsedMs: 60_000,
  shares,
  difficultySum: shares * difficultyEach,
});

describe("the target for a rate", () => {
  test.each([
    [1e14, 6, 232_830.6],
    [1e12, 60, 232.83],
    [1e6, 60, 2.3283e-4],
  ])("%d H/s at %d shares a minute needs difficulty %d", (hps, perMinute, difficulty) => {
    const relative = difficultyOfTarget(targetForRate(hps, perMinute)) / difficulty;
    expect(relative).toBeCloseTo(1, 4);
  });

  test("a rate of 0 gets the easiest target, any finite rate gets one (property)", () => {
    expect(targetForRate(0, 60)).toEqual(new Uint8Array(32).fill(0xff));
    fc.assert(
      fc.property(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), (hps) => {
        expect(targetForRate(hps, 60)).toHaveLength(32);
      }),
    );
  });
});

describe("the corrected rate", () => {
  const hps = 1e12;
  const each = (hps * 1) / HASHES_PER_DIFFICULTY;

  test.each([
    ["exactly as expected", 60, undefined],
    ["within three standard deviations", 80, undefined],
    ["half as many", 30, 0.5],
    ["twice as many", 120, 2],
    ["none: a quarter, not zero", 0, 0.25],
    ["ten times as many: four times, not ten", 600, 4],
  ])("%s (%d of 60)", (_, shares, factor) => {
    const corrected = correctedRate(hps, 60, minute(shares, each));
    if (factor === undefined) expect(corrected).toBeUndefined();
    else expect((corrected ?? 0) / hps).toBeCloseTo(factor, 6);
  });

  test("four shares where six were expected say nothing", () => {
    expect(correctedRate(hps, 6, minute(4, each * 10))).toBeUndefined();
  });

  test("it settles: a device with any real rate soon gets no more corrections (property)", () => {
    fc.assert(
      fc.property(fc.constantFrom(1e9, 5e11, 1e12, 7e13, 1e15), (real) => {
        let assumed = hps;
        for (let round = 0; round < 12; round++) {
          const each = assumed / HASHES_PER_DIFFICULTY;
          assumed = correctedRate(assumed, 60, minute((60 * real) / assumed, each)) ?? assumed;
        }
        expect(assumed / real).toBeGreaterThan(0.5);
        expect(assumed / real).toBeLessThan(2);
      }),
    );
  });
});
