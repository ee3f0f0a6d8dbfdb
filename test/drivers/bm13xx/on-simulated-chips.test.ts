/** The driver against the second, independent reading of the same reference: the chips of the simulator. */
import { describe, expect, test } from "vitest";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import {
  type Bm13xxChip,
  bm1362,
  bm1366,
  bm1368,
  bm1370,
  bm1372,
  bm1397,
} from "../../../drivers/bm13xx/chips.ts";
import { ChainModel, geometryOf } from "../../../simulator/chain/chain-model.ts";
import type { ChainSearcher } from "../../../simulator/hashing/chain-searcher.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { openSimUart } from "../../../simulator/sim-uart.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { encodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { leadingZeroBits } from "../../../src/bitcoin/target.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { bitCount } from "../../../src/work/version-space.ts";
import { s19jProOptions, s21ProOptions } from "./chain-fixtures.ts";

const noSearcher: ChainSearcher = {
  publish() {},
  onHit: () => ({ [Symbol.dispose]() {} }),
  hashesDone: () => 0,
  [Symbol.dispose]() {},
};

/** With a scale they hash, otherwise they find nothing. */
function startBringUp(
  options: Bm13xxChainOptions,
  chipCount = options.chipCount,
  scale: number | undefined = undefined,
) {
  const clock = new VirtualClock();
  const { chip } = options;
  const requiredZeroBits = 32 - Math.log2(scale ?? 1);
  const geometry = geometryOf(chip, chipCount, requiredZeroBits);
  const model = new ChainModel({
    chip,
    chipCount,
    requiredZeroBits,
    clock,
    seed: 1,
    searcher:
      scale === undefined ? noSearcher : openSynchronousSearcher({ clock, geometry, stepMs: 10 }),
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
const forever = new AbortController().signal;

/** One or a few chips as on a small board, or a chain as a stock machine has it. */
const others: readonly (readonly [string, Bm13xxChainOptions])[] = [
  ["a Bitaxe Ultra", { ...single(bm1366, 1), frequencyMHz: 485 }],
  ["a Bitaxe Hex", { ...single(bm1366, 6), frequencyMHz: 485 }],
  ["a Bitaxe Supra", { ...single(bm1368, 1), frequencyMHz: 490 }],
  ["a Bitaxe Max", { ...single(bm1397, 1), frequencyMHz: 425 }],
  ["two BM1397", { ...single(bm1397, 2), frequencyMHz: 425 }],
  ["an S19 XP", { ...s21ProOptions, chip: bm1366, chipCount: 110, layout: "s19xp" }],
  ["an S19k Pro", { ...s21ProOptions, chip: bm1366, chipCount: 77, layout: "s19kpro" }],
  ["an S21", { ...s21ProOptions, chip: bm1368, chipCount: 108, layout: "s21" }],
  ["an S21 XP", { ...s21ProOptions, chipCount: 91, layout: "s21xp" }],
];

function single(chip: Bm13xxChip, chipCount: number): Bm13xxChainOptions {
  const addressInterval = Math.floor(256 / chipCount);
  return { ...s21ProOptions, chip, chipCount, addressInterval, layout: "single" };
}

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

  test.each(others)("%s comes up, changes its clock and says how it is", async (_, options) => {
    const { clock, model, chain } = startBringUp(options);
    await clock.advance(60_000);
    const ready = await chain;
    expect(ready.chipsFound).toBe(options.chipCount);
    expect(ready.counters).toMatchObject({ bytesDropped: 0, crcErrors: 0, unexpectedFrames: 0 });
    const clocksOf = () => model.chips.map(({ frequencyMHz }) => frequencyMHz);
    const all = (value: number) => model.chips.map(() => expect.closeTo(value, 6));
    expect(clocksOf()).toEqual(all(ready.frequencyMHz));
    ready.dispatch({ ...job, chipJobId: ready.chipJobIds[0] as number });
    await clock.advance(5_000);
    expect(model.counters).toMatchObject({ jobsReceived: 1, checksumErrors: 0, bytesDropped: 0 });

    const moving = ready.setFrequency(400, forever);
    await clock.advance(20_000);
    await moving;
    expect(clocksOf()).toEqual(all(400));
    ready.setChipFrequency(0, 300);
    await clock.advance(100);
    expect(clocksOf()).toEqual([expect.closeTo(300, 6), ...all(400).slice(1)]);

    const reading = ready.readHealth(forever);
    await clock.advance(1_000);
    const health = await reading;
    expect(health.map(({ nonceErrors }) => nonceErrors)).toEqual(model.chips.map(() => 0));
    const closing = ready[Symbol.asyncDispose]();
    await clock.advance(1_000);
    await closing;
    expect(clocksOf()).toEqual(all(50));
  });

  test.each([
    ["BM1362", single(bm1362, 3)],
    ["BM1366", single(bm1366, 2)],
    ["BM1368", single(bm1368, 2)],
    ["BM1370", single(bm1370, 2)],
    ["BM1372", { ...single(bm1372, 1), allowExperimental: true }],
    ["one BM1397", single(bm1397, 1)],
    ["BM1397", single(bm1397, 4)],
  ])("what %s find hashes as it should, for every version that they may roll", async (_, board) => {
    const hashScale = 2 ** 22;
    const options = { ...board, frequencyMHz: 100, ticketDifficulty: 2, hashScale };
    const requiredZeroBits = 32 - 22;
    const { clock, model, chain } = startBringUp(options, options.chipCount, hashScale);
    await clock.advance(60_000);
    const ready = await chain;
    expect(ready.ticketZeroBits).toBe(requiredZeroBits + 1);
    const jobs = new Map<number, typeof job>();
    const seen: [chipIndex: number, versionBits: number][] = [];
    ready.onNonce((chipJobId, nonce, versionBits, chipIndex) => {
      const found = jobs.get(chipJobId);
      if (found === undefined) throw new Error(`no job ${chipJobId}`);
      const header = encodeHeader({ ...found, version: found.version | versionBits, nonce });
      expect(leadingZeroBits(hashHeader(header))).toBeGreaterThanOrEqual(ready.ticketZeroBits);
      seen.push([chipIndex, versionBits]);
    });
    const mask = 0x0000e000 & ready.rollableMask;
    ready.setVersionMask(mask);
    const { length } = ready.chipJobIds;
    for (let i = 0; i < 40; i++) {
      const next = { ...job, chipJobId: ready.chipJobIds[i % length] as number, ntime: i };
      jobs.set(next.chipJobId, next);
      ready.dispatch(next);
      await clock.advance(200);
    }
    expect(seen.length).toBeGreaterThan(50);
    expect(ready.counters).toMatchObject({ crcErrors: 0, unexpectedFrames: 0 });
    expect(new Set(seen.map(([chip]) => chip))).toEqual(new Set(model.chips.keys()));
    const versions = new Set(seen.map(([, bits]) => bits));
    expect(versions.size).toBe(2 ** bitCount(mask));
    for (const bits of versions) expect(bits & ~mask).toBe(0);
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
