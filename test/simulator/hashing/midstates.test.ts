import { describe, expect, test } from "vitest";
import type { ChainHit, ChainPlan, ChipSweep } from "../../../simulator/hashing/chain-searcher.ts";
import { ChainSweeper } from "../../../simulator/hashing/chain-sweeper.ts";
import { midstateOf } from "../../../simulator/hashing/sha256d-plain.ts";
import { createSearch } from "../../../simulator/hashing/sha256d-simd.ts";
import { createSharedPlanMemory, SharedPlan } from "../../../simulator/hashing/shared-plan.ts";

const sweep: ChipSweep = {
  hashesPerSecond: 1_000,
  nonceStart: 5 << 14,
  counterMask: 0x3fffff,
  windowNonces: 3,
  versionMask: 0,
  ticketMask: 0,
  quarters: 0xf,
};
const geometry = {
  chipCount: 1,
  cores: 9,
  coreShift: 22,
  versionsPerSweep: 4,
  requiredZeroBits: 0,
};

const headers = [1, 2, 3, 4].map((seed) =>
  Int32Array.from({ length: 19 }, (_, i) => Math.imul(i + (i < 16 ? seed : 9), 0x9e3779b1)),
);
const tail = (headers[0] as Int32Array).slice(16);
const midstates = headers.map((words) => midstateOf(words));

function sweepOf(plan: ChainPlan, hashes: number, kind: "simd" | "plain", bits = 0): ChainHit[] {
  const sweeper = new ChainSweeper({
    search: createSearch(kind),
    geometry: { ...geometry, requiredZeroBits: bits },
    chipIndices: [0],
    hashesDone: new Float64Array(1),
    maxCreditMs: Number.POSITIVE_INFINITY,
    turnHashes: 4,
  });
  sweeper.load(plan);
  const hits: ChainHit[] = [];
  sweeper.credit(hashes);
  sweeper.work(Number.POSITIVE_INFINITY, (hit) => hits.push(hit));
  return hits;
}

function planOf(count: number, firstNonce = 0): ChainPlan {
  const midstateJob = { midstates: midstates.slice(0, count), tail, firstNonce };
  return { jobGeneration: 1, headerWords: undefined, midstateJob, chips: [sweep] };
}

describe.each(["simd", "plain"] as const)("a midstate job in the %s search", (kind) => {
  test.each([1, 2, 4])("of %i midstates covers each core, counter and midstate once", (count) => {
    const all = 9 * 3 * count;
    const hits = sweepOf(planOf(count), all + 4 * count, kind);
    const places = hits.map(({ nonce, smallCore }) => `${nonce}/${smallCore}`);
    expect(new Set(places.slice(0, all)).size).toBe(all);
    expect(places.slice(all)).toEqual(places.slice(0, 4 * count));
    expect(new Set(hits.map(({ nonce }) => nonce >>> 22)).size).toBe(9);
    expect(new Set(hits.map(({ nonce }) => nonce & 0x3fffff))).toEqual(
      new Set([0, 1, 2].map((counter) => (5 << 14) + counter)),
    );
  });

  test("finds for each midstate what its header has", () => {
    for (const [index, headerWords] of headers.entries()) {
      const fromHeader = sweepOf({ jobGeneration: 1, headerWords, chips: [sweep] }, 9 * 3, kind, 2);
      const fromMidstates = sweepOf(planOf(4), 4 * 9 * 3, kind, 2).filter(
        ({ smallCore }) => smallCore === index,
      );
      const key = ({ nonce, zeroBits }: ChainHit) => `${nonce}/${zeroBits}`;
      expect(fromHeader.length).toBeGreaterThan(2);
      expect(fromMidstates.map(key)).toEqual(fromHeader.map(key));
    }
  });

  test("begins at its starting nonce", () => {
    const low = sweepOf(planOf(4, 0x9b000c0a), 36, kind).map(({ nonce }) => nonce & 0x3fffff);
    expect(new Set(low)).toEqual(new Set([(5 << 14) + 0xc0a]));
  });
});

describe("a plan in shared memory", () => {
  test("comes out as it went in: headers, midstates, earlier jobs, and chips that keep one", () => {
    const memory = createSharedPlanMemory({ ...geometry, chipCount: 2 }, 1);
    const writer = new SharedPlan(memory);
    const reader = new SharedPlan(memory);
    const chips = [
      { ...sweep, jobGeneration: 7 },
      { ...sweep, jobGeneration: 4, ticketMask: 0xff000000 },
    ];
    const header = { headerWords: headers[2] as Int32Array };
    const midstateJob = { midstates, tail, firstNonce: 3 };
    const withHeader: ChainPlan = {
      jobGeneration: 7,
      headerWords: header.headerWords,
      midstateJob: undefined,
      earlierJobs: [{ jobGeneration: 4, job: midstateJob }],
      chips,
    };
    const withMidstates: ChainPlan = {
      jobGeneration: 7,
      headerWords: undefined,
      midstateJob,
      earlierJobs: [
        { jobGeneration: 4, job: header },
        { jobGeneration: 5, job: { ...midstateJob, midstates: midstates.slice(0, 1) } },
        { jobGeneration: 6, job: header },
      ],
      chips,
    };
    const idle = { ...withHeader, headerWords: undefined, earlierJobs: [] };
    for (const plan of [withHeader, withMidstates, idle, withHeader]) {
      writer.write(plan);
      expect(reader.read()?.plan).toEqual(plan);
    }
  });
});
