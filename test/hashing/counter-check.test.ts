import { describe, expect, test } from "vitest";
import { CounterCheck } from "../../src/hashing/counter-check.ts";
import type { ChipHealth } from "../../src/hashing/hash-chain.ts";

const PER_NONCE = 256;

function chips(...hashesDone: readonly (number | null)[]): readonly ChipHealth[] {
  return hashesDone.map((hashes, chipIndex) => ({
    chipIndex,
    hashesDone: hashes,
    nonceErrors: 1,
    temperatureC: null,
  }));
}

describe("the chips' counters against the nonces that came", () => {
  test("say nothing before there is enough to compare", () => {
    const check = new CounterCheck(PER_NONCE);
    check.take(chips(0, 0), 0);
    expect(check.take(chips(100 * PER_NONCE, 99 * PER_NONCE), 0)).toMatchObject({
      hashesDone: 199 * PER_NONCE,
      nonceErrors: 2,
      nonceShare: null,
      isShort: false,
    });
  });

  test("agree on a healthy chain", () => {
    const check = new CounterCheck(PER_NONCE);
    check.take(chips(1_000, 1_000), 8);
    const later = check.take(chips(1_000 + 500 * PER_NONCE, 1_000 + 500 * PER_NONCE), 1_003);
    expect(later.nonceShare).toBeCloseTo(0.995);
    expect(later.isShort).toBe(false);
  });

  test("tell of nonces that got lost", () => {
    const check = new CounterCheck(PER_NONCE);
    check.take(chips(0), 0);
    expect(check.take(chips(1_000 * PER_NONCE), 700)).toMatchObject({
      nonceShare: 0.7,
      isShort: true,
    });
  });

  test.each([
    ["a chip that did not answer", chips(1_000 * PER_NONCE, null)],
    ["a chip that was reset", chips(1_000 * PER_NONCE, 0)],
  ])("begin anew after %s", (_, broken) => {
    const check = new CounterCheck(PER_NONCE);
    check.take(chips(0, 500 * PER_NONCE), 0);
    check.take(chips(900 * PER_NONCE, 900 * PER_NONCE), 1_300);
    expect(check.take(broken, 1_301).nonceShare).toBeNull();
  });

  test("are unknown where chips cannot count", () => {
    expect(new CounterCheck(PER_NONCE).take(chips(null, null), 500)).toMatchObject({
      hashesDone: null,
      nonceShare: null,
      isShort: false,
    });
  });
});
