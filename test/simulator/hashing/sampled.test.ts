import { describe, expect, test } from "vitest";
import type {
  ChainGeometry,
  ChainHit,
  ChainPlan,
  ChipSweep,
} from "../../../simulator/hashing/chain-searcher.ts";
import { headerWordsOf, leadingZeroBits } from "../../../simulator/hashing/nonce-search.ts";
import { digestOf, midstateOf } from "../../../simulator/hashing/sha256d-plain.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { viewOf } from "../../../src/lib/bytes.ts";

const geometry = { chipCount: 20, cores: 65, versionsPerSweep: 8, requiredZeroBits: 4 };
const header = Uint8Array.from({ length: 76 }, (_, i) => i * 7);
const headerWords = headerWordsOf(header);

const sweep: ChipSweep = {
  hashesPerSecond: 16,
  nonceStart: 0,
  counterMask: 0x3ffff,
  windowNonces: 1_000,
  versionMask: 0xffff,
  ticketMask: 0,
  quarters: 0xf,
};

function planOf(change: (chipIndex: number) => Partial<ChipSweep>, jobGeneration = 1): ChainPlan {
  const chips = Array.from({ length: geometry.chipCount }, (_, i) => ({
    ...sweep,
    nonceStart: (2 * i) << 17,
    ...change(i),
  }));
  return { jobGeneration, headerWords, chips };
}

async function hitsOf(
  plan: ChainPlan,
  seconds: number,
  ground: Partial<ChainGeometry> = {},
  seed = 1,
): Promise<ChainHit[]> {
  const clock = new VirtualClock();
  using searcher = openSynchronousSearcher({
    clock,
    geometry: { ...geometry, ...ground },
    order: "sampled",
    seed,
  });
  const hits: ChainHit[] = [];
  searcher.onHit((hit) => hits.push(hit));
  searcher.publish(plan);
  await clock.advance(1_000 * seconds);
  return hits;
}

function zeroBitsOf({ nonce, versionField }: ChainHit): number {
  const rolled = header.slice();
  const view = viewOf(rolled);
  const version = view.getUint32(0, true) & ~(0xffff << 13);
  view.setUint32(0, (version | (versionField << 13)) >>> 0, true);
  const words = headerWordsOf(rolled);
  return leadingZeroBits(digestOf(midstateOf(words), words.subarray(16), nonce));
}

describe("hits in random order", () => {
  test("are real ones, as many as each chip's rate and ticket say", async () => {
    // Two bits of ticket halve a chip's hits twice.
    const plan = planOf((i) => ({
      hashesPerSecond: 16 * (1 + (i % 3)),
      ticketMask: i === 7 ? 0xc0000000 : 0,
    }));
    const hits = await hitsOf(plan, 500);
    expect(hits.every((hit) => zeroBitsOf(hit) === hit.zeroBits)).toBe(true);
    expect(hits.every(({ zeroBits }) => zeroBits >= 4)).toBe(true);
    for (let i = 0; i < geometry.chipCount; i++) {
      const expected = i === 7 ? 250 : 500 * (1 + (i % 3));
      const count = hits.filter(({ chipIndex }) => chipIndex === i).length;
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  test("come from anywhere in the chip's sweep, and from nowhere else", async () => {
    const plan = planOf(() => ({ quarters: 0b1011, versionMask: 0x00ff, windowNonces: 10 }));
    const hits = await hitsOf(plan, 500);
    const seen = (of: (hit: ChainHit) => number) =>
      [...new Set(hits.map(of))].sort((a, b) => a - b);
    const counters = Array.from({ length: 10 }, (_, i) => i);
    expect(seen(({ nonce }) => nonce & 0x3ffff)).toEqual(counters);
    expect(seen(({ versionField }) => versionField)).toEqual(
      Array.from({ length: 256 }, (_, i) => i),
    );
    expect(hits.every(({ versionField, smallCore }) => (versionField & 7) === smallCore)).toBe(
      true,
    );
    expect(hits.every(({ nonce, chipIndex }) => ((nonce >>> 17) & 0xff) === 2 * chipIndex)).toBe(
      true,
    );
    const cores = seen(({ nonce }) => nonce >>> 25);
    expect(cores.filter((core) => core >= 32 && core < 48)).toEqual([]);
    expect(cores).toHaveLength(65 - 16);
  });

  test("are spread evenly over cores and versions, even where every hash is one", async () => {
    for (const requiredZeroBits of [0, 1, 4]) {
      const plan = planOf(() => ({ hashesPerSecond: 2 ** requiredZeroBits }));
      const hits = await hitsOf(plan, 1_000, { requiredZeroBits });
      for (const [of, kinds] of [
        [({ nonce }: ChainHit) => nonce >>> 25, 65],
        [({ smallCore }: ChainHit) => smallCore, 8],
      ] as const) {
        const expected = hits.length / kinds;
        for (let kind = 0; kind < kinds; kind++) {
          const count = hits.filter((hit) => of(hit) === kind).length;
          expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
        }
      }
    }
  });

  test("come at random moments: as often as not within ln 2 of the mean time", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry, order: "sampled", stepMs: 0 });
    const atMs: number[] = [];
    searcher.onHit(() => atMs.push(clock.nowMs()));
    searcher.publish(planOf(() => ({ hashesPerSecond: 1.6 })));
    await clock.advance(1_000_000);
    const waits = atMs.slice(1).map((time, i) => time - (atMs[i] as number));
    const short = waits.filter((wait) => wait < 500 * Math.LN2).length / waits.length;
    expect(Math.abs(short - 0.5)).toBeLessThan(0.06);
  });

  test("are the same for the same seed, and others for another", async () => {
    const plan = planOf(() => ({}));
    const hits = await hitsOf(plan, 20);
    expect(hits.length).toBeGreaterThan(300);
    expect(await hitsOf(plan, 20)).toEqual(hits);
    expect(await hitsOf(plan, 20, {}, 2)).not.toEqual(hits);
  });

  test("of a midstate job name the midstate", async () => {
    const midstates = [3, 1, 2, 0].map((seed) => new Int32Array(8).fill(seed + 1));
    const tail = Int32Array.of(5, 6, 7);
    const hits = await hitsOf(
      {
        ...planOf(() => ({ versionMask: 0 })),
        headerWords: undefined,
        midstateJob: { midstates, tail, firstNonce: 17 },
      },
      100,
      { coreShift: 22, cores: 672 },
    );
    expect(new Set(hits.map(({ smallCore }) => smallCore))).toEqual(new Set([0, 1, 2, 3]));
    for (const { smallCore, nonce, zeroBits, versionField } of hits) {
      const digest = digestOf(midstates[smallCore] as Int32Array, tail, nonce);
      expect(leadingZeroBits(digest)).toBe(zeroBits);
      expect(versionField).toBe(0);
      expect((nonce >>> 22) % 1024).toBeLessThan(672);
    }
  });
});

describe("a searcher in random order", () => {
  test("has made each chip's rate times the time, to the hash, whenever it is asked", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry, order: "sampled" });
    searcher.publish(planOf((i) => ({ hashesPerSecond: i })));
    await clock.advance(1_000_000);
    searcher.publish(planOf(() => ({ hashesPerSecond: 1 })));
    await clock.advance(10_400);
    for (let i = 0; i < geometry.chipCount; i++)
      expect(searcher.hashesDone(i)).toBe(1_000 * i + 10);
  });

  test("keeps no timer while nothing hashes or after disposal", async () => {
    const clock = new VirtualClock();
    const searcher = openSynchronousSearcher({ clock, geometry, order: "sampled" });
    searcher.publish(planOf(() => ({ hashesPerSecond: 0 })));
    expect(clock.pendingTimers).toBe(0);
    searcher.publish(planOf(() => ({})));
    expect(clock.pendingTimers).toBe(1);
    searcher.publish({ ...planOf(() => ({}), 2), headerWords: undefined });
    expect(clock.pendingTimers).toBe(0);
    searcher.publish(planOf(() => ({}), 3));
    searcher[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });

  test("reports for the newest job only, but for chips that keep an earlier one", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry, order: "sampled" });
    const hits: ChainHit[] = [];
    searcher.onHit((hit) => hits.push(hit));
    searcher.publish(planOf(() => ({})));
    await clock.advance(10_000);
    hits.length = 0;
    const earlierJobs = [{ jobGeneration: 1, job: { headerWords } }];
    searcher.publish({ ...planOf((i) => (i < 5 ? { jobGeneration: 1 } : {}), 2), earlierJobs });
    await clock.advance(10_000);
    expect(hits.length).toBeGreaterThan(100);
    for (const { chipIndex, jobGeneration } of hits)
      expect(jobGeneration).toBe(chipIndex < 5 ? 1 : 2);
  });
});
