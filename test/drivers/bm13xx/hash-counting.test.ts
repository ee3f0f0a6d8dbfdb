import { describe, expect, test } from "vitest";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import {
  epochMs,
  hashCountingNumber,
  nonceCoverage,
  rescaledHashCountingNumber,
  sliceByAddress,
  sliceByOffset,
} from "../../../drivers/bm13xx/hash-counting.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const s19jPro = { ticks: 0x1381, frequencyMHz: 525, sliceNonces: sliceByAddress(2) };
const s21Pro = { ticks: 0x1eb5, frequencyMHz: 600, sliceNonces: sliceByOffset(65) };

describe("the hash counting number", () => {
  test.each(vectors.hash_counting_number.cases)("of $chips $chip at $mhz MHz", (vector) => {
    expect(
      hashCountingNumber({
        cores: vector.cores,
        chips: vector.chips,
        frequencyMHz: vector.mhz,
        guardTicks: vector.guard_ticks,
      }),
    ).toBe(vector.hcn);
  });

  test.each(vectors.hash_counting_number.factory)(
    "$machine repeats itself after $epoch_s s",
    (vector) => {
      const ticks = Number.parseInt(vector.hcn, 16);
      expect(epochMs(ticks, 16, vector.subcores) / 1000).toBeCloseTo(vector.epoch_s, 2);
    },
  );

  test("of the factory is the same share of the window at another frequency and for fewer chips", () => {
    expect(rescaledHashCountingNumber(s19jPro, 525, s19jPro.sliceNonces)).toBe(0x1381);
    expect(rescaledHashCountingNumber(s19jPro, 262.5, s19jPro.sliceNonces)).toBe(2 * 0x1381);
    const ticks = rescaledHashCountingNumber(s21Pro, 600, sliceByOffset(13));
    expect(ticks / 0x1eb5).toBeCloseTo(5, 2);
  });
});

describe("an epoch", () => {
  test("halves with each version bit less, down to one sweep", () => {
    expect(epochMs(5000, 15, 8)).toBe(epochMs(5000, 16, 8) / 2);
    expect(epochMs(5000, 3, 8)).toBe(0.2);
    expect(epochMs(5000, 0, 8)).toBe(0.2);
  });
});

describe("nonce coverage", () => {
  test("of an S21 Pro is what stock leaves of its windows, 73 %", () => {
    const coverage = nonceCoverage({ cores: bm1370.cores, chips: 65, ...s21Pro });
    expect(coverage).toBeCloseTo(0.731, 3);
  });

  test("of an S19j Pro is 80 % of the windows, 126 of 128 chips, 65 of 128 cores", () => {
    const coverage = nonceCoverage({ cores: bm1362.cores, chips: 126, ...s19jPro });
    expect(coverage).toBeCloseTo(0.8 * (126 / 128) * (65 / 128), 3);
  });

  test("of one BM1370 is all but the guard", () => {
    const ticks = hashCountingNumber({
      cores: bm1370.cores,
      chips: 1,
      frequencyMHz: 525,
      guardTicks: bm1370.hashCountingGuardTicks,
    });
    const chain = { cores: bm1370.cores, chips: 1, frequencyMHz: 525, ticks };
    const coverage = nonceCoverage({ ...chain, sliceNonces: sliceByAddress(256) });
    expect(coverage).toBeGreaterThan(0.999);
    expect(coverage).toBeLessThanOrEqual(1);
  });

  test("never exceeds what there is, however long the sweep", () => {
    const chain = { cores: 128, chips: 256, frequencyMHz: 600, ticks: 0xffffffff };
    expect(nonceCoverage({ ...chain, sliceNonces: 2 ** 25 })).toBe(1);
    expect(nonceCoverage({ ...chain, chips: 2, sliceNonces: 2 ** 20 })).toBe(2 / 32);
  });
});
