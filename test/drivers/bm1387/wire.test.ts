import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { baudOfMiscControl } from "../../../drivers/bm13xx/baud.ts";
import {
  chipAddressOf,
  chipIndexOf,
  coreOf,
  decodeAnswer,
  jobIdOf,
  midstateIndexOf,
} from "../../../drivers/bm1387/answer.ts";
import { bm1387Registers } from "../../../drivers/bm1387/chips.ts";
import {
  bm1387Headers,
  chainInactive,
  readRegister,
  readRegisterOfAll,
  setAddress,
  writeRegister,
  writeRegisterOfAll,
} from "../../../drivers/bm1387/frame.ts";
import { decodeJob, encodeJob, openCoreJob } from "../../../drivers/bm1387/job.ts";
import { frequencyMHzOf, pllRegister } from "../../../drivers/bm1387/pll.ts";
import { digestOf } from "../../../simulator/hashing/sha256d-plain.ts";
import { fromHex, reversed, toHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const jobs = vectors.jobs.filter((job) => job.chip === "BM1387");
const ofBm1387 = (chip: string) => chip === "BM1387";
const u32 = fc.integer({ min: 0, max: 0xffffffff });

/** Header bytes 64 to 79 hashed on from the state after 64 bytes, in display order. */
function hashFrom(midstate: Uint32Array, tail16: Uint8Array): string {
  const view = viewOf(tail16);
  const tail = [0, 4, 8].map((at) => view.getUint32(at));
  const digest = digestOf(Int32Array.from(midstate), tail, view.getUint32(12));
  const bytes = new Uint8Array(32);
  for (const [i, word] of digest.entries()) viewOf(bytes).setInt32(4 * i, word);
  return toHex(reversed(bytes));
}

describe("a BM1387 command", () => {
  const known: readonly number[] = Object.values(bm1387Headers);
  const commands = vectors.crc5.filter(
    ({ data, source }) =>
      !source.includes("BM1391") &&
      known.includes(Number.parseInt(data.slice(0, 2), 16)) &&
      data.length >= 8,
  );

  test.each(commands)("$data is framed as on the test bench", ({ data, crc5 }) => {
    const [header = 0, , address = 0, register = 0] = fromHex(data);
    const value = data.length > 8 ? viewOf(fromHex(data)).getUint32(4) : 0;
    const makers: Record<number, () => Uint8Array> = {
      [bm1387Headers.setAddress]: () => setAddress(address),
      [bm1387Headers.chainInactive]: chainInactive,
      [bm1387Headers.writeOne]: () => writeRegister(address, register, value),
      [bm1387Headers.writeAll]: () => writeRegisterOfAll(register, value),
    };
    expect(toHex(makers[header]?.() ?? new Uint8Array())).toBe(data + crc5);
  });

  test("all of the test bench were looked at", () => {
    expect(commands).toHaveLength(14);
  });

  test("reads one register of one chip or of all", () => {
    expect(toHex(readRegister(8, bm1387Registers.pll)).slice(0, 8)).toBe("4405080c");
    expect(toHex(readRegisterOfAll(bm1387Registers.chipId)).slice(0, 8)).toBe("54050000");
  });
});

describe("a BM1387 answer", () => {
  const answers = vectors.response_frames.filter(({ chip }) => ofBm1387(chip));

  test.each(answers)("$kind $frame is read as the vector says", (vector) => {
    const answer = decodeAnswer(fromHex(vector.frame));
    if (vector.kind === "register") {
      expect(answer).toMatchObject({
        kind: "register",
        value: Number.parseInt(vector.value ?? "", 16),
      });
      return;
    }
    expect(answer).toEqual({
      kind: "nonce",
      nonce: Number.parseInt(vector.nonce_le ?? "", 16),
      unexplained: vector.b4,
      idByte: Number.parseInt(vector.id_byte ?? "", 16),
    });
  });

  test("to a read of its id names the address", () => {
    expect(chipAddressOf(0x138790f4)).toBe(0xf4);
    expect(chipAddressOf(0x139790f4)).toBeUndefined();
  });

  test("with one bit wrong is none", () => {
    for (const { frame } of answers) {
      for (let bit = 0; bit < 56; bit++) {
        const bytes = fromHex(frame);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(decodeAnswer(bytes)).toBeUndefined();
      }
    }
  });

  test("of any bytes is an answer or none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9 }), (bytes) => {
        const answer = decodeAnswer(bytes);
        if (answer !== undefined) expect(bytes).toHaveLength(7);
      }),
    );
  });

  test("says core and chip of its nonce", () => {
    expect(coreOf(0xe0d8aa20)).toBe(0x60);
    expect(chipIndexOf(0xe0d8aa20)).toBe(8);
  });
});

describe("a BM1387 job", () => {
  test.each(jobs)("$name comes back from its frame byte for byte", (vector) => {
    expect(toHex(encodeJob(decodeJob(fromHex(vector.job_frame))))).toBe(vector.job_frame);
  });

  test.each(jobs)("$name and its answer hash to what the vector says", (vector) => {
    const job = decodeJob(fromHex(vector.job_frame));
    const answer = decodeAnswer(fromHex(vector.response_frame ?? ""));
    if (answer?.kind !== "nonce") throw new Error("no nonce");
    const count = job.midstates.length as 1 | 4;
    const index = midstateIndexOf(answer.idByte, count);
    expect(index).toBe(vector.midstate_index ?? 0);
    if (vector.midstate_index !== undefined) expect(jobIdOf(answer.idByte, count)).toBe(job.jobId);
    const tail16 = new Uint8Array(16);
    tail16.set(job.merkleTail);
    viewOf(tail16).setUint32(4, job.ntime, true);
    viewOf(tail16).setUint32(8, job.nbits, true);
    viewOf(tail16).setUint32(12, answer.nonce, true);
    expect(toHex(tail16)).toBe(vector.tail16);
    expect(hashFrom(job.midstates[index] as Uint32Array, tail16)).toBe(vector.hash_be);
  });

  test("that opens a core is that of the test bench", () => {
    const [, openCore] = jobs;
    expect(toHex(encodeJob(openCoreJob(0, 0)))).toBe(openCore?.job_frame);
  });

  test("of any fields comes back from its frame", () => {
    const job = fc.record({
      jobId: fc.integer({ min: 0, max: 255 }),
      startingNonce: u32,
      nbits: u32,
      ntime: u32,
      merkleTail: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      midstates: fc.constantFrom(1, 2, 4).chain((count) =>
        fc.array(fc.uint32Array({ minLength: 8, maxLength: 8 }), {
          minLength: count,
          maxLength: count,
        }),
      ),
    });
    fc.assert(
      fc.property(job, (wanted) => {
        expect(decodeJob(encodeJob(wanted))).toEqual(wanted);
      }),
    );
  });

  test("cut short or damaged is none", () => {
    const frame = fromHex(jobs[0]?.job_frame ?? "");
    expect(() => decodeJob(frame.slice(0, -1))).toThrow("do not hold 4 midstates");
    frame[40] = 0;
    expect(() => decodeJob(frame)).toThrow("checksum");
  });
});

describe("the clock of a BM1387", () => {
  test.each([
    [650, { feedback: 0x68, reference: 2, post1: 2, post2: 1 }, 0x00680221],
    [100, { feedback: 0x20, reference: 2, post1: 4, post2: 1 }, 0x00200241],
  ])("at %d MHz is bosminer's word", (mhz, dividers, register) => {
    expect(pllRegister(dividers)).toBe(register);
    expect(frequencyMHzOf(register)).toBe(mhz);
  });

  test("takes no dividers beyond its limits", () => {
    expect(() => pllRegister({ feedback: 129, reference: 2, post1: 2, post2: 1 })).toThrow(
      RangeError,
    );
    expect(() => pllRegister({ feedback: 100, reference: 0, post1: 2, post2: 1 })).toThrow(
      RangeError,
    );
    expect(frequencyMHzOf(0)).toBe(0);
  });
});

test("the serial rate of a BM1387 has its divider where a BM1397 has it", () => {
  expect(baudOfMiscControl(0x00208180)).toBe(1_562_500);
  expect(baudOfMiscControl(0x40209a80)).toBeCloseTo(115_740.7, 0);
});
