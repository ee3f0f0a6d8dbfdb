/** Cases 79 to 89: the parts of a header that a device may change, and what counts as a share. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { UpdateChannelError } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { BIP320_MASK, BIP323_MASK } from "../../src/work/work.ts";
import { connected, type Device, type DeviceOptions } from "./device.ts";
import {
  activeJob,
  block,
  FIRST_CHANNEL,
  futureJob,
  hashOf,
  MIN_NTIME,
  prevHash,
  target,
} from "./frames.ts";
import { type Named, onlyChannels } from "./pool-end.ts";

type Share = Named<"SubmitSharesStandard">;

/** What the pool hashes for a share of a job with these parts. */
function hashOfShare(
  share: Share,
  job: { prevHash: Uint8Array; merkleRoot: Uint8Array },
): Uint8Array {
  const { version, ntime, nonce } = share;
  return hashHeader(encodeHeader({ ...job, version, ntime, nonce, nbits: 0x1d00ffff }));
}

/** Little-endian. */
function asNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function asBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

describe("ntime", () => {
  test("case 79 (§5.3.11): no header and no share is below its job's min_ntime, the clock being what it may", async () => {
    const device = await connected();
    device.clock.shiftWallClock(-86_400);
    const minNtimes = [MIN_NTIME + 500, MIN_NTIME + 400, MIN_NTIME, MIN_NTIME + 900];
    await device.tell(...block(1, 0xaa, { minNtime: MIN_NTIME + 500 }));
    for (const [i, minNtime] of minNtimes.entries()) {
      await device.tell(activeJob(10 + i, minNtime));
      for (let second = 0; second < 5; second++) {
        expect(device.chain.lastJob?.ntime).toBeGreaterThanOrEqual(minNtime);
        await device.find(second);
        await device.run(990);
      }
    }
    expect(device.pool.shares).toHaveLength(20);
    for (const { jobId, ntime } of device.pool.shares)
      expect(ntime).toBeGreaterThanOrEqual(minNtimes[jobId - 10] ?? 0);
  });

  test.each([
    ["is left alone", 0],
    ["jumps a day ahead", 86_400],
    ["jumps a day back", -86_400],
  ])(
    "case 80 (§5.3.11): over ten minutes no share is a second ahead, when the wall clock %s",
    async (_, jumpS) => {
      const device = await connected();
      await device.tell(...block(1));
      const anchorMs = device.clock.nowMs();
      const ntimes: number[] = [];
      for (let i = 0; i < 400; i++) {
        if (i === 200) device.clock.shiftWallClock(jumpS);
        // A word now and then, or the pool would count as dead.
        if (i % 50 === 0) await device.tell(target(hashOf(0xff)));
        await device.run(1_490);
        const before = device.pool.shares.length;
        await device.find(i);
        expect(device.pool.shares).toHaveLength(before + 1);
        const elapsedS = Math.floor((device.clock.nowMs() - anchorMs) / 1_000);
        const ntime = device.pool.shares.at(-1)?.ntime ?? 0;
        ntimes.push(ntime);
        expect(ntime).toBeLessThanOrEqual(MIN_NTIME + elapsedS);
        // Nor does it fall behind by more than the chips' job is old.
        expect(ntime).toBeGreaterThanOrEqual(MIN_NTIME + elapsedS - 1);
      }
      expect(ntimes.toSorted((a, b) => a - b)).toEqual(ntimes);
    },
  );

  test("case 81 (§10.2.1): a nonce found at the second before is submitted with that second, and hashes as it should", async () => {
    const device = await connected();
    await device.tell(...block(1));
    const hashed = device.chain.lastJob;
    if (hashed === undefined) return expect.unreachable();
    const limit = hashHeader(encodeHeader({ ...hashed, nonce: 7 }));
    await device.tell(target(limit), activeJob(2, MIN_NTIME, { merkleRoot: hashOf(1) }));
    const late = device.chain.lastJob?.chipJobId ?? 0;
    await device.run(2_100);
    expect(device.chain.lastJob?.ntime).toBe(MIN_NTIME + 2);
    device.chain.report(late, 7);
    await device.run(0);
    const [share] = device.pool.shares;
    if (share === undefined) return expect.unreachable();
    expect(share.ntime).toBe(MIN_NTIME);
    expect(hashOfShare(share, { prevHash: hashOf(0xaa), merkleRoot: hashOf(1) })).toEqual(limit);
  });
});

describe("version", () => {
  const masks = [
    ["BIP320", BIP320_MASK],
    ["BIP323", BIP323_MASK],
  ] as const;

  test.each(masks)(
    "case 82 (§5.3.15): outside of the mask of %s, every version is the job's",
    async (_, versionMask) => {
      // A fast chain and no second channel, so that the host has to step bits where it may.
      const device = await connected(onlyChannels(1), { versionMask, epochMs: 100 });
      const rolled = new Set<number>();
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 0xffffffff }),
          fc.integer({ min: 0, max: 0xffff }),
          async (version, bits) => {
            const jobId = (device.pool.shares.at(-1)?.jobId ?? 0) + 1;
            await device.tell(...block(jobId, jobId & 0xff, { version }));
            await device.run(400);
            await device.find(1, (bits << 13) & device.chain.versionMask);
            const share = device.pool.shares.at(-1);
            expect(share?.jobId).toBe(jobId);
            expect(((share?.version ?? 0) & ~versionMask) >>> 0).toBe(
              (version & ~versionMask) >>> 0,
            );
            rolled.add((share?.version ?? 0) & versionMask);
          },
        ),
        { numRuns: 60 },
      );
      expect(rolled.size).toBeGreaterThan(30);
      if (versionMask === BIP323_MASK)
        expect([...rolled].some((bits) => (bits & ~BIP320_MASK) !== 0)).toBe(true);
    },
  );

  test.each(masks)(
    "case 83 (§5.3.15): bits of %s that the job has set are replaced, and the share hashes as submitted",
    async (_, versionMask) => {
      const version = 0xffffffff;
      const options: DeviceOptions = { versionMask };
      const probe = await connected({}, options);
      await probe.tell(...block(1, 0xaa, { version }));
      expect(((probe.chain.lastJob?.version ?? 0) & BIP320_MASK) >>> 0).toBe(0);
      const limit = probe.hash(7, 0x14000000);
      // Only the very header that the chips hashed meets this target.
      const device = await connected({ target: limit }, options);
      await device.tell(...block(1, 0xaa, { version }));
      await device.find(7, 0x14000000);
      const [share] = device.pool.shares;
      if (share === undefined) return expect.unreachable();
      expect((share.version & BIP320_MASK) >>> 0).toBe(0x14000000);
      expect((share.version & ~versionMask) >>> 0).toBe((version & ~versionMask) >>> 0);
      expect(hashOfShare(share, { prevHash: hashOf(0xaa), merkleRoot: hashOf(1) })).toEqual(limit);
    },
  );
});

describe("target", () => {
  /** Whether nonce 7 of a job with this target becomes a share. */
  async function isShare(device: Device, limit: Uint8Array, jobId: number): Promise<boolean> {
    await device.tell(target(limit), activeJob(jobId, MIN_NTIME, { merkleRoot: hashOf(1) }));
    // Another tip, or the share would be a duplicate of the last one.
    await device.tell(target(limit), ...block(jobId, jobId & 0xff, { merkleRoot: hashOf(1) }));
    const before = device.pool.shares.length;
    await device.find(7);
    return device.pool.shares.length > before;
  }

  test("case 84 (§5.3.21): a hash equal to the target is a share; one above it, in whatever byte, is not", async () => {
    const device = await connected();
    await device.tell(...block(1));
    let jobId = 2;
    for (const delta of [0n, 1n, -1n, 1n << 64n, -(1n << 64n), 1n << 200n, -(1n << 200n)]) {
      await device.tell(...block(jobId, jobId));
      const hash = asNumber(device.hash(7));
      await device.tell(
        target(asBytes(hash + delta)),
        futureJob(jobId + 1, { merkleRoot: hashOf(jobId) }),
      );
      await device.tell(prevHash(jobId + 1, jobId));
      const before = device.pool.shares.length;
      await device.find(7);
      expect(device.pool.shares.length - before, `target = hash + ${delta}`).toBe(
        delta >= 0n ? 1 : 0,
      );
      jobId += 2;
    }
  });

  test("case 85 (§5.3.21): targets of 0 and 1 take no hash, 2^256 − 1 takes each", async () => {
    const device = await connected();
    await device.tell(...block(1));
    expect(await isShare(device, asBytes(0n), 2)).toBe(false);
    expect(await isShare(device, asBytes(1n), 3)).toBe(false);
    expect(await isShare(device, asBytes((1n << 256n) - 1n), 4)).toBe(true);
  });

  test("case 85 (§5.3.21): any target compares with any hash as 256-bit numbers do", async () => {
    const device = await connected();
    await device.tell(...block(1));
    let jobId = 2;
    const nearTo = (hash: bigint) =>
      fc.oneof(
        fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
        fc.integer({ min: 0, max: 255 }).map((bit) => hash ^ (1n << BigInt(bit))),
        // Difficulties with a fraction, far below and around 1.
        fc.double({ min: 1e-9, max: 3, noNaN: true }).map((d) => asNumber(targetFromDifficulty(d))),
        fc.constantFrom(hash, hash + 1n, hash - 1n),
      );
    for (let i = 0; i < 120; i++) {
      jobId++;
      await device.tell(...block(jobId, jobId & 0xff));
      const hash = asNumber(device.hash(7));
      const [limit = 0n] = fc.sample(nearTo(hash), { numRuns: 1, seed: i });
      await device.tell(target(asBytes(limit)));
      jobId++;
      await device.tell(
        ...block(jobId, (jobId - 1) & 0xff, { merkleRoot: hashOf((jobId - 1) & 0xff) }),
      );
      const before = device.pool.shares.length;
      await device.find(7);
      expect(device.pool.shares.length > before, `${limit} for ${hash}`).toBe(hash <= limit);
    }
  });

  const NONE = hashOf(0);
  const ALL = hashOf(0xff);

  test("case 86 (§5.3.21): SetTarget leaves a running job with min_ntime alone, the next job has it", async () => {
    const device = await connected();
    await device.tell(...block(1), activeJob(2, MIN_NTIME), target(NONE));
    await device.find(1);
    expect(device.pool.shares).toHaveLength(1);
    await device.tell(activeJob(3, MIN_NTIME));
    await device.find(2);
    expect(device.pool.shares).toHaveLength(1);
    await device.tell(target(ALL));
    await device.find(3);
    expect(device.pool.shares).toHaveLength(1);
  });

  test("case 87 (§5.3.21): SetTarget holds for a future job that was queued before it", async () => {
    const device = await connected();
    await device.tell(futureJob(1), target(NONE), prevHash(1));
    await device.find(1);
    expect(device.pool.shares).toHaveLength(0);
    await device.tell(futureJob(2), target(ALL), prevHash(2, 0xbb));
    await device.find(1);
    expect(device.pool.shares).toHaveLength(1);
  });

  test("case 88 (§5.3.21): after a future job became active it keeps its target, harder or easier", async () => {
    for (const [first, then, count] of [
      [ALL, NONE, 1],
      [NONE, ALL, 0],
    ] as const) {
      const device = await connected({ target: first });
      await device.tell(futureJob(1), prevHash(1), target(then));
      await device.run(5_000);
      await device.find(1);
      expect(device.pool.shares).toHaveLength(count);
    }
  });
});

describe("the rate that the pool is told", () => {
  test("case 89 (§5.3.7, §5.3.8): chains that share a channel make one UpdateChannel of their sum, and any answer will do", async () => {
    const device = await connected(onlyChannels(1), { chains: 3, nominalHps: 1e12 });
    await device.run(5_000);
    const updates = device.pool.all("UpdateChannel");
    expect(updates.at(-1)).toMatchObject({
      channelId: FIRST_CHANNEL,
      nominalHashRate: Math.fround(3e12),
    });
    expect(updates.length).toBeLessThanOrEqual(2);
    await device.tell(
      ...block(1),
      encodeMessage(UpdateChannelError, { channelId: FIRST_CHANNEL, errorCode: "hm" }),
    );
    expect(device.told.phase).toBe("mining");
    expect(device.pool.ended).toBe(false);
  });

  /** Fast chains, whose nonces are so rare that nobody misses them. */
  const fast = { nominalHps: 1e12, ticketZeroBits: 50 } as const;

  test("case 89 (§5.3.7, §5.3.8): a chain that is throttled to half its rate is told once, and silence about it is no harm", async () => {
    const device = await connected({ hasJobs: true }, fast);
    await device.run(2_000);
    const before = device.pool.all("UpdateChannel").length;
    device.throttle(250);
    await device.run(20_000);
    const updates = device.pool.all("UpdateChannel").slice(before);
    expect(updates.map(({ nominalHashRate }) => nominalHashRate)).toEqual([Math.fround(5e11)]);
    expect(device.told.phase).toBe("mining");
  });

  test("case 89 (§5.3.7, §5.3.8): a rate in motion is told once a second at most, the last one for sure, and a tremor never", async () => {
    const device = await connected({ hasJobs: true }, fast);
    for (let step = 1; step <= 40; step++) {
      device.throttle(500 - 10 * step);
      await device.run(100);
    }
    await device.run(10_000);
    const updates = device.pool.all("UpdateChannel");
    expect(updates.length).toBeGreaterThan(0);
    expect(updates.length).toBeLessThanOrEqual(6);
    const lastHps = updates.at(-1)?.nominalHashRate ?? 0;
    expect(Math.abs(lastHps / 2e11 - 1)).toBeLessThan(0.1);
    for (let step = 0; step < 40; step++) {
      device.throttle(step % 2 === 0 ? 99 : 100);
      await device.run(1_000);
    }
    expect(device.pool.all("UpdateChannel")).toHaveLength(updates.length);
  });
});
