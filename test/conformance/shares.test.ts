/** Cases 90 to 99: shares on their way out, and what comes back about them. */
import { describe, expect, test } from "vitest";
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { meetsTarget } from "../../src/bitcoin/target.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SubmitSharesError, SubmitSharesSuccess } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { connected, type Device } from "./device.ts";
import { activeJob, block, FIRST_CHANNEL, hashOf, MIN_NTIME, target } from "./frames.ts";

const accepted = (last: number, count: number, sum = 0n): Frame =>
  encodeMessage(SubmitSharesSuccess, {
    channelId: FIRST_CHANNEL,
    lastSequenceNumber: last,
    newSubmitsAcceptedCount: count,
    newSharesSum: sum,
  });

const refused = (sequenceNumber: number, errorCode = "stale-share"): Frame =>
  encodeMessage(SubmitSharesError, { channelId: FIRST_CHANNEL, sequenceNumber, errorCode });

/** A device that has sent so many shares. */
async function withShares(count: number): Promise<Device> {
  const device = await connected();
  await device.tell(...block(1));
  for (let nonce = 0; nonce < count; nonce++) await device.find(nonce);
  expect(device.pool.shares).toHaveLength(count);
  return device;
}

/** Counts that must always fit together. */
function expectCounts(
  device: Device,
  counts: { accepted: number; rejected: number; open: number },
) {
  const { accepted, rejected, unacknowledged } = device.told;
  expect({ accepted, rejected, open: unacknowledged }).toEqual(counts);
}

describe("what is submitted", () => {
  test("case 90 (§5.3.11): numbers increase by one per channel, and begin again on a new connection", async () => {
    const device = await connected({}, { chains: 2 });
    const mine = async () => {
      for (const channelId of [FIRST_CHANNEL, FIRST_CHANNEL + 1])
        await device.tell(...block(1, 0xaa, { channelId }));
      for (let nonce = 0; nonce < 5; nonce++)
        for (const chain of device.chains) await device.find(nonce, 0, chain);
    };
    await mine();
    device.network.severAll();
    await device.run(10_000);
    await mine();
    expect(device.pools).toHaveLength(2);
    for (const pool of device.pools)
      for (const channelId of [FIRST_CHANNEL, FIRST_CHANNEL + 1]) {
        const numbers = pool.shares
          .filter((share) => share.channelId === channelId)
          .map(({ sequenceNumber }) => sequenceNumber);
        expect(numbers).toEqual([1, 2, 3, 4, 5]);
      }
  });

  test("case 91 (§5.3.21): of ten thousand nonces, good, bad and made up, only those below the target leave", async () => {
    const limit = hashOf(0x10);
    const device = await connected({ target: limit }, { ticketZeroBits: 2 });
    await device.tell(...block(1));
    const job = device.chain.lastJob;
    if (job === undefined) return expect.unreachable();
    for (let nonce = 0; nonce < 10_000; nonce++) {
      // Every seventh under an id that no job has, every eleventh with bits that are not the chips' to roll.
      const id = nonce % 7 === 0 ? 200 : job.chipJobId;
      device.chain.report(id, nonce, nonce % 11 === 0 ? 0x20 : 0);
    }
    await device.run(0);
    const { shares } = device.pool;
    expect(shares.length).toBeGreaterThan(300);
    for (const { version, ntime, nonce } of shares) {
      expect(meetsTarget(hashHeader(encodeHeader({ ...job, version, ntime, nonce })), limit)).toBe(
        true,
      );
      expect([nonce % 7 === 0, nonce % 11 === 0]).toEqual([false, false]);
    }
    const { total } = device.miner.snapshot();
    expect(total.submitted).toBe(shares.length);
    expect(total.hardwareErrors).toBeGreaterThan(1_000);
    expect(total.unknownJob).toBeGreaterThan(1_000);
    expect(total.belowShareTarget).toBeGreaterThan(1_000);
  });

  test("case 92 (policy): a nonce that comes again leaves once, also after its headers were dispatched anew", async () => {
    const device = await connected();
    await device.tell(...block(1));
    await device.find(7);
    await device.find(7);
    // The same job under another id, then the same block once more.
    await device.tell(activeJob(2, MIN_NTIME, { merkleRoot: hashOf(1) }));
    await device.find(7);
    await device.tell(...block(3, 0xaa, { merkleRoot: hashOf(1) }));
    await device.find(7);
    await device.find(8);
    await device.find(8, 0x2000);
    expect(device.pool.shares.map(({ nonce, version }) => [nonce, version & BIP320_MASK])).toEqual([
      [7, 0],
      [8, 0],
      [8, 0x2000],
    ]);
    expect(device.miner.snapshot().total.duplicate).toBe(3);
  });
});

describe("what comes back", () => {
  test("case 93 (§5.3.13, §5.3.14): a batch of ten is ten; an error in it leaves nine", async () => {
    const device = await withShares(20);
    await device.tell(accepted(10, 10, 10n));
    expectCounts(device, { accepted: 10, rejected: 0, open: 10 });
    await device.tell(refused(15), accepted(20, 9, 9n));
    expectCounts(device, { accepted: 19, rejected: 1, open: 0 });
  });

  test("case 94 (§5.3.13): half an hour of jobs without any answer: same connection, each share sent once", async () => {
    const device = await withShares(9);
    for (let minute = 1; minute <= 31; minute++) {
      await device.run(60_000);
      await device.tell(activeJob(100 + minute, MIN_NTIME + 60 * minute));
    }
    expect(device.pools).toHaveLength(1);
    expect(device.pool.shares).toHaveLength(9);
    expectCounts(device, { accepted: 0, rejected: 0, open: 9 });
    await device.find(77);
    await device.tell(accepted(10, 10));
    expectCounts(device, { accepted: 10, rejected: 0, open: 0 });
  });

  test("case 95 (§5.3.14): an error behind the batch that seemed to cover it is a reject, and another one is none", async () => {
    const device = await withShares(12);
    await device.tell(accepted(10, 9), refused(4));
    expectCounts(device, { accepted: 9, rejected: 1, open: 2 });
    // Said again, or of nothing that was sent, it costs none of the two that are still open.
    await device.tell(refused(4), refused(0), refused(4_000_000_000));
    expectCounts(device, { accepted: 9, rejected: 1, open: 2 });
    await device.tell(accepted(12, 50), refused(9), refused(12));
    expectCounts(device, { accepted: 11, rejected: 1, open: 0 });
  });

  test("case 96 (§5.3.13): sums of 0 and 2^64 − 1 change no count", async () => {
    const device = await withShares(3);
    await device.tell(
      accepted(1, 1, 0n),
      accepted(2, 1, 2n ** 64n - 1n),
      accepted(3, 1, 2n ** 64n - 1n),
    );
    expectCounts(device, { accepted: 3, rejected: 0, open: 0 });
    expect(device.told.phase).toBe("mining");
  });

  test("case 97 (§3.5): a code that nobody knows is logged and counted by its name, and mining goes on", async () => {
    const device = await withShares(1);
    await device.tell(refused(1, "moon-in-wrong-phase"));
    expect(device.told.rejectedByReason).toEqual({ "moon-in-wrong-phase": 1 });
    expect(device.log.text).toContain("moon-in-wrong-phase");
    expect(device.hashing).toEqual([true]);
    await device.find(9);
    expect(device.pool.shares).toHaveLength(2);
  });

  test("case 98 (§3.5): a storm of stale-share: same connection, same job, and shares still go out", async () => {
    const device = await withShares(30);
    const told = device.chain.told.length;
    for (let number = 1; number <= 30; number++) await device.tell(refused(number));
    expectCounts(device, { accepted: 0, rejected: 30, open: 0 });
    expect([device.pools.length, device.pool.ended]).toEqual([1, false]);
    expect(device.chain.told).toHaveLength(told);
    await device.tell(activeJob(2, MIN_NTIME));
    await device.find(7);
    expect(device.pool.shares.at(-1)).toMatchObject({ jobId: 2, sequenceNumber: 31 });
  });

  test("case 99 (§5.2): shares without answer are lost with their connection, counted, and not sent again", async () => {
    const device = await withShares(5);
    await device.tell(accepted(2, 2));
    device.network.severAll();
    await device.run(10_000);
    await device.tell(...block(1, 0xbb), target(hashOf(0xff)));
    expect(device.pools).toHaveLength(2);
    expect(device.pool.shares).toEqual([]);
    expect(device.told).toMatchObject({ accepted: 2, unacknowledged: 0, lostUnacknowledged: 3 });
  });
});
