/** Rebuilds the header behind a chip's answer and judges it by its hash. */
import { answerTypes } from "../../drivers/bm13xx/answer-stream.ts";
import {
  type Bm13xxChip,
  explainedChipsByName,
  REQUIRED_ZERO_BITS,
} from "../../drivers/bm13xx/chips.ts";
import { dissect, isGood, type Piece } from "../../drivers/bm13xx/dissect.ts";
import { decodeJob } from "../../drivers/bm13xx/job.ts";
import { coreOf, headerNonceOf, jobIdOf, versionBitsOf } from "../../drivers/bm13xx/nonce.ts";
import { encodeHeader, hashHeader, toDisplayHex } from "../../src/bitcoin/header.ts";
import {
  difficultyOfHash,
  leadingZeroBits,
  meetsTarget,
  targetFromCompact,
} from "../../src/bitcoin/target.ts";
import { toHex, viewOf } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { explainedChip, explainedChipNames } from "./chip-option.ts";
import { bytesOf } from "./decode.ts";
import { hex } from "./explanation.ts";

/** The shape of the --json output, kept stable. */
export interface Verdict {
  readonly chip: string;
  readonly verdict: "good" | "hardware-error" | "other-job" | "bad-crc";
  /** One line for a person. */
  readonly reason: string;
  /** The 80 bytes that were hashed, hex. */
  readonly header: string;
  /** Display order, leading zeros first. */
  readonly hash: string;
  readonly difficulty: number;
  readonly leadingZeroBits: number;
  /** What every chip demands of what it reports; a ticket mask demands more. */
  readonly requiredZeroBits: number;
  /** The hash meets the network's target, too. */
  readonly isBlock: boolean;
  readonly nonce: string;
  readonly version: string;
  readonly core: number;
  /** Of the job frame, and of the answer. */
  readonly jobId: number;
  readonly answerJobId: number;
  readonly jobCrcOk: boolean;
  readonly responseCrcOk: boolean;
}

/**
 * Judges one nonce answer for one full-header job. Without `chip` it is told from the job id in the answer, where only
 * one kind of chip would give that. Throws ConfigError, with every problem, when there is nothing to judge.
 */
export function verifyAnswer(input: {
  readonly jobHex: string;
  readonly responseHex: string;
  readonly chip?: string;
}): Verdict {
  const jobPiece = onlyPiece("--job", input.jobHex, "job", "one full-header job of 88 bytes");
  const response = onlyPiece(
    "--response",
    input.responseHex,
    "answer",
    "one nonce answer of 11 bytes, or of 9 without version rolling",
  );
  const view = viewOf(response.bytes);
  const type = view.getUint8(response.bytes.length - 1) >> 5;
  if (type !== answerTypes.nonce)
    throw new ConfigError([
      {
        path: "--response",
        problem: "not a nonce",
        allowed: "an answer whose last byte is 80 or more",
      },
    ]);
  const job = decodeJob(jobPiece.bytes);
  const idByte = view.getUint8(7);
  const { chip, name } = chipFor(input.chip, job.chipJobId, idByte);
  const nonceWire = view.getUint32(2);
  const nonce = headerNonceOf(nonceWire);
  const versionField = response.bytes.length === 11 ? view.getUint16(8) : 0;
  const version = (job.version | versionBitsOf(versionField)) >>> 0;
  const header = encodeHeader({ ...job, version, nonce });
  const hash = hashHeader(header);
  const zeroBits = leadingZeroBits(hash);
  const answerJobId = jobIdOf(chip, idByte);
  const crcs = { jobCrcOk: isGood(jobPiece), responseCrcOk: isGood(response) };
  return {
    chip: name,
    ...judge(zeroBits, job.chipJobId, answerJobId, crcs),
    header: toHex(header),
    hash: toDisplayHex(hash),
    difficulty: difficultyOfHash(hash),
    leadingZeroBits: zeroBits,
    requiredZeroBits: REQUIRED_ZERO_BITS,
    isBlock: isBlock(hash, job.nbits),
    nonce: hex(nonce, 8),
    version: hex(version, 8),
    core: coreOf(nonceWire),
    jobId: job.chipJobId,
    answerJobId,
    ...crcs,
  };
}

/** Lines for a person, with a line end at the end. */
export function formatVerdict(verdict: Verdict): string {
  const rows: readonly (readonly [string, string])[] = [
    ["verdict", `${verdict.verdict}: ${verdict.reason}`],
    ["chip", verdict.chip],
    ["header", verdict.header],
    ["hash", verdict.hash],
    ["difficulty", String(Number(verdict.difficulty.toPrecision(9)))],
    ["zero bits", `${verdict.leadingZeroBits} (${verdict.requiredZeroBits} are required)`],
    ["block", verdict.isBlock ? "yes, it meets the network's target" : "no"],
    ["nonce", verdict.nonce],
    ["version", verdict.version],
    ["core", String(verdict.core)],
    ["job", `${hex(verdict.jobId, 2)}, the answer is for ${hex(verdict.answerJobId, 2)}`],
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)}${text}\n`).join("");
}

function judge(
  zeroBits: number,
  jobId: number,
  answerJobId: number,
  crcs: Pick<Verdict, "jobCrcOk" | "responseCrcOk">,
): Pick<Verdict, "verdict" | "reason"> {
  if (!crcs.jobCrcOk || !crcs.responseCrcOk) {
    const which = crcs.jobCrcOk ? "answer" : "job";
    return { verdict: "bad-crc", reason: `the ${which}'s checksum does not fit` };
  }
  if (jobId !== answerJobId) {
    const reason = `the answer is for job ${hex(answerJobId, 2)}, not ${hex(jobId, 2)}`;
    return { verdict: "other-job", reason };
  }
  if (zeroBits < REQUIRED_ZERO_BITS) {
    const reason = `the hash has ${zeroBits} leading zero bits, a chip demands ${REQUIRED_ZERO_BITS}`;
    return { verdict: "hardware-error", reason };
  }
  return { verdict: "good", reason: `the hash has ${zeroBits} leading zero bits` };
}

function isBlock(hash: Uint8Array, nbits: number): boolean {
  try {
    return meetsTarget(hash, targetFromCompact(nbits));
  } catch {
    // A made-up nbits is nobody's target.
    return false;
  }
}

/** The whole argument has to be one frame of the kind; a bad checksum is judged later. */
function onlyPiece(path: string, text: string, kind: Piece["kind"], allowed: string): Piece {
  const pieces = dissect(bytesOf(path, text));
  const [piece] = pieces;
  if (pieces.length !== 1 || piece?.kind !== kind) {
    const problem = `found ${pieces.map((found) => found.kind).join(", ")}`;
    throw new ConfigError([{ path, problem, allowed }]);
  }
  return piece;
}

interface UsedChip {
  readonly chip: Bm13xxChip;
  /** More than one name where the chips have the same rules. */
  readonly name: string;
}

/** The named chip, or those whose rule gives the job's id for this answer; all of them then give the same verdict. */
function chipFor(named: string | undefined, jobId: number, idByte: number): UsedChip {
  if (named !== undefined) {
    const chip = explainedChip(named);
    if (chip.jobFormat !== "full")
      throw new ConfigError([
        {
          path: "--chip",
          problem: `${chip.name} takes midstates: its job does not hold the header that would be hashed`,
          allowed: "a chip with full-header jobs",
        },
      ]);
    return { chip, name: chip.name };
  }
  const fitting = [...explainedChipsByName.values()].filter(
    (chip) => chip.jobFormat === "full" && jobIdOf(chip, idByte) === jobId,
  );
  const [chip] = fitting;
  const rules = new Set(fitting.map(({ answerJobIdMask }) => answerJobIdMask));
  if (chip === undefined || rules.size !== 1)
    throw new ConfigError([
      {
        path: "--chip",
        problem: "the job id in the answer does not tell which chip it is; name it",
        allowed: explainedChipNames(),
      },
    ]);
  return { chip, name: fitting.map(({ name }) => name).join(" or ") };
}
