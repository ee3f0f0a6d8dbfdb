import { describe, expect, test } from "vitest";
import type { ChainHit, ChipSweep } from "../../../simulator/hashing/chain-searcher.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";

const geometry = { chipCount: 126, cores: 65, versionsPerSweep: 8, requiredZeroBits: 12 };
const headerWords = Int32Array.from({ length: 19 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));

function sweeps(hashesPerSecond: (chipIndex: number) => number): readonly ChipSweep[] {
  return Array.from({ length: geometry.chipCount }, (_, i) => ({
    hashesPerSecond: hashesPerSecond(i),
    nonceStart: (2 * i) << 17,
    counterMask: 0x3ffff,
    windowNonces: 209_706,
    versionMask: 0xffff,
    ticketMask: 0,
    quarters: 0xf,
  }));
}

async function mine(): Promise<readonly ChainHit[]> {
  const clock = new VirtualClock();
  using searcher = openSynchronousSearcher({ clock, geometry });
  const hits: ChainHit[] = [];
  searcher.onHit((hit) => hits.push(hit));
  searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(() => 2_000) });
  await clock.advance(500);
  return hits;
}

describe("hashing on a virtual clock", () => {
  test("every chip makes its rate times the time", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry });
    const rateOf = (i: number) => (i === 7 ? 0 : 800 + i);
    searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(rateOf) });
    await clock.advance(10_000);
    for (let i = 0; i < geometry.chipCount; i++) {
      const expected = 10 * rateOf(i);
      expect(searcher.hashesDone(i)).toBeLessThanOrEqual(expected);
      expect(searcher.hashesDone(i)).toBeGreaterThanOrEqual(0.99 * expected);
    }
  });

  test("the same run finds the same nonces in the same order, as many as chance allows", async () => {
    const hits = await mine();
    expect(await mine()).toEqual(hits);
    const expected = (126 * 2_000 * 0.5) / 2 ** 12;
    expect(Math.abs(hits.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    expect(hits.every(({ zeroBits }) => zeroBits >= 12)).toBe(true);
  });

  test("a change of rate counts from its own moment", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry, stepMs: 100 });
    searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(() => 4_000) });
    await clock.advance(1_060);
    searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(() => 1_000) });
    await clock.advance(1_040);
    expect(Math.abs(searcher.hashesDone(0) - 5_280)).toBeLessThanOrEqual(8);
  });

  test("a chain that stands still keeps no timer", async () => {
    const clock = new VirtualClock();
    using searcher = openSynchronousSearcher({ clock, geometry });
    searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(() => 0) });
    expect(clock.pendingTimers).toBe(0);
    searcher.publish({ jobGeneration: 1, headerWords, chips: sweeps(() => 100) });
    expect(clock.pendingTimers).toBe(1);
    searcher.publish({ jobGeneration: 2, headerWords: undefined, chips: sweeps(() => 100) });
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });
});
