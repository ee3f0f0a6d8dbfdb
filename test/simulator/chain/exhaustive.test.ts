import { describe, expect, test } from "vitest";
import { bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { findNonces } from "../../../simulator/hashing/nonce-search.ts";
import { createSearch } from "../../../simulator/hashing/sha256d-simd.ts";
import { fromHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, TestHost } from "./host.ts";

/**
 * The vectors list every nonce with 32 zero bits of a recorded Gamma job. All of it is 26 times 2^32 hashes; here a part,
 * and with ASICD_EXHAUSTIVE=1 a larger one.
 */
const isLongForm = process.env["ASICD_EXHAUSTIVE"] === "1";

const { job_frame: jobFrame, versions } = vectors.exhaustive_nonces;
const search = createSearch();

/** The job's header with a version of the list, as the frame has it: words of the hashes in reverse. */
function headerWith(version: string): Uint8Array {
  const frame = fromHex(jobFrame);
  const header = new Uint8Array(76);
  viewOf(header).setUint32(0, Number.parseInt(version, 16), true);
  for (let i = 0; i < 8; i++) {
    header.set(frame.subarray(78 - 4 * i, 82 - 4 * i), 4 + 4 * i);
    header.set(frame.subarray(46 - 4 * i, 50 - 4 * i), 36 + 4 * i);
  }
  header.set(frame.subarray(14, 18), 68);
  header.set(frame.subarray(10, 14), 72);
  return header;
}

const solutions = versions.flatMap(({ version, version_field, nonces }) =>
  nonces.map((entry) => ({
    version,
    versionField: Number.parseInt(version_field, 16),
    nonce: Number.parseInt(entry.nonce_wire, 16),
    answer: entry.bm1370_response,
  })),
);

describe("at full difficulty, on the recorded Gamma job", () => {
  const around = isLongForm ? solutions : solutions.filter(({ versionField }) => versionField < 5);

  test.each(around)(
    "within 2^20 nonces around $nonce of version $version only listed ones are found",
    { timeout: 60_000 },
    ({ version, nonce }) => {
      const first = Math.min(Math.max(0, nonce - 2 ** 19), 2 ** 32 - 2 ** 20);
      const listed = solutions
        .filter((one) => one.version === version)
        .map((one) => one.nonce)
        .filter((one) => one >= first && one < first + 2 ** 20);
      expect(listed).toContain(nonce);
      expect(findNonces(search, headerWith(version), first, 2 ** 20, 32)).toEqual(listed);
    },
  );

  test("in 2^24 others nothing is found", { timeout: 120_000 }, () => {
    // Two versions of which the list says that the whole space has none.
    const empty = versions.filter(({ nonces }) => nonces.length === 0);
    for (const { version } of empty.slice(0, 2))
      expect(findNonces(search, headerWith(version), 0x5a000000, 2 ** 23, 32)).toEqual([]);
  });

  // The first sixteen versions are one sweep of a BM1370.
  const sweepable = solutions.filter(({ versionField }) => versionField < 16);
  test.each(isLongForm ? sweepable : sweepable.filter((_, i) => i % 5 === 0))(
    "a BM1370 that gets the recorded job answers $answer, and nothing else in 2^20 headers",
    { timeout: 60_000 },
    async ({ nonce, answer }) => {
      const host = chipAround(nonce);
      expect(await host.answersWithin(1_001)).toEqual([answer]);
      expect(host.chain.hashesDone(0)).toBeGreaterThanOrEqual(HEADERS);
    },
  );

  // 34 zero bits, so that what the answer calls excess depends on the ticket.
  test.each([
    [1, 0x00000000, "aa554b0e043e04d6000681"],
    [4, 0x000000c0, "aa554b0e043e00d6000689"],
    [8, 0x000000e0, undefined],
  ])(
    "with a ticket of difficulty %i a hash of 34 zero bits is answered accordingly",
    { timeout: 60_000 },
    async (_, ticketMask, answer) => {
      const host = chipAround(0x4b0e043e);
      host.send(frames.writeAll(0x14, ticketMask));
      const answers = await host.answersWithin(1_001);
      expect(answers).toEqual(answer === undefined ? [] : [answer]);
    },
  );
});

const HEADERS = 2 ** 20;

/** A BM1370 that searches the recorded job, 2^20 headers around the nonce per second. */
function chipAround(nonce: number): TestHost {
  const host = new TestHost({
    chip: bm1370,
    chipCount: 1,
    requiredZeroBits: 32,
    scale: (50e6 * bm1370.smallCores) / HEADERS,
  });
  const offset = (nonce & 0x1ffffff) >>> 9;
  host.send(
    frames.writeAll(0xa4, 0x9000ffff),
    frames.writeAll(0x18, 0xf000c100),
    frames.writeAll(0x0c, 0x80000000 + offset),
    // A window of 512 nonces at 50 MHz: 128 cores and 16 versions make 2^20 headers of it.
    frames.writeAll(0x10, 128),
    jobFrame,
  );
  return host;
}
