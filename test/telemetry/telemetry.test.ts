import { describe, expect, test } from "vitest";
import { ChipRates } from "../../src/telemetry/chip-rates.ts";
import { HashrateEstimator } from "../../src/telemetry/hashrate.ts";
import { LatencyRecorder } from "../../src/telemetry/latency.ts";

describe("hashrate from verified work", () => {
  test("a steady rate is the same in every window, from the first seconds on", () => {
    const rate = new HashrateEstimator(10_000);
    for (let ms = 10_000; ms < 130_000; ms += 100) rate.add(ms, 100);
    const windows = rate.windows(129_999);
    expect(windows.s5).toBeCloseTo(1_000, -2);
    for (const window of [windows.m1, windows.m5, windows.m15, windows.h24]) {
      expect(window).toBeCloseTo(1_000, -1);
    }
    expect(rate.mean(130_000)).toBeCloseTo(1_000, -1);
  });

  test("a steady rate is the same whenever within a second somebody asks", () => {
    const rate = new HashrateEstimator(0);
    let toldMs = 0;
    for (const askedMs of [1_000_000, 1_000_200, 1_000_500, 1_000_990]) {
      for (; toldMs < askedMs; toldMs += 10) rate.add(toldMs, 10);
      const { s5, m1, m15, h24 } = rate.windows(askedMs);
      for (const window of [s5, m1, m15, h24]) expect(window / 1_000).toBeCloseTo(1, 2);
    }
  });

  test("work leaves a window when the window has passed it", () => {
    const rate = new HashrateEstimator(0);
    rate.add(500, 6_000);
    expect(rate.windows(1_000).s5).toBe(6_000);
    expect(rate.windows(59_000).m1).toBeCloseTo(6_000 / 59, 0);
    expect(rate.windows(61_000).m1).toBe(0);
    expect(rate.windows(61_000).m5).toBeCloseTo(6_000 / 61, 0);
    expect(rate.windows(1_000_000).m15).toBe(0);
    expect(rate.windows(1_000_000).h24).toBeCloseTo(6, 1);
    expect(rate.windows(90_000_000).h24).toBe(0);
  });

  test("silence reads as zero, not as the last rate", () => {
    const rate = new HashrateEstimator(0);
    for (let s = 0; s < 60; s++) rate.add(s * 1_000, 10);
    expect(rate.windows(70_000).s5).toBe(0);
  });
});

describe("hashrate of each chip", () => {
  test("a steady chip shows its rate in every window, from the first seconds on; its neighbour shows none", () => {
    const rates = new ChipRates(2, 1_000);
    for (let ms = 1_000; ms < 121_000; ms += 100) rates.add(1, ms, 100);
    const [idle, busy] = rates.windows(121_000);
    expect(idle).toEqual({ s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 });
    for (const window of Object.values(busy ?? {})) expect(window / 1_000).toBeCloseTo(1, 1);
    expect(rates.means(121_000)).toEqual([0, 1_000]);
  });

  test("a chip that falls silent fades, the short window first", () => {
    const rates = new ChipRates(1, 0);
    for (let s = 0; s < 600; s++) rates.add(0, s * 1_000, 1_000);
    const [silent] = rates.windows(660_000);
    expect(silent?.s5).toBeLessThan(1);
    expect(silent?.m1).toBeLessThan(200);
    expect(silent?.m15).toBeGreaterThan(700);
  });

  test("a chip number from a noisy wire is ignored", () => {
    const rates = new ChipRates(1, 0);
    rates.add(7, 10, 5);
    rates.add(-1, 10, 5);
    expect(rates.means(1_000)).toEqual([0]);
  });
});

describe("latency percentiles", () => {
  test("nothing measured is null", () => {
    expect(new LatencyRecorder().snapshot()).toBeNull();
  });

  test("percentiles over the kept samples, maximum over all", () => {
    const latency = new LatencyRecorder();
    latency.add(99);
    for (let i = 0; i < 10_000; i++) latency.add((i % 100) / 100);
    expect(latency.snapshot()).toMatchObject({ count: 10_001, p50: 0.5, p99: 0.99, max: 99 });
  });
});
