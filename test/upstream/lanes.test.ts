import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { type CoinbaseJob, merkleRootOf } from "../../src/upstream/coinbase-job.ts";
import { type Lane, Lanes } from "../../src/upstream/lanes.ts";
import { BIP320_MASK, type Tip, type Work } from "../../src/work/work.ts";

const hash = (fill: number) => new Uint8Array(32).fill(fill);
const tipOf = (fill: number): Tip => ({ prevHash: hash(fill), nbits: 0x1d00ffff, live: true });
const jobOf = (fill: number, jobId = fill): CoinbaseJob => ({
  jobId,
  version: 0x20000000,
  versionMask: BIP320_MASK,
  coinbasePrefix: Uint8Array.of(1, 2, fill),
  coinbaseSuffix: Uint8Array.of(3),
  merklePath: [hash(fill)],
  extranoncePrefix: Uint8Array.of(9, 9),
});
const lanesOf = (extranonceBytes: number) => new Lanes(extranonceBytes, BIP320_MASK, hash(0xff));

describe("merkle root of a job with our extranonce", () => {
  test("coinbase is prefix, the pool's extranonce, ours and suffix; the path is folded from the left (§5.3.16)", () => {
    const job = jobOf(7);
    const coinbase = fromHex("010207 0909 aabb 03");
    expect(merkleRootOf(job, fromHex("aabb"))).toEqual(
      sha256d(concatBytes(sha256d(coinbase), hash(7))),
    );
    expect(merkleRootOf({ ...job, merklePath: [] }, fromHex("aabb"))).toEqual(sha256d(coinbase));
    expect(merkleRootOf(job, fromHex("aabb"))).toEqual(
      foldMerklePath(sha256d(coinbase), job.merklePath),
    );
  });
});

describe("lanes of one channel", () => {
  test("each lane gets its own work on a job, and one opened later the same job at once", () => {
    const lanes = lanesOf(4);
    const first = lanes.open(11) as Lane;
    expect(first.work).toBeUndefined();
    lanes.begin(jobOf(1), tipOf(1), 1_000, 5_000);
    const second = lanes.open(12) as Lane;
    expect(first.work).toMatchObject({
      channelId: 11,
      poolJobId: 1,
      minNtime: 1_000,
      anchorMs: 5_000,
    });
    expect(second.work).toMatchObject({
      channelId: 12,
      poolJobId: 1,
      minNtime: 1_000,
      anchorMs: 5_000,
    });
    expect(second.work?.merkleRoot).not.toEqual(first.work?.merkleRoot);
    expect(first.work?.extranonce).toHaveLength(4);
  });

  test("a roll changes extranonce and merkle root, not job, ntime or target", () => {
    const lanes = lanesOf(2);
    const lane = lanes.open(1) as Lane;
    lanes.begin(jobOf(1), tipOf(1), 1_000, 5_000);
    lanes.retarget(hash(0x11));
    const before = lane.work as Work;
    expect(lane.roll()).toBe(true);
    const after = lane.work as Work;
    expect(after.merkleRoot).not.toEqual(before.merkleRoot);
    expect(after.submitted).not.toBe(before.submitted);
    const { merkleRoot: _, extranonce: __, submitted: ___, ...same } = after;
    expect(before).toMatchObject(same);
    expect(after.target).toEqual(hash(0xff));
    expect(lane.target).toEqual(hash(0x11));
  });

  test("without an extranonce of ours there is one lane, which cannot roll", () => {
    const lanes = lanesOf(0);
    const lane = lanes.open(1) as Lane;
    lanes.begin(jobOf(1), tipOf(1), 0, 0);
    expect(lanes.open(2)).toBeUndefined();
    expect(lane.roll()).toBe(false);
    expect(lane.work?.extranonce).toHaveLength(0);
    lanes.close(lane);
    expect(lanes.open(3)?.work?.channelId).toBe(3);
  });

  test("one byte numbers 256 lanes and leaves nothing to roll; two leave 256 rolls each", () => {
    const one = lanesOf(1);
    for (let id = 0; id < 256; id++) expect(one.open(id)).toBeDefined();
    expect(one.open(256)).toBeUndefined();
    one.begin(jobOf(1), tipOf(1), 0, 0);
    expect(one.all[0]?.roll()).toBe(false);
    const two = lanesOf(2);
    const lane = two.open(1) as Lane;
    two.begin(jobOf(1), tipOf(1), 0, 0);
    let rolls = 0;
    while (lane.roll()) rolls++;
    expect(rolls).toBe(255);
    expect(lane.work).toBeDefined();
  });

  test("a new tip kills the old one; a dead tip without a job leaves no work", () => {
    const lanes = lanesOf(4);
    const lane = lanes.open(1) as Lane;
    const [first, second] = [tipOf(1), tipOf(2)];
    lanes.begin(jobOf(1), first, 0, 0);
    lanes.begin(jobOf(2), first, 0, 0);
    expect(first.live).toBe(true);
    lanes.begin(jobOf(3), second, 0, 0);
    expect(first.live).toBe(false);
    lanes.invalidate();
    expect(second.live).toBe(false);
    expect(lane.work).toBeUndefined();
    expect(lane.roll()).toBe(false);
    expect(lanes.open(2)?.work).toBeUndefined();
  });

  test("shares of a merkle root are remembered when a job comes again, under whatever id", () => {
    const lanes = lanesOf(0);
    const lane = lanes.open(1) as Lane;
    lanes.begin(jobOf(1, 1), tipOf(1), 0, 0);
    const first = lane.work as Work;
    lanes.begin(jobOf(1, 2), tipOf(1), 30, 0);
    expect(lane.work?.submitted).toBe(first.submitted);
    lanes.begin(jobOf(1, 2), tipOf(2), 30, 0);
    expect(lane.work?.submitted).not.toBe(first.submitted);
  });

  test("a job of a fixed version leaves no bits to change", () => {
    const lanes = lanesOf(4);
    const lane = lanes.open(1) as Lane;
    lanes.begin({ ...jobOf(1), versionMask: 0 }, tipOf(1), 0, 0);
    expect([lane.versionMask, lane.work?.versionMask]).toEqual([0, 0]);
  });

  test("33 bytes are refused", () => {
    expect(() => lanesOf(33)).toThrow("extranonce of 33 bytes; allowed: 0 to 32");
  });

  const size = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, 1, 2, 2, 3, 7, 8, 31, 32) },
    fc.integer({ min: 0, max: 32 }),
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("open" as const) }) },
    fc.record({ do: fc.constant("close" as const), at: fc.nat(7) }),
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("roll" as const),
        at: fc.nat(7),
        times: fc.constantFrom(1, 2, 100, 256),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("begin" as const),
        job: fc.integer({ min: 1, max: 3 }),
        tip: fc.integer({ min: 1, max: 2 }),
      }),
    },
    fc.record({ do: fc.constant("invalidate" as const) }),
  );

  test("no two lanes ever share an extranonce, and none is given out twice for a job while another is left", () => {
    fc.assert(
      fc.property(size, fc.array(step, { maxLength: 40 }), (extranonceBytes, steps) => {
        const lanes = lanesOf(extranonceBytes);
        const perLane = 256 ** Math.min(6, Math.max(0, extranonceBytes - 1));
        /** Job and tip → extranonce → number of the lane that had it. */
        const given = new Map<string, Map<string, number>>();
        const seen = new WeakSet<Work>();
        let open: Lane[] = [];
        let present: { job: CoinbaseJob; key: string } | undefined;
        let nextId = 0;
        const look = () => {
          const current = open.flatMap(({ work }) => (work === undefined ? [] : [work]));
          const ids = current.map(({ extranonce }) => toHex(extranonce as Uint8Array));
          expect(new Set(ids).size).toBe(ids.length);
          for (const lane of open) {
            if (present === undefined) expect(lane.work).toBeUndefined();
            const { work } = lane;
            if (present === undefined || work === undefined || seen.has(work)) continue;
            seen.add(work);
            const extranonce = work.extranonce as Uint8Array;
            expect(extranonce).toHaveLength(extranonceBytes);
            expect(work.merkleRoot).toEqual(merkleRootOf(present.job, extranonce));
            const taken = given.get(present.key) ?? new Map<string, number>();
            given.set(present.key, taken);
            const before = taken.get(toHex(extranonce));
            if (before !== undefined) {
              expect(before).toBe(lane.number);
              const ofLane = [...taken.values()].filter((number) => number === lane.number);
              expect(ofLane).toHaveLength(perLane);
            }
            taken.set(toHex(extranonce), lane.number);
          }
        };
        for (const now of steps) {
          if (now.do === "open") {
            const lane = lanes.open(nextId++);
            if (lane !== undefined) open.push(lane);
          } else if (now.do === "close") {
            const [lane] = open.splice(now.at, 1);
            if (lane !== undefined) lanes.close(lane);
          } else if (now.do === "roll") {
            for (let i = 0; i < now.times && open[now.at]?.roll(); i++) look();
          } else if (now.do === "begin") {
            const job = jobOf(now.job, nextId++);
            present = { job, key: `${now.job}/${now.tip}` };
            lanes.begin(job, tipOf(now.tip), 0, 0);
          } else {
            present = undefined;
            lanes.invalidate();
          }
          look();
        }
        open = [];
      }),
      { numRuns: 200 },
    );
  });
});
