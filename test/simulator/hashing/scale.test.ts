import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseScale, requiredZeroBitsAt } from "../../../simulator/hashing/scale.ts";

describe("the scale of a simulation", () => {
  test.each([
    ["a host that is fast enough", 1e6, 2e6, 1],
    ["a hash too many for half the host", 1e6 + 1, 2e6, 2],
    ["one S19j Pro chain on 10 MH/s", 126 * 514 * 525e6, 10e6, 2 ** 23],
    ["three S19j Pro chains on 10 MH/s", 3 * 126 * 514 * 525e6, 10e6, 2 ** 25],
    ["one Bitaxe Gamma on 1 MH/s", 2040 * 525e6, 1e6, 2 ** 22],
  ])("for %s", (_, nominalHps, hostHps, scale) => {
    expect(chooseScale(nominalHps, hostHps)).toBe(scale);
  });

  test("is the smallest power of two that leaves half of the host free", () => {
    const rate = fc.double({ min: 1, max: 1e18, noNaN: true });
    fc.assert(
      fc.property(rate, rate, (nominalHps, hostHps) => {
        const scale = chooseScale(nominalHps, hostHps);
        expect(Number.isInteger(Math.log2(scale))).toBe(true);
        expect(nominalHps / scale).toBeLessThanOrEqual(hostHps / 2);
        if (scale > 1) expect((2 * nominalHps) / scale).toBeGreaterThan(hostHps / 2);
      }),
    );
  });

  test("lowers the required zero bits to match, down to none", () => {
    expect(requiredZeroBitsAt(1)).toBe(32);
    expect(requiredZeroBitsAt(2 ** 25)).toBe(7);
    expect(requiredZeroBitsAt(2 ** 40)).toBe(0);
  });

  test("refuses a host without speed", () => {
    expect(() => chooseScale(1e12, 0)).toThrow("host: 0 H/s; allowed: more than zero");
  });
});
