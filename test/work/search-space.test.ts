import { describe, expect, test } from "vitest";
import { planSearchSpace, searchSpace } from "../../src/work/search-space.ts";

/**
 * Real machines at nominal rate: MHz × small cores × chips; coverage = cores/128 × chips' share × window share of the
 * hash counting number; epochs as in the open material. A scaled simulation cannot show any of this.
 */
const machines = {
  "S19j Pro chain": { nominalHps: 525e6 * 514 * 126, nonceCoverage: 0.4, epochMs: 1_636 },
  "S21 Pro chain": { nominalHps: 600e6 * 2_040 * 65, nonceCoverage: 0.73, epochMs: 1_288 },
  "S21 chain": { nominalHps: 490e6 * 1_276 * 108, nonceCoverage: 0.43, epochMs: 908 },
  "Bitaxe Gamma": { nominalHps: 525e6 * 2_040, nonceCoverage: 1, epochMs: 130_850 },
} as const;

function demand(machine: keyof typeof machines, chipVersionBits = 16, hostVersionBits = 0) {
  const { epochMs, ...rest } = machines[machine];
  const epochForBits = epochMs * 2 ** (chipVersionBits - 16);
  const rollsExtranonce = false;
  return { ...rest, chipVersionBits, hostVersionBits, epochMs: epochForBits, rollsExtranonce };
}

describe("search space of real machines on standard channels", () => {
  test.each([
    { machine: "S19j Pro chain", chipBits: 16, hostBits: 0, channels: 1, repeats: 0 },
    { machine: "S21 Pro chain", chipBits: 16, hostBits: 0, channels: 1, repeats: 0 },
    { machine: "Bitaxe Gamma", chipBits: 16, hostBits: 0, channels: 1, repeats: 0 },
    // Its chips are through a job after 0.91 s, ntime moves once a second.
    { machine: "S21 chain", chipBits: 16, hostBits: 0, channels: 1, repeats: 0.092 },
    { machine: "S21 chain", chipBits: 16, hostBits: 0, channels: 2, repeats: 0 },
    { machine: "S21 chain", chipBits: 16, hostBits: 8, channels: 1, repeats: 0 },
    // Three S19j Pro chains on one shared channel: 14 bits each.
    { machine: "S19j Pro chain", chipBits: 14, hostBits: 0, channels: 1, repeats: 0.591 },
    { machine: "S19j Pro chain", chipBits: 14, hostBits: 8, channels: 1, repeats: 0 },
    { machine: "Bitaxe Gamma", chipBits: 14, hostBits: 0, channels: 1, repeats: 0 },
  ] as const)(
    "$machine, $chipBits chip bits, $hostBits host bits, $channels channel(s): $repeats repeats",
    (row) => {
      const space = searchSpace({
        ...demand(row.machine, row.chipBits, row.hostBits),
        channels: row.channels,
      });
      expect(space.repeatedWork).toBeCloseTo(row.repeats, 2);
      expect(space.reason === undefined).toBe(row.repeats === 0);
    },
  );

  test("a shortfall is told in per cent", () => {
    expect(searchSpace({ ...demand("S19j Pro chain", 14), channels: 1 }).reason).toBe(
      "search space exhausted, 59 % of work repeats",
    );
  });

  test("the remedies are tried in order: more channels first, host-stepped version bits after", () => {
    expect(planSearchSpace(demand("S21 chain"))).toMatchObject({ channels: 2, hostVersionBits: 0 });
    expect(planSearchSpace(demand("S21 chain", 16, 8))).toMatchObject({
      channels: 2,
      hostVersionBits: 0,
    });
    expect(planSearchSpace(demand("S21 chain", 16, 8), 1)).toMatchObject({
      channels: 1,
      hostVersionBits: 8,
      space: { repeatedWork: 0 },
    });
  });

  test("what cannot be remedied is still the best plan, with its shortfall", () => {
    const plan = planSearchSpace(demand("S21 chain", 12), 4);
    expect(plan).toMatchObject({ usable: true, channels: 4 });
    expect(plan.usable && plan.space.repeatedWork).toBeGreaterThan(0.5);
  });

  test("a fixed version leaves 4.3 GH/s per channel: anything faster is unusable, with that reason", () => {
    const plan = planSearchSpace(demand("Bitaxe Gamma", 0));
    expect(plan.usable).toBe(false);
    expect(!plan.usable && plan.reason).toMatch(/fixed version.*4\.3 GH\/s.*1071\.0 GH\/s/);
    expect(
      planSearchSpace({ ...demand("Bitaxe Gamma", 0), nominalHps: 4e9, epochMs: 1_000 }).usable,
    ).toBe(true);
  });
});
