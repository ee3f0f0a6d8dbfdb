import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import { bm1397 } from "../../../drivers/bm13xx/chips.ts";
import { decodePll } from "../../../drivers/bm13xx/pll.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { s19jProOptions, s21ProOptions } from "./chain-fixtures.ts";
import { ScriptedChain, type SentFrame } from "./scripted-chain.ts";

const HCN = 0x10;
const PLL0 = 0x08;
const forever = new AbortController().signal;

const pair: Bm13xxChainOptions = {
  ...s21ProOptions,
  chipCount: 2,
  addressInterval: 128,
  layout: "single",
  frequencyMHz: 500,
};
const max: Bm13xxChainOptions = {
  ...pair,
  chip: bm1397,
  chipCount: 1,
  addressInterval: 256,
  frequencyMHz: 400,
};

async function broughtUp(options: Bm13xxChainOptions) {
  const clock = new VirtualClock();
  const uart = new ScriptedChain(clock, { chip: options.chip, chips: options.chipCount });
  const starting = bringUpChain(uart, clock, options, forever, silentLog);
  await clock.advance(60_000);
  const chain = await starting;
  const before = uart.sent.length;
  return { clock, uart, chain, since: () => uart.sent.slice(before) };
}

const registerOf = ({ hex }: SentFrame) => Number.parseInt(hex.slice(10, 12), 16);
const wordOf = ({ hex }: SentFrame) => Number.parseInt(hex.slice(12, 20), 16);
const clockOf = (frame: SentFrame) => decodePll(wordOf(frame)).frequencyMHz;
const isTo = (register: number) => (frame: SentFrame) => registerOf(frame) === register;

const job = {
  chipJobId: 0,
  version: 0x20000000,
  prevHash: new Uint8Array(32),
  merkleRoot: new Uint8Array(32),
  ntime: 1_750_000_000,
  nbits: 0x1d00ffff,
};

describe("another frequency", () => {
  test.each([
    ["up", 520, [506.25, 512.5, 518.75, 520]],
    ["down", 480, [493.75, 487.5, 481.25, 480]],
  ])("%s is reached in steps of 6.25 MHz, 100 ms apart", async (_, mhz, steps) => {
    const { clock, chain, since } = await broughtUp(pair);
    const moving = chain.setFrequency(mhz, forever);
    await clock.advance(1_000);
    await moving;
    const words = since().filter(isTo(PLL0));
    // Between two steps the PLL comes as near as it can.
    for (const [i, step] of steps.entries())
      expect(Math.abs(clockOf(words[i] as SentFrame) - step)).toBeLessThan(1);
    expect(words).toHaveLength(steps.length);
    for (const [i, { atMs }] of words.slice(1).entries())
      expect(atMs - (words[i]?.atMs ?? 0)).toBe(100);
    expect(chain.frequencyMHz).toBeCloseTo(mhz, 1);
    expect(chain.nominalHps).toBe(chain.frequencyMHz * 1e6 * 2040 * 2);
  });

  test("never lets a window reach into a neighbour's nonces, not even between two writes", async () => {
    const target = fc.integer({ min: 60, max: 640 });
    await fc.assert(
      fc.asyncProperty(fc.array(target, { minLength: 1, maxLength: 4 }), async (targets) => {
        const { clock, uart, chain, since } = await broughtUp(pair);
        let ticks = uart.held(0, HCN) ?? 0;
        let mhz = 500;
        for (const wish of targets) {
          void chain.setFrequency(wish, forever).catch(() => {});
          // The next wish takes over somewhere on the way, or comes when this one is fulfilled.
          await clock.advance(wish % 2 === 0 ? 730 : 20_000);
        }
        await clock.advance(20_000);
        for (const frame of since()) {
          if (registerOf(frame) === HCN) ticks = wordOf(frame);
          if (registerOf(frame) === PLL0) mhz = clockOf(frame);
          expect((ticks * mhz) / 12.5).toBeLessThanOrEqual(2 ** 24);
        }
        const last = targets.at(-1) as number;
        // Half a step of the feedback divider.
        expect(Math.abs(chain.frequencyMHz - last)).toBeLessThan(25 / 8 / 2 + 1e-9);
        // And what is left unsearched in the end is the guard alone.
        expect((ticks * mhz) / 12.5).toBeGreaterThan(2 ** 24 * 0.99);
      }),
      { numRuns: 30 },
    );
  });

  test("makes the epoch and the coverage those of the new window", async () => {
    const { clock, chain } = await broughtUp(s19jProOptions);
    const { nonceCoverage } = chain;
    const epochMs = chain.epochMs(16);
    const moving = chain.setFrequency(262.5, forever);
    await clock.advance(20_000);
    await moving;
    expect(chain.epochMs(16) / epochMs).toBeCloseTo(2, 2);
    expect(chain.nonceCoverage).toBeCloseTo(nonceCoverage, 3);
  });

  test("that is asked for meanwhile takes over from where the first has come", async () => {
    const { clock, chain, since } = await broughtUp(pair);
    const first = chain.setFrequency(600, forever);
    first.catch(() => {});
    await clock.advance(250);
    const second = chain.setFrequency(500, forever);
    await clock.advance(1_000);
    await expect(first).rejects.toMatchObject({ name: "AbortError" });
    await second;
    expect(Math.max(...since().filter(isTo(PLL0)).map(clockOf))).toBeLessThan(520);
    expect(chain.frequencyMHz).toBe(500);
  });

  test("that is no longer wanted leaves the clock at the last step made", async () => {
    const { clock, chain, since } = await broughtUp(pair);
    const stop = new AbortController();
    const moving = chain.setFrequency(600, stop.signal);
    moving.catch(() => {});
    await clock.advance(250);
    stop.abort(new Error("too hot"));
    await clock.advance(1_000);
    await expect(moving).rejects.toThrow("too hot");
    expect(since().filter(isTo(PLL0))).toHaveLength(3);
    expect(chain.frequencyMHz).toBeCloseTo(518.75, 0);
  });

  test("that the PLL cannot make is refused before anything is written", async () => {
    const { chain, since } = await broughtUp(pair);
    await expect(chain.setFrequency(9_000, forever)).rejects.toBeInstanceOf(RangeError);
    expect(since()).toEqual([]);
  });

  test("does not wake idle chips, which get their window when they wake", async () => {
    const { clock, chain, since } = await broughtUp(s19jProOptions);
    chain.idle();
    const moving = chain.setFrequency(512.5, forever);
    await clock.advance(1_000);
    await moving;
    expect(since().filter(isTo(HCN)).map(wordOf)).toEqual([0]);
    chain.dispatch(job);
    const ticks = since().filter(isTo(HCN)).map(wordOf).at(-1) ?? 0;
    expect(ticks).toBe(Math.floor((0x1381 * 525) / 512.5));
  });

  test("writes no more once the chain is closed", async () => {
    const { clock, uart, chain } = await broughtUp(pair);
    const moving = chain.setFrequency(400, forever);
    moving.catch(() => {});
    await clock.advance(150);
    await chain[Symbol.asyncDispose]();
    const after = uart.sent.length;
    await clock.advance(5_000);
    await expect(moving).rejects.toMatchObject({ name: "AbortError" });
    expect(uart.sent.slice(after)).toEqual([]);
    expect(uart.held(0, HCN)).toBe(0);
  });

  test("of a BM1397 is written twice, behind its divider", async () => {
    const { clock, chain, since } = await broughtUp(max);
    const moving = chain.setFrequency(406.25, forever);
    await clock.advance(1_000);
    await moving;
    expect(since().map(registerOf)).toEqual([0x70, 0x70, PLL0, PLL0]);
    const gaps = since().map(({ atMs }, i, all) => atMs - (all[i - 1]?.atMs ?? atMs));
    expect(gaps).toEqual([0, 10, 10, 10]);
    expect(chain.nominalHps).toBe(406.25e6 * 672);
  });
});

describe("one chip's own frequency", () => {
  test("is written to it alone, and taken off the rate", async () => {
    const { chain, since, uart } = await broughtUp(pair);
    chain.setChipFrequency(1, 400);
    expect(since()).toHaveLength(1);
    expect(decodePll(uart.held(0, PLL0) ?? 0).frequencyMHz).toBe(500);
    expect(decodePll(uart.held(1, PLL0) ?? 0).frequencyMHz).toBe(400);
    expect(chain.frequencyMHz).toBe(500);
    expect(chain.nominalHps).toBe(900e6 * 2040);
  });

  test("stays when the others go up, and never is above theirs", async () => {
    const { clock, chain, since, uart } = await broughtUp(pair);
    chain.setChipFrequency(1, 400);
    for (const [mhz, own] of [
      [512.5, 400],
      [393.75, 393.75],
      [500, 400],
    ] as const) {
      const moving = chain.setFrequency(mhz, forever);
      await clock.advance(5_000);
      await moving;
      expect(decodePll(uart.held(0, PLL0) ?? 0).frequencyMHz).toBeCloseTo(mhz, 1);
      expect(decodePll(uart.held(1, PLL0) ?? 0).frequencyMHz).toBeCloseTo(own, 1);
    }
    const toAll = since().filter(
      ({ hex }) => hex.startsWith("55aa5109") && hex.slice(10, 12) === "08",
    );
    expect(toAll).toEqual([]);
  });

  test("given back is that of the others", async () => {
    const { chain, uart } = await broughtUp(pair);
    chain.setChipFrequency(1, 400);
    chain.setChipFrequency(1, undefined);
    expect(decodePll(uart.held(1, PLL0) ?? 0).frequencyMHz).toBe(500);
    expect(chain.nominalHps).toBe(1_000e6 * 2040);
  });

  test.each([
    [2, 400],
    [-1, 400],
    [0.5, 400],
    [1, 9_000],
  ])("of chip %d at %d MHz is refused", async (index, mhz) => {
    const { chain, since } = await broughtUp(pair);
    expect(() => chain.setChipFrequency(index, mhz)).toThrow(RangeError);
    expect(since()).toEqual([]);
  });
});
