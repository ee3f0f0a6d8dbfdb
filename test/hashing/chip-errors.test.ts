import { describe, expect, test } from "vitest";
import { ChipErrors } from "../../src/hashing/chip-errors.ts";

function chipsWith(wrongOf200: readonly number[]): ChipErrors {
  const errors = new ChipErrors(wrongOf200.length);
  for (const [chip, wrong] of wrongOf200.entries())
    for (let i = 0; i < 200; i++) errors.add(chip, i >= wrong);
  return errors;
}

describe("a chip that gives too many wrong nonces", () => {
  test("is slowed by one step, and no other", () => {
    expect(chipsWith([0, 20, 2]).judge(500)).toEqual([
      { chipIndex: 1, frequencyMHz: 475, wrongShare: 0.1 },
    ]);
  });

  test("is slowed further as long as it goes on, down to a floor", () => {
    const errors = new ChipErrors(1);
    const steps: number[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 200; i++) errors.add(0, i >= 20);
      for (const { frequencyMHz } of errors.judge(500)) steps.push(frequencyMHz);
    }
    expect(steps).toEqual([475, 450, 425, 400, 375, 350, 325, 300]);
  });

  test("is judged on new nonces only, once it has been slowed", () => {
    const errors = chipsWith([20]);
    expect(errors.judge(500)).toHaveLength(1);
    expect(errors.judge(500)).toEqual([]);
  });

  test("is left alone while a few wrong ones may be chance", () => {
    const errors = new ChipErrors(1);
    for (let i = 0; i < 100; i++) errors.add(0, i >= 5);
    expect(errors.judge(500)).toEqual([]);
  });
});

test("a nonce that no chip can have sent changes nothing", () => {
  const errors = new ChipErrors(2);
  errors.add(200, false);
  expect(errors.judge(500)).toEqual([]);
});
