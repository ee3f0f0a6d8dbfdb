import { describe, expect, test } from "vitest";
import { Channel } from "../../src/upstream/channel.ts";
import { BIP320_MASK, ntimeAt } from "../../src/work/work.ts";

const hash = (fill: number) => new Uint8Array(32).fill(fill);

function opened(target = hash(0x11)) {
  return new Channel({
    channelId: 2,
    groupChannelId: 1,
    target,
    extranoncePrefix: new Uint8Array(8),
    versionMask: BIP320_MASK,
  });
}

const job = (jobId: number, minNtime?: number, root = jobId) => ({
  jobId,
  minNtime,
  version: 0x20000000,
  merkleRoot: hash(root),
});
const prevHash = (jobId: number, fill = 0xaa, minNtime = 1_000) => ({
  jobId,
  prevHash: hash(fill),
  minNtime,
  nbits: 0x1d00ffff,
});

describe("jobs and previous hash of a standard channel", () => {
  test("case 62: a future job alone starts nothing (§5.3.15)", () => {
    const channel = opened();
    expect(channel.newMiningJob(job(1), 0)).toBe("future");
    expect(channel.work).toBeUndefined();
  });

  test("case 63: a future job and the SetNewPrevHash that names it start work at its min_ntime (§5.3.17)", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    expect(channel.setNewPrevHash(prevHash(1), 5_000)).toBe("active");
    expect(channel.work).toMatchObject({ poolJobId: 1, minNtime: 1_000, anchorMs: 5_000 });
    expect(channel.work && ntimeAt(channel.work, 5_999)).toBe(1_000);
    expect(channel.work && ntimeAt(channel.work, 6_000)).toBe(1_001);
    expect(channel.work && ntimeAt(channel.work, 4_000)).toBe(1_000);
  });

  test("case 65: a job with min_ntime takes over at once on the old tip (§5.3.15)", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    const before = channel.work;
    expect(channel.newMiningJob(job(2, 1_030), 30_000)).toBe("active");
    expect(channel.work).toMatchObject({ poolJobId: 2, minNtime: 1_030 });
    expect(channel.work?.tip).toBe(before?.tip);
    expect(before?.tip.live).toBe(true);
  });

  test("case 67: a new previous hash kills everything on the old tip (§5.3.17)", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    const old = channel.work;
    channel.newMiningJob(job(2), 1);
    channel.setNewPrevHash(prevHash(2, 0xbb), 2);
    expect(old?.tip.live).toBe(false);
    expect(channel.work?.tip.live).toBe(true);
  });

  test("cases 68, 69: futures that were not referenced are gone afterwards (§5.3.17)", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.newMiningJob(job(2), 0);
    channel.setNewPrevHash(prevHash(2), 0);
    expect(channel.work?.poolJobId).toBe(2);
    expect(channel.setNewPrevHash(prevHash(1, 0xcc), 1)).toBe("unknown-job");
  });

  test("case 70: an unknown job in SetNewPrevHash stops work on the old tip until the next job", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    const old = channel.work;
    expect(channel.setNewPrevHash(prevHash(99, 0xbb), 1)).toBe("unknown-job");
    expect(channel.work).toBeUndefined();
    expect(old?.tip.live).toBe(false);
    expect(channel.newMiningJob(job(3, 1_001), 2)).toBe("active");
    expect(channel.work?.tip.prevHash).toEqual(hash(0xbb));
  });

  test("case 71: an active job before any previous hash is ignored", () => {
    const channel = opened();
    expect(channel.newMiningJob(job(1, 1_000), 0)).toBe("no-tip");
    expect(channel.work).toBeUndefined();
  });

  test("case 75: of 10 000 future jobs the newest 16 are kept", () => {
    const channel = opened();
    for (let id = 1; id <= 10_000; id++) channel.newMiningJob(job(id, undefined, id & 0xff), 0);
    expect(channel.setNewPrevHash(prevHash(9_984), 0)).toBe("unknown-job");
    const other = opened();
    for (let id = 1; id <= 10_000; id++) other.newMiningJob(job(id, undefined, id & 0xff), 0);
    expect(other.setNewPrevHash(prevHash(9_985), 0)).toBe("active");
  });

  test("case 76: a job id sent twice means its newest definition", () => {
    const channel = opened();
    channel.newMiningJob(job(1, undefined, 7), 0);
    channel.newMiningJob(job(1, undefined, 8), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    expect(channel.work?.merkleRoot).toEqual(hash(8));
  });

  test("cases 61, 86, 87, 88: a target is frozen when its job becomes active (§5.3.21)", () => {
    const channel = opened(hash(0x11));
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    expect(channel.work?.target).toEqual(hash(0x11));
    channel.setTarget(hash(0x22));
    expect(channel.work?.target).toEqual(hash(0x11));
    channel.newMiningJob(job(2), 1);
    channel.setTarget(hash(0x33));
    channel.setNewPrevHash(prevHash(2, 0xbb), 2);
    expect(channel.work?.target).toEqual(hash(0x33));
    channel.setTarget(hash(0x44));
    channel.newMiningJob(job(3, 1_010), 3);
    expect(channel.work?.target).toEqual(hash(0x44));
  });

  test("ntime ends at the last second that a header can hold", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1, 0xaa, 0xffffffff), 0);
    expect(channel.work && ntimeAt(channel.work, 10_000)).toBe(0xffffffff);
  });

  test("a closed channel leaves nothing that could be submitted", () => {
    const channel = opened();
    channel.newMiningJob(job(1), 0);
    channel.setNewPrevHash(prevHash(1), 0);
    const work = channel.work;
    channel.close();
    expect(channel.work).toBeUndefined();
    expect(work?.tip.live).toBe(false);
  });
});
