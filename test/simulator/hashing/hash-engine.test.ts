import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { ChainHit, ChainPlan, ChipSweep } from "../../../simulator/hashing/chain-searcher.ts";
import { HashEngine } from "../../../simulator/hashing/hash-engine.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";

// Threads and their pace are the subject here, so that these tests run on real time, unlike all others.

const geometry = { chipCount: 126, cores: 65, versionsPerSweep: 8, requiredZeroBits: 12 };
/** What a worker does before it looks again, at most: worker-loop.ts. */
const BATCH_HASHES = 2_048;
let engine: HashEngine | undefined;

afterEach(async () => {
  await engine?.[Symbol.asyncDispose]();
  engine = undefined;
});

function planOf(jobGeneration: number, hashesPerSecond: number): ChainPlan {
  const chips: readonly ChipSweep[] = Array.from({ length: geometry.chipCount }, (_, i) => ({
    hashesPerSecond,
    nonceStart: (2 * i) << 17,
    counterMask: 0x3ffff,
    windowNonces: 209_706,
    versionMask: 0xffff,
    ticketMask: 0,
    quarters: 0xf,
  }));
  const headerWords = Int32Array.from({ length: 19 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
  return { jobGeneration, headerWords, chips };
}

/** Niceness and CPU time, in ticks, of every thread of this process. */
function threads(): readonly { readonly niceness: number; readonly cpuTicks: number }[] {
  return readdirSync("/proc/self/task").map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { niceness: Number(fields[16]), cpuTicks: Number(fields[11]) + Number(fields[12]) };
  });
}

function totalDone(hashesDone: (chipIndex: number) => number): number {
  let total = 0;
  for (let i = 0; i < geometry.chipCount; i++) total += hashesDone(i);
  return total;
}

describe("hashing in worker threads", () => {
  test("only the workers have a low priority", async () => {
    const before = getPriority();
    const niceBefore = threads().filter(({ niceness }) => niceness === 10).length;
    engine = await HashEngine.start({ workers: 1 });
    expect(engine.workerCount).toBe(1);
    expect(threads().filter(({ niceness }) => niceness === 10)).toHaveLength(niceBefore + 1);
    expect(getPriority()).toBe(before);
  });

  test("measures the host in a fraction of a second", async () => {
    engine = await HashEngine.start();
    const startMs = performance.now();
    const hostHps = await engine.measureHostHps();
    expect(hostHps).toBeGreaterThan(100_000);
    expect(performance.now() - startMs).toBeLessThan(600);
  });

  test("paces every chip at its rate", { timeout: 30_000, retry: 2 }, async () => {
    engine = await HashEngine.start();
    using chain = engine.openChain(geometry);
    chain.publish(planOf(1, 4_000));
    await sleep(200);
    const startMs = performance.now();
    const before = Array.from({ length: geometry.chipCount }, (_, i) => chain.hashesDone(i));
    await sleep(3_000);
    const expected = 4 * (performance.now() - startMs);
    let total = 0;
    before.forEach((doneBefore, i) => {
      const done = chain.hashesDone(i) - doneBefore;
      total += done;
      // A chip hashes in turns of some 256.
      expect(Math.abs(done - expected)).toBeLessThan(0.05 * expected + 300);
    });
    expect(Math.abs(total / (geometry.chipCount * expected) - 1)).toBeLessThan(0.05);
  });

  test("sees a new job after the batch that it is in", async () => {
    engine = await HashEngine.start({ workers: 1 });
    using chain = engine.openChain(geometry);
    chain.publish(planOf(0, 1e9));
    const doneMeanwhile: number[] = [];
    for (let job = 1; job <= 100; job++) {
      await sleep(3);
      const before = totalDone(chain.hashesDone);
      chain.publish(planOf(job, 1e9));
      const startMs = performance.now();
      while (!chain.isSeenByAll && performance.now() - startMs < 5_000);
      expect(chain.isSeenByAll).toBe(true);
      doneMeanwhile.push(totalDone(chain.hashesDone) - before);
    }
    doneMeanwhile.sort((a, b) => a - b);
    // Others on this host may keep the one who looks waiting while hashing goes on; the quickest tenth they leave alone.
    expect(doneMeanwhile[9]).toBeLessThanOrEqual(2 * BATCH_HASHES);
  });

  test("finds what the synchronous engine finds, chip by chip", async () => {
    engine = await HashEngine.start();
    using chain = engine.openChain(geometry);
    const found = new Map<number, ChainHit[]>();
    chain.onHit((hit) => found.set(hit.chipIndex, [...(found.get(hit.chipIndex) ?? []), hit]));
    chain.publish(planOf(1, 3_000));
    await sleep(1_000);
    const clock = new VirtualClock();
    using reference = openSynchronousSearcher({ clock, geometry });
    const expected = new Map<number, ChainHit[]>();
    reference.onHit((hit) =>
      expected.set(hit.chipIndex, [...(expected.get(hit.chipIndex) ?? []), hit]),
    );
    reference.publish(planOf(1, 3_000));
    await clock.advance(1_500);
    expect(found.size).toBeGreaterThan(10);
    for (const [chipIndex, hits] of found) {
      const all = expected.get(chipIndex) ?? [];
      // The workers look at a longer stretch in one go: within it hits are in another order, and the last may be cut off.
      expect(all).toEqual(expect.arrayContaining(hits));
      expect(hits).toEqual(expect.arrayContaining(all.slice(0, Math.floor(hits.length / 2))));
    }
  });

  test("a chain without work burns nothing, and nothing more of the old job arrives", async () => {
    engine = await HashEngine.start();
    using chain = engine.openChain(geometry);
    chain.publish(planOf(1, 4_000));
    await sleep(100);
    const hits: ChainHit[] = [];
    chain.onHit((hit) => hits.push(hit));
    chain.publish({ ...planOf(2, 4_000), headerWords: undefined });
    while (!chain.isSeenByAll) await sleep(1);
    await sleep(20);
    const done = totalDone(chain.hashesDone);
    const ticks = () =>
      threads()
        .filter(({ niceness }) => niceness === 10)
        .reduce((total, { cpuTicks }) => total + cpuTicks, 0);
    const before = ticks();
    await sleep(300);
    expect(totalDone(chain.hashesDone)).toBe(done);
    // One tick is 10 ms.
    expect(ticks() - before).toBeLessThanOrEqual(1);
    expect(hits.every(({ jobGeneration }) => jobGeneration === 1)).toBe(true);
  });

  test("a closed chain stops, others go on", async () => {
    engine = await HashEngine.start();
    const closing = engine.openChain(geometry);
    using staying = engine.openChain(geometry);
    closing.publish(planOf(1, 1_000));
    staying.publish(planOf(1, 1_000));
    await sleep(400);
    closing[Symbol.dispose]();
    await sleep(50);
    const [closed, open] = [totalDone(closing.hashesDone), totalDone(staying.hashesDone)];
    expect(closed).toBeGreaterThan(0);
    await sleep(400);
    expect(totalDone(closing.hashesDone)).toBe(closed);
    expect(totalDone(staying.hashesDone)).toBeGreaterThan(open);
  });

  test("says what is wrong when it cannot start", async () => {
    await expect(HashEngine.start({ workers: 0 })).rejects.toThrow(
      "hash engine: 0 workers; allowed: a whole number from 1",
    );
    const workerUrl = new URL("data:text/javascript,process.exit(3)");
    await expect(HashEngine.start({ workers: 1, workerUrl })).rejects.toThrow("hash worker");
  });
});
