import { describe, expect, test } from "vitest";
import { type Bm13xxChip, bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import type { ChainHit } from "../../../simulator/hashing/chain-searcher.ts";
import { hashHeader } from "../../../src/bitcoin/header.ts";
import { fromHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, jobFrame, TestHost } from "./host.ts";

const header = fromHex(vectors.jobs[0]?.header ?? "");
viewOf(header).setUint32(0, 0x20000000, true);

interface Nonce {
  readonly nonce: number;
  readonly excess: number;
  readonly idByte: number;
  readonly versionField: number;
}

function nonceOf(hex: string): Nonce {
  expect(hex).toMatch(/^aa55.{18}$/);
  const view = viewOf(fromHex(hex));
  expect(view.getUint8(10) >>> 5).toBe(4);
  return {
    nonce: view.getUint32(2),
    excess: view.getUint8(6),
    idByte: view.getUint8(7),
    versionField: view.getUint16(8),
  };
}

/** The hash that an answer stands for, in display order. */
function hashOf({ nonce, versionField }: Nonce, base = header): Uint8Array {
  const solved = base.slice();
  const view = viewOf(solved);
  view.setUint32(0, (view.getUint32(0, true) | (versionField << 13)) >>> 0, true);
  view.setUint32(76, nonce);
  return hashHeader(solved).reverse();
}

function zeroBitsOf(answer: Nonce, base = header): number {
  const hash = hashOf(answer, base);
  const firstByte = hash.findIndex((byte) => byte !== 0);
  return 8 * firstByte + Math.clz32(hash[firstByte] as number) - 24;
}

interface Options {
  readonly chip?: Bm13xxChip;
  readonly chipCount?: number;
  readonly requiredZeroBits?: number;
  readonly hashesPerSecondPerChip?: number;
}

/** Addressed, at nominal settings, and ready for a job. */
function readyChain(options: Options = {}): TestHost {
  const { chip = bm1362, chipCount = 4, requiredZeroBits = 8 } = options;
  const rate = options.hashesPerSecondPerChip ?? 4_000;
  const realRate = 50e6 * chip.smallCores;
  const host = new TestHost({ chip, chipCount, requiredZeroBits, scale: realRate / rate });
  host.send(frames.writeAll(0xa4, 0x9000ffff), frames.chainInactive);
  for (let i = 0; i < chipCount; i++) host.send(frames.setAddress(2 * i));
  host.send(
    frames.writeAll(0x18, chip === bm1362 ? 0xb000c100 : 0xf000c100),
    frames.writeAll(0x14, 0),
    frames.writeAll(0x10, 0x1381),
  );
  return host;
}

function totalDone(host: TestHost): number {
  return host.chain.chips.reduce((total, { index }) => total + host.chain.hashesDone(index), 0);
}

describe("a chain with a job", () => {
  test("reports hashes that really have the zero bits, as often as chance allows", async () => {
    const host = readyChain();
    host.send(jobFrame({ idByte: 0x28, header }));
    const answers = (await host.answersWithin(5_000)).map(nonceOf);
    const expected = (4 * 4_000 * 5) / 2 ** 8;
    expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    for (const answer of answers) {
      const zeroBits = zeroBitsOf(answer);
      expect(zeroBits).toBeGreaterThanOrEqual(8);
      expect(answer.excess).toBe(2 * (zeroBits - 8));
      expect(answer.idByte & 0xf8).toBe(0x28);
      expect(answer.versionField).toBeLessThan(8);
      expect(answer.nonce >>> 25).toBeLessThan(65);
    }
  });

  test("names the BM1362 that found a nonce in the address field, every chip as often", async () => {
    const host = readyChain({ chipCount: 4 });
    host.send(jobFrame({ idByte: 0, header }));
    const found = new Map<number, number>();
    for (const hex of await host.answersWithin(5_000)) {
      const address = (nonceOf(hex).nonce >>> 17) & 0xff;
      found.set(address, (found.get(address) ?? 0) + 1);
    }
    expect([...found.keys()].sort()).toEqual([0, 2, 4, 6]);
    for (const count of found.values())
      expect(Math.abs(count - 78)).toBeLessThan(5 * Math.sqrt(78));
    for (let i = 0; i < 4; i++)
      expect(Math.abs(host.chain.hashesDone(i) - 20_000)).toBeLessThan(200);
  });

  test("has on BM1362 a small core beside the version in 8 % of the answers, 4 away", async () => {
    const host = readyChain({ requiredZeroBits: 4 });
    host.send(jobFrame({ idByte: 0, header }));
    const answers = (await host.answersWithin(5_000)).map(nonceOf);
    const apart = answers.map(({ idByte, versionField }) => (idByte ^ versionField) & 7);
    expect(apart.every((difference) => difference === 0 || difference === 4)).toBe(true);
    const share = apart.filter((difference) => difference === 4).length / apart.length;
    expect(Math.abs(share - 0.08)).toBeLessThan(0.02);
  });

  test("starts each BM1370 at its offset in the low 25 bits", async () => {
    const host = readyChain({ chip: bm1370, chipCount: 3 });
    const offsets = [0x80000000, 0x800003f1, 0x8000fc10];
    offsets.forEach((value, i) => {
      host.send(frames.writeOne(2 * i, 0x0c, value));
    });
    host.send(jobFrame({ idByte: 0x68, header }));
    const starts = new Set<number>();
    for (const hex of await host.answersWithin(5_000)) {
      const { nonce, idByte, versionField } = nonceOf(hex);
      starts.add((nonce & 0x1ffffff) >>> 9);
      expect(idByte).toBe(0xd0 | (versionField & 0x0f));
    }
    expect([...starts].sort((a, b) => a - b)).toEqual([0, 0x3f1, 0xfc10]);
  });

  test("asks for the ticket's zero bits too", async () => {
    const host = readyChain();
    host.send(frames.writeAll(0x14, 0x000000e0), jobFrame({ idByte: 0, header }));
    const answers = (await host.answersWithin(10_000)).map(nonceOf);
    const expected = (4 * 4_000 * 10) / 2 ** 11;
    expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    for (const answer of answers) {
      expect(zeroBitsOf(answer)).toBeGreaterThanOrEqual(11);
      expect(answer.excess).toBe(2 * (zeroBitsOf(answer) - 11));
    }
  });

  test("tests the ticket bit by bit, not as a number", async () => {
    const host = readyChain();
    host.send(frames.writeAll(0x14, 0x00000003), jobFrame({ idByte: 0, header }));
    const answers = (await host.answersWithin(5_000)).map(nonceOf);
    const expected = (4 * 4_000 * 5) / 2 ** 10;
    expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    expect(answers.every((answer) => ((hashOf(answer)[1] as number) & 3) === 0)).toBe(true);
    expect(answers.some((answer) => zeroBitsOf(answer) === 8)).toBe(true);
  });

  test("rolls only version bits of the mask that was in force when the job came", async () => {
    const host = readyChain();
    host.send(frames.writeAll(0xa4, 0x90008600), jobFrame({ idByte: 0, header }));
    host.send(frames.writeAll(0xa4, 0x9000ffff));
    const fields = (await host.answersWithin(5_000)).map((hex) => nonceOf(hex).versionField);
    expect(new Set(fields)).toEqual(
      new Set([0, 0x200, 0x400, 0x600, 0x8000, 0x8200, 0x8400, 0x8600]),
    );
  });

  test("answers in 9 bytes and with the base version while rolling was never enabled", async () => {
    const host = new TestHost({ chip: bm1370, chipCount: 1, requiredZeroBits: 8, scale: 2 ** 24 });
    host.send(frames.writeAll(0x18, 0xf000c100), frames.writeAll(0x10, 0x1381));
    host.send(jobFrame({ idByte: 0x18, header }));
    const answers = await host.answersWithin(2_000);
    expect(answers.length).toBeGreaterThan(10);
    for (const hex of answers) {
      expect(hex).toHaveLength(18);
      const nonce = viewOf(fromHex(hex)).getUint32(2);
      expect(zeroBitsOf({ nonce, versionField: 0, excess: 0, idByte: 0 })).toBeGreaterThanOrEqual(
        8,
      );
    }
  });

  test("answers only for the latest job", async () => {
    const host = readyChain();
    const other = header.slice();
    other[68] = (other[68] as number) + 1;
    host.send(jobFrame({ idByte: 0x08, header }));
    await host.clock.advance(1_000);
    host.send(jobFrame({ idByte: 0x10, header: other }));
    // One frame may be under way.
    await host.clock.advance(1);
    const answers = (await host.answersWithin(3_000)).map(nonceOf);
    expect(answers.length).toBeGreaterThan(100);
    for (const answer of answers) {
      expect(answer.idByte & 0xf8).toBe(0x10);
      expect(zeroBitsOf(answer, other)).toBeGreaterThanOrEqual(8);
    }
  });

  test("drops what a hashing thread still finds for an earlier job, an earlier ticket, or before reset", async () => {
    let found: ((hit: ChainHit) => void) | undefined;
    let generation = -1;
    const host = new TestHost({
      chip: bm1370,
      chipCount: 1,
      requiredZeroBits: 8,
      searcher: {
        publish: ({ jobGeneration }) => {
          generation = jobGeneration;
        },
        onHit(listener) {
          found = listener;
          return { [Symbol.dispose]() {} };
        },
        hashesDone: () => 0,
        [Symbol.dispose]() {},
      },
    });
    const report = () =>
      found?.({
        chipIndex: 0,
        jobGeneration: generation,
        nonce: 1,
        versionField: 0,
        smallCore: 0,
        zeroBits: 9,
        ticketMask: 0,
      });
    host.send(jobFrame({ idByte: 0x18, header }));
    report();
    expect(await host.answersWithin(10)).toHaveLength(1);
    host.send(frames.writeAll(0x14, 0x00000001));
    report();
    expect(await host.answersWithin(10)).toEqual([]);
    host.send(frames.writeAll(0x14, 0));
    const old = generation;
    host.send(jobFrame({ idByte: 0x30, header }));
    expect(generation).not.toBe(old);
    generation = old;
    report();
    expect(await host.answersWithin(10)).toEqual([]);
    host.send(jobFrame({ idByte: 0x48, header }));
    const beforeReset = generation;
    host.chain.setReset(true);
    host.chain.setReset(false);
    generation = beforeReset;
    report();
    expect(await host.answersWithin(10)).toEqual([]);
  });

  test("forgets waiting answers whose job id is used again, and sends those of other ids", async () => {
    for (const [secondId, isForgotten] of [
      [0x08, true],
      [0x10, false],
    ] as const) {
      const host = readyChain({ requiredZeroBits: 1 });
      const other = header.slice();
      other[68] = (other[68] as number) + 1;
      host.send(jobFrame({ idByte: 0x08, header }));
      await host.clock.advance(100);
      host.send(jobFrame({ idByte: secondId, header: other }));
      await host.clock.advance(1);
      const answers = (await host.answersWithin(isForgotten ? 50 : 10)).map(nonceOf);
      expect(answers.length).toBeGreaterThan(5);
      const areOf = (base: Uint8Array) =>
        answers.every((answer) => zeroBitsOf(answer, base) === 1 + answer.excess / 2);
      expect([areOf(header), areOf(other)]).toEqual([!isForgotten, isForgotten]);
    }
  });

  test("begins each job at the first nonce and version again", async () => {
    const host = readyChain({ chipCount: 1 });
    host.send(jobFrame({ idByte: 0x08, header }));
    const first = await host.answersWithin(2_000);
    host.send(jobFrame({ idByte: 0x08, header }));
    await host.clock.advance(0);
    expect((await host.answersWithin(2_000)).slice(0, 20)).toEqual(first.slice(0, 20));
  });

  test("hashes at MHz × small cores ÷ scale", async () => {
    const host = readyChain({ hashesPerSecondPerChip: 1_000 });
    expect(host.chain.hashesPerSecond).toBe(0);
    host.send(jobFrame({ idByte: 0, header }));
    expect(host.chain.hashesPerSecond).toBeCloseTo(4_000);
    host.send(frames.writeAll(0x08, 0x40a80230));
    expect(host.chain.hashesPerSecond).toBeCloseTo(42_000);
    host.send(frames.writeOne(2, 0x18, 0x3000c100));
    expect(host.chain.hashesPerSecond).toBeCloseTo(36_750);
  });

  test.each([
    ["a hash counting number of 0", (host: TestHost) => host.send(frames.writeAll(0x10, 0))],
    ["no reporting quarter", (host: TestHost) => host.send(frames.writeAll(0x18, 0x0000c100))],
    ["a stopped PLL", (host: TestHost) => host.send(frames.writeAll(0x08, 0))],
    ["reset held", (host: TestHost) => host.chain.setReset(true)],
  ])("stands still with %s, and burns nothing", async (_, stop) => {
    const host = readyChain();
    host.send(jobFrame({ idByte: 0, header }));
    await host.clock.advance(500);
    stop(host);
    await host.clock.advance(20);
    const done = totalDone(host);
    expect(done).toBeGreaterThan(0);
    expect(await host.answersWithin(2_000)).toEqual([]);
    expect(totalDone(host)).toBe(done);
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("goes on after the hash counting number is written back", async () => {
    const host = readyChain();
    host.send(jobFrame({ idByte: 0, header }), frames.writeAll(0x10, 0));
    expect(await host.answersWithin(1_000)).toEqual([]);
    host.send(frames.writeAll(0x10, 0x1381));
    expect((await host.answersWithin(1_000)).length).toBeGreaterThan(10);
  });

  test("loses its job in reset", async () => {
    const host = readyChain();
    host.send(jobFrame({ idByte: 0, header }));
    host.chain.setReset(true);
    host.chain.setReset(false);
    host.send(frames.writeAll(0x18, 0xf000c100), frames.writeAll(0x10, 0x1381));
    expect(await host.answersWithin(1_000)).toEqual([]);
  });

  test("ignores a job with a wrong checksum", async () => {
    const host = readyChain();
    const frame = jobFrame({ idByte: 0, header });
    frame[40] = (frame[40] as number) ^ 1;
    host.send(frame);
    expect(host.chain.counters).toMatchObject({ jobsReceived: 0, checksumErrors: 1 });
    expect(await host.answersWithin(1_000)).toEqual([]);
  });

  test("counts its work in units of the required difficulty, and its nonces", async () => {
    const host = readyChain({ chipCount: 1 });
    host.send(jobFrame({ idByte: 0, header }));
    const nonces = await host.answersWithin(10_000);
    host.send(frames.writeAll(0x10, 0));
    await host.clock.advance(10);
    const counterValue = async (register: number) =>
      Number.parseInt((await host.ask(frames.readAll(register)))[0]?.slice(4, 12) ?? "", 16);
    expect(await counterValue(0x8c)).toBe(Math.floor(host.chain.hashesDone(0) / 2 ** 8));
    expect(await counterValue(0x88)).toBe(Math.floor(host.chain.hashesDone(0) / 2 ** 10));
    expect(await counterValue(0x90)).toBe(nonces.length);
    host.send(frames.writeAll(0x8c, 0), frames.writeAll(0x90, 0));
    expect(await counterValue(0x8c)).toBe(0);
    expect(await counterValue(0x90)).toBe(0);
  });

  test("lets register answers and nonces share the line, whole frames one after the other", async () => {
    const host = readyChain({ requiredZeroBits: 4 });
    host.send(jobFrame({ idByte: 0, header }));
    await host.clock.advance(100);
    const answers = await host.ask(frames.readAll(0x8c), 50);
    expect(answers.filter((hex) => hex.slice(14, 16) === "8c")).toHaveLength(4);
    expect(answers.length).toBeGreaterThan(6);
    expect(answers.every((hex) => /^aa55.{18}$/.test(hex))).toBe(true);
    const frameMs = (110 * 1_000) / 115_740.74;
    for (let i = 1; i < host.answers.length; i++) {
      const gapMs = (host.answers[i]?.atMs as number) - (host.answers[i - 1]?.atMs as number);
      expect(gapMs).toBeGreaterThan(frameMs - 1e-3);
    }
  });

  test("loses nonces that the line has no room for, and counts them", async () => {
    const host = readyChain({ requiredZeroBits: 0, chipCount: 1 });
    host.send(jobFrame({ idByte: 0, header }));
    await host.clock.advance(1_000);
    const sent = host.answers.length;
    expect(sent).toBeLessThanOrEqual(1_053);
    host.send(frames.writeAll(0x10, 0));
    await host.clock.advance(50);
    const overflows = (await host.ask(frames.readAll(0x50)))[0]?.slice(4, 12) ?? "";
    expect(Number.parseInt(overflows, 16)).toBeGreaterThan(2_000);
  });
});
