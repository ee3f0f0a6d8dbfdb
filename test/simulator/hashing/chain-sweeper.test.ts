import { describe, expect, test } from "vitest";
import type {
  ChainGeometry,
  ChainHit,
  ChainPlan,
  ChipSweep,
} from "../../../simulator/hashing/chain-searcher.ts";
import { ChainSweeper } from "../../../simulator/hashing/chain-sweeper.ts";
import { createSearch } from "../../../simulator/hashing/sha256d-simd.ts";

const geometry: ChainGeometry = {
  chipCount: 1,
  cores: 5,
  versionsPerSweep: 8,
  requiredZeroBits: 0,
};

const sweep: ChipSweep = {
  hashesPerSecond: 1_000,
  nonceStart: 0xdc << 17,
  counterMask: 0x3ffff,
  windowNonces: 3,
  versionMask: 0xffff,
  ticketMask: 0,
  quarters: 0xf,
};

const headerWords = Int32Array.from({ length: 19 }, (_, i) => i * 0x01234567);

/** Every hash is a hit when no zero bits are required: the hits are the sweep. */
function sweepOf(
  hashes: number,
  change: Partial<ChipSweep> = {},
  ground: Partial<ChainGeometry> = {},
): { hits: ChainHit[]; done: number } {
  const hashesDone = new Float64Array(1);
  const sweeper = new ChainSweeper({
    search: createSearch(),
    geometry: { ...geometry, ...ground },
    chipIndices: [0],
    hashesDone,
    maxCreditMs: Number.POSITIVE_INFINITY,
    turnHashes: 4,
  });
  sweeper.load(planOf({ ...sweep, ...change }));
  const hits: ChainHit[] = [];
  sweeper.credit(hashes);
  sweeper.work(Number.POSITIVE_INFINITY, (hit) => hits.push(hit));
  return { hits, done: hashesDone[0] as number };
}

function planOf(chip: ChipSweep, jobGeneration = 1): ChainPlan {
  return { jobGeneration, headerWords, chips: [chip] };
}

describe("a chip's sweep", () => {
  test("covers every core, version, nonce and batch once before it repeats", () => {
    const all = 5 * 3 * 2 ** 4;
    const { hits, done } = sweepOf(all + 40, { versionMask: 0x000f });
    expect(done).toBe(all + 40);
    const headers = hits.map(({ nonce, versionField }) => `${nonce}/${versionField}`);
    expect(new Set(headers.slice(0, all)).size).toBe(all);
    expect(headers.slice(all)).toEqual(headers.slice(0, 40));
  });

  test("takes all cores before the next nonce, all nonces of the window before the next versions", () => {
    const { hits } = sweepOf(5 * 8 * 3 + 1 * 8);
    const low = (from: number, to: number) =>
      new Set(hits.slice(from, to).map(({ nonce }) => nonce & 0x3ffff));
    expect(low(0, 40)).toEqual(new Set([0]));
    expect(low(40, 80)).toEqual(new Set([1]));
    expect(low(80, 120)).toEqual(new Set([2]));
    expect(new Set(hits.slice(0, 40).map(({ nonce }) => nonce >>> 25))).toEqual(
      new Set([0, 1, 2, 3, 4]),
    );
    const versions = (from: number, to: number) =>
      [...new Set(hits.slice(from, to).map(({ versionField }) => versionField))].sort(
        (a, b) => a - b,
      );
    expect(versions(0, 120)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(versions(120, 124)).toEqual([8, 9, 10, 11]);
  });

  test("keeps the address in bits 24 to 17 and the small core in the version's low bits", () => {
    for (const { nonce, versionField, smallCore } of sweepOf(120).hits) {
      expect((nonce >>> 17) & 0xff).toBe(0xdc);
      expect(versionField & 7).toBe(smallCore);
    }
  });

  test("rolls only the bits of the mask, lowest first", () => {
    const { hits } = sweepOf(5 * 8 * 3 * 2, { versionMask: 0xa00a });
    const fields = [...new Set(hits.map(({ versionField }) => versionField))];
    expect(fields.slice(0, 8).sort((a, b) => a - b)).toEqual([
      0, 2, 8, 10, 0x2000, 0x2002, 0x2008, 0x200a,
    ]);
    expect(fields[8]).toBe(0x8000);
  });

  test.each([
    [0x0000, 1],
    [0x0100, 2],
    [0x0003, 4],
  ])("with version mask %i searches %i versions and nothing twice", (versionMask, versions) => {
    const all = 5 * 3 * versions;
    const { hits } = sweepOf(all, { versionMask });
    expect(new Set(hits.map((h) => `${h.nonce}/${h.versionField}`)).size).toBe(all);
    expect(new Set(hits.map((h) => h.versionField)).size).toBe(versions);
  });

  test("leaves out the cores of a quarter that is switched off", () => {
    const { hits } = sweepOf(8 * 4 * 3, { quarters: 0b1011 }, { cores: 8 });
    const cores = [...new Set(hits.map(({ nonce }) => nonce >>> 25))];
    expect(cores.sort()).toEqual([0, 1, 2, 3, 6, 7]);
  });

  test("counts its 18 bits round, so that a window too large finds the same again", () => {
    const { hits } = sweepOf(40, { counterMask: 1, windowNonces: 5 }, { cores: 1 });
    expect(hits.map(({ nonce }) => nonce & 0x3ffff)).toEqual(
      [0, 1, 0, 1, 0].flatMap((low) => Array(8).fill(low)),
    );
  });

  test("is the same whether it is earned at once or in pieces", () => {
    const whole = sweepOf(480).hits;
    for (const piece of [4, 12, 20, 28]) {
      const sweeper = new ChainSweeper({
        search: createSearch(),
        geometry,
        chipIndices: [0],
        hashesDone: new Float64Array(1),
        maxCreditMs: Number.POSITIVE_INFINITY,
        turnHashes: 4,
      });
      sweeper.load(planOf(sweep));
      const hits: ChainHit[] = [];
      for (let done = 0; done < 480; done += piece) {
        sweeper.credit(piece);
        sweeper.work(Number.POSITIVE_INFINITY, (hit) => hits.push(hit));
      }
      expect(hits.slice(0, 480)).toEqual(whole);
    }
  });

  test("begins anew with a new job, and only then", () => {
    const hashesDone = new Float64Array(1);
    const sweeper = new ChainSweeper({
      search: createSearch(),
      geometry,
      chipIndices: [0],
      hashesDone,
      maxCreditMs: Number.POSITIVE_INFINITY,
      turnHashes: 4,
    });
    const firstNonceAfter = (plan: ChainPlan) => {
      const hits: ChainHit[] = [];
      sweeper.load(plan);
      sweeper.credit(80);
      sweeper.work(Number.POSITIVE_INFINITY, (hit) => hits.push(hit));
      return (hits[0]?.nonce as number) & 0x3ffff;
    };
    expect(firstNonceAfter(planOf(sweep))).toBe(0);
    expect(firstNonceAfter(planOf({ ...sweep, windowNonces: 30 }))).toBe(2);
    expect(firstNonceAfter(planOf(sweep, 2))).toBe(0);
  });

  test("never makes up for more than the credit that it may save", () => {
    const hashesDone = new Float64Array(1);
    const sweeper = new ChainSweeper({
      search: createSearch(),
      geometry,
      chipIndices: [0],
      hashesDone,
      maxCreditMs: 100,
      turnHashes: 4,
    });
    sweeper.load(planOf({ ...sweep, hashesPerSecond: 8_000 }));
    sweeper.credit(3_600_000);
    sweeper.work(Number.POSITIVE_INFINITY, () => {});
    expect(hashesDone[0]).toBe(800);
  });

  test.each([
    ["no rate", { hashesPerSecond: 0 }],
    ["no window", { windowNonces: 0 }],
    ["no quarter", { quarters: 0 }],
  ])("stands still with %s", (_, change) => {
    expect(sweepOf(1_000, change).done).toBe(0);
  });
});
