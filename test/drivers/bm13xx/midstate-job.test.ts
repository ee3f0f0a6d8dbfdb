import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bm1397 } from "../../../drivers/bm13xx/chips.ts";
import { decodeJob } from "../../../drivers/bm13xx/job.ts";
import {
  decodeMidstateJob,
  MIDSTATE_MASK,
  MidstateJobs,
  NO_SUCH_MIDSTATE,
} from "../../../drivers/bm13xx/midstate-job.ts";
import { midstateCoverage, midstateEpochMs } from "../../../drivers/bm13xx/midstate-space.ts";
import { headerNonceOf, jobIdOf, midstateIndexOf } from "../../../drivers/bm13xx/nonce.ts";
import { digestOf } from "../../../simulator/hashing/sha256d-plain.ts";
import {
  decodeHeader,
  encodeHeader,
  hashHeader,
  toDisplayHex,
} from "../../../src/bitcoin/header.ts";
import { midstateOf } from "../../../src/bitcoin/midstate.ts";
import { leadingZeroBits } from "../../../src/bitcoin/target.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { spreadOverMask } from "../../../src/work/version-space.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const midstateJobs = vectors.jobs.filter(
  (job) => job.chip === "BM1397" && job.format.startsWith("midstate"),
);
const words = (hex: string) => Uint32Array.from(hex.match(/.{8}/g) ?? [], (word) => +`0x${word}`);
const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

describe("midstate jobs", () => {
  test.each(midstateJobs)("$name is read as the vector says", (vector) => {
    const job = decodeMidstateJob(fromHex(vector.job_frame));
    expect(job.crc).toBe(job.expectedCrc);
    expect(toHex(Uint8Array.of(job.chipJobId))).toBe(vector.job_id_byte);
    expect(job.midstates[vector.midstate_index ?? -1]).toEqual(
      words(vector.midstate_state_words_be ?? ""),
    );
    const tail = new DataView(new ArrayBuffer(12));
    tail.setUint32(4, job.ntime, true);
    tail.setUint32(8, job.nbits, true);
    const twelve = new Uint8Array(tail.buffer);
    twelve.set(job.merkleTail);
    expect(toHex(twelve)).toBe(vector.tail16?.slice(0, 24));
  });

  test.each(midstateJobs)("$name and its answer hash to what the vector says", (vector) => {
    const job = decodeMidstateJob(fromHex(vector.job_frame));
    const answer = new DataView(fromHex(vector.response_frame ?? "").buffer);
    const index = midstateIndexOf(bm1397, answer.getUint8(7));
    expect(index).toBe(vector.midstate_index);
    expect(jobIdOf(bm1397, answer.getUint8(7))).toBe(job.chipJobId);
    const tail16 = new DataView(fromHex(vector.tail16 ?? "").buffer);
    const midstate = Int32Array.from(job.midstates[index] ?? []);
    const tail = [0, 4, 8].map((at) => tail16.getUint32(at));
    const nonce = headerNonceOf(answer.getUint32(2));
    expect(tail16.getUint32(12, true)).toBe(nonce);
    const digest = digestOf(midstate, tail, tail16.getUint32(12));
    const bytes = new DataView(new ArrayBuffer(32));
    for (const [i, word] of digest.entries()) bytes.setInt32(4 * i, word);
    expect(toDisplayHex(new Uint8Array(bytes.buffer))).toBe(vector.hash_be);
  });

  const blocks = midstateJobs.flatMap(({ header, response_frame = "", ...rest }) =>
    header === undefined ? [] : [{ ...rest, header, response_frame }],
  );
  test.each(blocks)("$name is what the block's header makes", (vector) => {
    const chipJobId = Number.parseInt(vector.job_id_byte ?? "", 16);
    const job = { ...decodeHeader(fromHex(vector.header)), chipJobId };
    const jobs = new MidstateJobs(bm1397.jobIdBytes);
    expect(toHex(jobs.encode(job, 0) ?? new Uint8Array())).toBe(vector.job_frame);
    const answer = new DataView(fromHex(vector.response_frame).buffer);
    const idByte = answer.getUint8(7);
    expect(jobIdOf(bm1397, idByte)).toBe(chipJobId);
    expect(midstateIndexOf(bm1397, idByte)).toBe(vector.midstate_index);
    const nonce = headerNonceOf(answer.getUint32(2));
    const version = job.version | jobs.versionBitsOf(idByte);
    const hash = hashHeader(encodeHeader({ ...job, version, nonce }));
    expect(toDisplayHex(hash)).toBe(vector.hash_be);
  });

  test("the captured job of the exhaustive list makes its four midstates, byte for byte", () => {
    const { job_frame, job_frame_4midstate_bm1397, versions } = vectors.exhaustive_nonces;
    const job = { ...decodeJob(fromHex(job_frame)), chipJobId: 0x08 };
    const jobs = new MidstateJobs(bm1397.jobIdBytes);
    const frame = jobs.encode(job, MIDSTATE_MASK);
    expect(toHex(frame ?? new Uint8Array())).toBe(job_frame_4midstate_bm1397);
    for (const [i, { version, nonces }] of versions.slice(0, 4).entries()) {
      const rolled = job.version | jobs.versionBitsOf(0x08 | i);
      expect(rolled).toBe(Number.parseInt(version, 16));
      for (const { nonce_le, hash_be } of nonces) {
        const nonce = Number.parseInt(nonce_le, 16);
        const hash = hashHeader(encodeHeader({ ...job, version: rolled, nonce }));
        expect(toDisplayHex(hash)).toBe(hash_be);
        expect(leadingZeroBits(hash)).toBeGreaterThanOrEqual(32);
      }
    }
  });

  test("any job has the states of its rolled versions, and answers find back to them", () => {
    const job = fc.record({
      chipJobId: fc.constantFrom(...bm1397.jobIdBytes),
      version: u32.map((version) => (version & ~MIDSTATE_MASK) >>> 0),
      prevHash: hash32,
      merkleRoot: hash32,
      ntime: u32,
      nbits: u32,
    });
    const mask = fc.constantFrom(0, 0x2000, 0x4000, MIDSTATE_MASK);
    const jobs = new MidstateJobs(bm1397.jobIdBytes);
    fc.assert(
      fc.property(job, mask, (wanted, versionMask) => {
        const frame = jobs.encode(wanted, versionMask) ?? new Uint8Array();
        const decoded = decodeMidstateJob(frame);
        expect(decoded).toMatchObject({
          chipJobId: wanted.chipJobId,
          ntime: wanted.ntime,
          nbits: wanted.nbits,
          crc: decoded.expectedCrc,
        });
        for (let i = 0; i < 4; i++) {
          const bits = jobs.versionBitsOf(wanted.chipJobId | i);
          if (i >= decoded.midstates.length) {
            expect(bits).toBe(NO_SUCH_MIDSTATE);
            continue;
          }
          expect(bits).toBe(spreadOverMask(versionMask, i));
          const version = (wanted.version | bits) >>> 0;
          const header = encodeHeader({ ...wanted, version, nonce: 0 });
          expect(decoded.midstates[i]).toEqual(midstateOf(header.slice(0, 64)));
        }
      }),
    );
  });

  test.each(vectors.midstates)("the midstate of $source is in the chip's order", (vector) => {
    const header = new Uint8Array(80);
    header.set(fromHex(vector.header64));
    const jobs = new MidstateJobs([0]);
    const frame = jobs.encode({ ...decodeHeader(header), chipJobId: 0 }, 0) ?? new Uint8Array();
    expect(toHex(frame.slice(22, 54))).toBe(vector.bm1397_wire);
  });

  test("an id that the chip cannot tell apart has no frame", () => {
    const jobs = new MidstateJobs(bm1397.jobIdBytes);
    const job = { ...decodeHeader(new Uint8Array(80)), chipJobId: 1 };
    expect(jobs.encode(job, 0)).toBeUndefined();
  });

  test("a frame of another length is no job", () => {
    const frame = fromHex(vectors.exhaustive_nonces.job_frame_4midstate_bm1397);
    expect(() => decodeMidstateJob(frame.slice(1))).toThrow("do not hold");
    expect(() => decodeMidstateJob(frame.slice(0, -1))).toThrow("149 bytes do not hold 4");
  });
});

describe("the space of a midstate job", () => {
  test("of one BM1397 at 450 MHz lasts as long as ESP-Miner reckons before its factor 0.75", () => {
    expect(midstateEpochMs(bm1397, 1, 450, 2) * 0.75).toBeCloseTo(27.96, 2);
  });

  test("with fewer midstates, or more chips, is searched sooner", () => {
    const whole = midstateEpochMs(bm1397, 1, 425, 2);
    expect(midstateEpochMs(bm1397, 1, 425, 1)).toBe(whole / 2);
    expect(midstateEpochMs(bm1397, 1, 425, 16)).toBe(whole);
    expect(midstateEpochMs(bm1397, 30, 425, 2)).toBe(whole / 32);
  });

  test("is as large as what the nominal rate makes of it", () => {
    const headers = midstateCoverage(bm1397, 1) * 2 ** 32 * 4;
    const nominalHps = 425e6 * bm1397.smallCores;
    expect((headers / nominalHps) * 1_000).toBeCloseTo(midstateEpochMs(bm1397, 1, 425, 2), 9);
  });
});
