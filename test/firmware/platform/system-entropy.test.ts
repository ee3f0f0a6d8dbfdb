import { expect, test } from "vitest";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";

test("random bytes have the length asked for and do not repeat", () => {
  const first = systemEntropy.randomBytes(32);
  expect(first).toHaveLength(32);
  expect(first).not.toEqual(systemEntropy.randomBytes(32));
  expect(systemEntropy.randomBytes(0)).toHaveLength(0);
});

test("random bytes are memory of their own, not a view of a shared pool", () => {
  expect(systemEntropy.randomBytes(16).buffer.byteLength).toBe(16);
});

test("fractions lie in [0, 1)", () => {
  for (let i = 0; i < 100; i++) {
    const fraction = systemEntropy.fraction();
    expect(fraction).toBeGreaterThanOrEqual(0);
    expect(fraction).toBeLessThan(1);
  }
});
