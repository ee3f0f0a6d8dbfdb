/** The driver against the second, independent reading of the same reference: the chips of the simulator. */
import { describe, expect, test } from "vitest";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import { bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { ChainModel } from "../../../simulator/chain/chain-model.ts";
import type { ChainSearcher } from "../../../simulator/hashing/chain-searcher.ts";
import { openSimUart } from "../../../simulator/sim-uart.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { s19jProOptions, s21ProOptions } from "./chain-fixtures.ts";

const noSearcher: ChainSearcher = {
  publish() {},
  onHit: () => ({ [Symbol.dispose]() {} }),
  hashesDone: () => 0,
  [Symbol.dispose]() {},
};

function startBringUp(options: Bm13xxChainOptions, chipCount = options.chipCount) {
  const clock = new VirtualClock();
  const { chip } = options;
  const model = new ChainModel({
    chip,
    chipCount,
    requiredZeroBits: 32,
    clock,
    seed: 1,
    searcher: noSearcher,
  });
  return { clock, model, ...startDriver(options, clock, model) };
}

/** A new program on the line: the host's end is at 115 200 baud again, the chips are as they are. */
function startDriver(options: Bm13xxChainOptions, clock: VirtualClock, model: ChainModel) {
  const { uart, device } = openSimUart({ clock, isPaced: true });
  const stop = new AbortController();
  device.onData((bytes) => model.receive(bytes, device.hostBaudRate()));
  model.onTransmit((bytes) => device.write(bytes));
  const chain = bringUpChain(uart, clock, options, stop.signal, silentLog);
  chain.catch(() => {});
  return { uart, stop, chain };
}

const pairOptions: Bm13xxChainOptions = {
  ...s21ProOptions,
  chipCount: 2,
  addressInterval: 128,
  layout: "single",
};

const HASH_COUNTING_NUMBER = 0x10;

const job = {
  chipJobId: 0,
  version: 0x20000000,
  prevHash: new Uint8Array(32),
  merkleRoot: new Uint8Array(32),
  ntime: 1_750_000_000,
  nbits: 0x1d00ffff,
};

describe("on simulated chips", () => {
  test.each([
    ["an S19j Pro", s19jProOptions, 3_125_000, 0x1381],
    ["an S21 Pro", s21ProOptions, 3_125_000, 0x1eb5],
    [
      "a pair of BM1370",
      pairOptions,
      25e6 / 24,
      // 2^24 nonces at 600 MHz, less the guard.
      Math.floor((2 ** 24 * 25 * 0.5) / 600 - bm1370.hashCountingGuardTicks),
    ],
  ])("%s ends with every chip addressed, fast and ready", async (_, options, baudRate, ticks) => {
    const { clock, model, chain } = startBringUp(options);
    await clock.advance(30_000);
    const ready = await chain;
    expect(ready.chipsFound).toBe(options.chipCount);
    expect(ready.counters).toMatchObject({ bytesDropped: 0, crcErrors: 0, unexpectedFrames: 0 });
    ready.dispatch(job);
    await clock.advance(5_000);
    for (const [i, chip] of model.chips.entries()) {
      expect(chip.isAddressed).toBe(true);
      expect(chip.address).toBe(i * options.addressInterval);
      expect(chip.frequencyMHz).toBe(options.frequencyMHz);
      expect(chip.baudRate).toBeCloseTo(baudRate, 5);
      expect(chip.answerForm).toBeDefined();
      expect(chip.register(0x10)).toBe(ticks);
      expect(chip.register(0x14)).toBe(0xff);
      expect(chip.register(0xa4)).toBe(0x9000ffff);
    }
    expect(model.counters).toMatchObject({ jobsReceived: 1, checksumErrors: 0, bytesDropped: 0 });

    ready.idle();
    await clock.advance(10);
    expect(model.chips.map((chip) => chip.register(0x10))).toEqual(model.chips.map(() => 0));
    ready.dispatch(job);
    await clock.advance(10);
    expect(model.chips.map((chip) => chip.register(0x10))).toEqual(model.chips.map(() => ticks));

    const closing = ready[Symbol.asyncDispose]();
    await clock.advance(1_000);
    await closing;
    for (const chip of model.chips) {
      expect(chip.register(0x10)).toBe(0);
      expect(chip.frequencyMHz).toBe(50);
    }
  });

  test("the chips of an S21 Pro have their nonce offsets after the first job only", async () => {
    const { clock, model, chain } = startBringUp(s21ProOptions);
    await clock.advance(30_000);
    const ready = await chain;
    expect(model.chips.every((chip) => chip.register(0x0c) === 0)).toBe(true);
    ready.dispatch(job);
    await clock.advance(5_000);
    expect(model.chips.map((chip) => chip.register(0x0c) >>> 31)).toEqual(Array(65).fill(1));
  });

  test.each([
    ["an S19j Pro", s19jProOptions],
    ["an S21 Pro", s21ProOptions],
    ["a pair of BM1370", pairOptions],
  ])("%s that a killed program left hashing is stopped, and comes up again", async (_, options) => {
    const { clock, model, chain } = startBringUp(options);
    await clock.advance(30_000);
    (await chain).dispatch(job);
    await clock.advance(5_000);
    expect(model.chips.every((chip) => chip.register(HASH_COUNTING_NUMBER) > 0)).toBe(true);
    let whenAddressing: readonly number[] = [];
    const onPhase = (phase: string) => {
      if (phase === "addressing")
        whenAddressing = model.chips.map((chip) => chip.register(HASH_COUNTING_NUMBER));
    };
    const second = startDriver({ ...options, onPhase }, clock, model);
    await clock.advance(30_000);
    const ready = await second.chain;
    expect(ready.chipsFound).toBe(options.chipCount);
    expect(whenAddressing).toEqual(model.chips.map(() => 0));
  });

  test("chips that hash already and change their rate when all is aborted are stopped", async () => {
    const { clock, model, uart, stop, chain } = startBringUp(pairOptions);
    while (model.chips.some((chip) => chip.baudRate < 200_000)) await clock.advance(1);
    expect(uart.baudRate).toBe(115_200);
    expect(model.chips.every((chip) => chip.register(HASH_COUNTING_NUMBER) > 0)).toBe(true);
    stop.abort(new Error("enough"));
    await clock.advance(1_000);
    await expect(chain).rejects.toThrow("enough");
    expect(model.chips.map((chip) => chip.register(HASH_COUNTING_NUMBER))).toEqual([0, 0]);
  });

  test("a board with a chip too few is named, and left stopped", async () => {
    const { clock, model, chain } = startBringUp(s19jProOptions, 125);
    await clock.advance(30_000);
    await expect(chain).rejects.toThrow("found 125 chips, expected 126 BM1362");
    expect(model.chips.every((chip) => chip.frequencyMHz === 50)).toBe(true);
  });
});
