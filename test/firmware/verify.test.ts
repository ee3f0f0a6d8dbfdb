import { describe, expect, test } from "vitest";
import { formatVerdict, verifyAnswer } from "../../firmware/cli/verify.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

interface Case {
  readonly name: string;
  readonly jobHex: string;
  readonly responseHex: string;
  readonly chip: string;
  readonly header: string | undefined;
  readonly hash: string;
  readonly difficulty: number;
  readonly leadingZeroBits: number;
}

/** Every answer of every full-header job, for each kind of chip that gives it. */
const cases: readonly Case[] = vectors.jobs
  .filter((job) => job.format === "full")
  .flatMap((job) => {
    const answers: (readonly [string, string | undefined])[] = [
      [job.chip, job.response_frame],
      ["BM1362", job.response_frame_bm1362_bm1366],
      ["BM1366", job.response_frame_bm1362_bm1366],
      ["BM1368", job.response_frame_bm1368_bm1370],
      ["BM1370", job.response_frame_bm1368_bm1370],
    ];
    return answers.flatMap(([chip, responseHex]) =>
      responseHex === undefined
        ? []
        : [
            {
              name: `${job.name} on ${chip}`,
              jobHex: job.job_frame,
              responseHex,
              chip,
              header: job.header,
              hash: job.hash_be,
              difficulty: job.difficulty,
              leadingZeroBits: job.leading_zero_bits,
            },
          ],
    );
  });

const gamma = cases[0] as Case;

describe("an answer", () => {
  test.each(cases)("$name is good, with the header and hash of the vector", (vector) => {
    const verdict = verifyAnswer(vector);
    expect(verdict).toMatchObject({
      verdict: "good",
      chip: vector.chip,
      header: vector.header,
      hash: vector.hash,
      leadingZeroBits: vector.leadingZeroBits,
      requiredZeroBits: 32,
      jobCrcOk: true,
      responseCrcOk: true,
    });
    expect(verdict.difficulty / vector.difficulty).toBeCloseTo(1, 3);
  });

  test("of every nonce of the exhaustive list is good", () => {
    const jobHex = vectors.exhaustive_nonces.job_frame;
    for (const { version, nonces } of vectors.exhaustive_nonces.versions) {
      for (const vector of nonces) {
        const verdict = verifyAnswer({
          jobHex,
          responseHex: vector.bm1370_response,
          chip: "BM1370",
        });
        expect(verdict).toMatchObject({
          verdict: "good",
          hash: vector.hash_be,
          nonce: vector.nonce_le,
          version,
          leadingZeroBits: vector.leading_zero_bits,
        });
      }
    }
  });

  test("of a real block meets the network's target; a share does not", () => {
    const block = cases.find(({ name }) => name.startsWith("block-1f98bd1d")) as Case;
    expect(verifyAnswer(block).isBlock).toBe(true);
    expect(verifyAnswer(gamma).isBlock).toBe(false);
  });

  test("whose nonce was corrupted is a hardware error", () => {
    // One bit of the version field, with the checksum made to fit.
    const verdict = verifyAnswer({ ...gamma, responseHex: "aa554c0352750cd205a391" });
    expect(verdict.responseCrcOk).toBe(true);
    expect(verdict.verdict).toBe("hardware-error");
    expect(verdict.leadingZeroBits).toBeLessThan(32);
  });

  test("with a wrong checksum is not judged by its hash", () => {
    const verdict = verifyAnswer({ ...gamma, responseHex: "aa554c0352750cd205a29d" });
    expect(verdict).toMatchObject({ verdict: "bad-crc", responseCrcOk: false, jobCrcOk: true });
    expect(verdict.reason).toBe("the answer's checksum does not fit");
  });

  test("for another job is not judged by its hash", () => {
    const other = vectors.jobs.find(({ name }) => name === "esp-test-mining-1");
    const verdict = verifyAnswer({ ...gamma, jobHex: other?.job_frame ?? "" });
    expect(verdict).toMatchObject({ verdict: "other-job", jobId: 0x18, answerJobId: 0x68 });
  });
});

describe("without --chip", () => {
  test("the job id tells the kind of chip, where only one kind gives it", () => {
    const { chip: _, ...unnamed } = gamma;
    expect(verifyAnswer(unnamed)).toMatchObject({
      chip: "BM1368 or BM1370 or BM1372 or BM1373",
      verdict: "good",
    });
  });

  test("an answer that fits no chip or several asks for the name", () => {
    const other = vectors.jobs.find(({ name }) => name === "esp-test-mining-1");
    const input = { jobHex: other?.job_frame ?? "", responseHex: gamma.responseHex };
    expect(() => verifyAnswer(input)).toThrow("--chip: the job id in the answer does not tell");
  });
});

describe("wrong input", () => {
  test.each([
    ["a command as job", { ...gamma, jobHex: "55aa520500000a" }, "--job: found command"],
    ["half a job", { ...gamma, jobHex: gamma.jobHex.slice(0, 80) }, "--job: found cut"],
    [
      "two answers",
      { ...gamma, responseHex: gamma.responseHex.repeat(2) },
      "--response: found answer, answer",
    ],
    [
      "a register answer",
      { ...gamma, responseHex: "aa55137000000000000010" },
      "--response: not a nonce",
    ],
    ["text", { ...gamma, responseHex: "hello" }, '--response: "h" at digit 0'],
    ["an unknown chip", { ...gamma, chip: "BM1" }, 'unknown chip "BM1"'],
  ])("%s is named", (_, input, text) => {
    expect(() => verifyAnswer(input)).toThrow(ConfigError);
    expect(() => verifyAnswer(input)).toThrow(text);
  });
});

test("for a person the captured share reads like this", () => {
  expect(formatVerdict(verifyAnswer(gamma)).split("\n")).toEqual([
    "verdict    good: the hash has 46 leading zero bits",
    "chip       BM1370",
    `header     ${gamma.header}`,
    "hash       0000000000023704cface997bcf7388694ea43dae96c51d80658687a7d8827fe",
    "difficulty 29588.014",
    "zero bits  46 (32 are required)",
    "block      no",
    "nonce      7552034c",
    "version    20b44000",
    "core       38",
    "job        68, the answer is for 68",
    "",
  ]);
});
