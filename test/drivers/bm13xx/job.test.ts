import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { decodeJob, encodeJob } from "../../../drivers/bm13xx/job.ts";
import { headerNonceOf, jobIdOf, versionBitsOf } from "../../../drivers/bm13xx/nonce.ts";
import { encodeHeader, hashHeader, toDisplayHex } from "../../../src/bitcoin/header.ts";
import { difficultyOfHash, leadingZeroBits } from "../../../src/bitcoin/target.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const fullJobs = vectors.jobs.filter((job) => job.format === "full");
const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

describe("full-header jobs", () => {
  test.each(fullJobs)("$name decodes, and encodes to the same bytes", (vector) => {
    const frame = fromHex(vector.job_frame);
    const job = decodeJob(frame);
    expect(job.crc).toBe(job.expectedCrc);
    expect(toHex(Uint8Array.of(job.chipJobId))).toBe(vector.job_id_byte);
    const again = new Uint8Array(88);
    encodeJob(again, job, job.lengthByte);
    expect(toHex(again)).toBe(vector.job_frame);
  });

  test.each(fullJobs)("$name, answered, makes the header and hash of the vector", (vector) => {
    const job = decodeJob(fromHex(vector.job_frame));
    const answers = [
      [bm1370, vector.response_frame ?? vector.response_frame_bm1368_bm1370],
      [bm1362, vector.response_frame_bm1362_bm1366],
    ] as const;
    for (const [chip, hex] of answers) {
      if (hex === undefined) continue;
      const answer = new DataView(fromHex(hex).buffer);
      expect(jobIdOf(chip, answer.getUint8(7))).toBe(job.chipJobId);
      const header = encodeHeader({
        ...job,
        version: job.version | versionBitsOf(answer.getUint16(8)),
        nonce: headerNonceOf(answer.getUint32(2)),
      });
      const hash = hashHeader(header);
      expect(toHex(header)).toBe(vector.header);
      expect(toDisplayHex(hash)).toBe(vector.hash_be);
      expect(leadingZeroBits(hash)).toBe(vector.leading_zero_bits);
    }
  });

  test("every nonce of the exhaustive list hashes to what the list says", () => {
    const job = decodeJob(fromHex(vectors.exhaustive_nonces.job_frame));
    let checked = 0;
    for (const { version_field, version, nonces } of vectors.exhaustive_nonces.versions) {
      const versionBits = versionBitsOf(Number.parseInt(version_field, 16));
      expect(job.version | versionBits).toBe(Number.parseInt(version, 16));
      for (const vector of nonces) {
        const nonce = headerNonceOf(Number.parseInt(vector.nonce_wire, 16));
        expect(nonce).toBe(Number.parseInt(vector.nonce_le, 16));
        const hash = hashHeader(
          encodeHeader({ ...job, version: job.version | versionBits, nonce }),
        );
        expect(toDisplayHex(hash)).toBe(vector.hash_be);
        expect(leadingZeroBits(hash)).toBe(vector.leading_zero_bits);
        expect(difficultyOfHash(hash)).toBeCloseTo(vector.difficulty, 3);
        checked++;
      }
    }
    expect(checked).toBe(40);
  });

  test("any job comes back from its frame", () => {
    const job = fc.record({
      chipJobId: fc.constantFrom(...bm1370.jobIdBytes),
      version: u32,
      prevHash: hash32,
      merkleRoot: hash32,
      ntime: u32,
      nbits: u32,
    });
    fc.assert(
      fc.property(job, (wanted) => {
        const frame = new Uint8Array(88);
        encodeJob(frame, wanted);
        expect(decodeJob(frame)).toMatchObject(wanted);
      }),
    );
  });

  test("a job overwrites all of the frame that held another", () => {
    const [first, second] = fullJobs.map((vector) => fromHex(vector.job_frame)) as [
      Uint8Array,
      Uint8Array,
    ];
    const frame = first.slice();
    encodeJob(frame, decodeJob(second), second[3]);
    expect(toHex(frame)).toBe(toHex(second));
  });

  test("another length is no job", () => {
    expect(() => decodeJob(new Uint8Array(87))).toThrow("87 bytes, not 88");
  });
});
