/**
 * Full-header jobs: 88 bytes in which the two hashes have their eight 4-byte words in reverse order, the bytes inside a
 * word as in the header [C]. The chip takes 88 bytes whatever the length byte says.
 */
import type { ChipJob } from "../../src/hashing/hash-chain.ts";
import { JOB_LENGTH_BYTES } from "./chips.ts";
import { crc16 } from "./crc.ts";
import { headers } from "./frame.ts";

/** Stock firmware's length byte, a leftover of the midstate jobs [C]; ESP-Miner sends the true 0x56 [D]. */
export const STOCK_JOB_LENGTH_BYTE = 0x36;

/** Where the CRC16 of a job lies. */
const CRC_AT = JOB_LENGTH_BYTES - 2;

/** Writes the job into `out`, 88 bytes that the caller owns. Allocates nothing. */
export function encodeJob(
  out: Uint8Array,
  job: ChipJob,
  lengthByte: number = STOCK_JOB_LENGTH_BYTE,
): void {
  out[0] = 0x55;
  out[1] = 0xaa;
  out[2] = headers.job;
  out[3] = lengthByte;
  out[4] = job.chipJobId;
  out[5] = 1; // one midstate, which the chip works out by itself
  putLittleEndian(out, 6, 0); // starting nonce
  putLittleEndian(out, 10, job.nbits);
  putLittleEndian(out, 14, job.ntime);
  putWordsReversed(out, 18, job.merkleRoot);
  putWordsReversed(out, 50, job.prevHash);
  putLittleEndian(out, 82, job.version);
  const crc = crc16(out, 2, CRC_AT);
  out[CRC_AT] = crc >> 8;
  out[CRC_AT + 1] = crc & 0xff;
}

/** The job frames of one chain, one per job id: the UART borrows a frame until it has left. */
export class FullHeaderJobs {
  readonly #frames: (Uint8Array | undefined)[] = new Array(256).fill(undefined);
  readonly #lengthByte: number;

  constructor(jobIdBytes: readonly number[], lengthByte: number) {
    for (const id of jobIdBytes) this.#frames[id] = new Uint8Array(JOB_LENGTH_BYTES);
    this.#lengthByte = lengthByte;
  }

  /** The frame, valid until the same job id comes again; `undefined` for an id that the chip cannot tell apart. */
  encode(job: ChipJob): Uint8Array | undefined {
    const frame = this.#frames[job.chipJobId];
    if (frame !== undefined) encodeJob(frame, job, this.#lengthByte);
    return frame;
  }
}

export interface DecodedJob extends ChipJob {
  readonly lengthByte: number;
  readonly midstates: number;
  readonly startingNonce: number;
  readonly crc: number;
  readonly expectedCrc: number;
}

/** Reads a job frame back, for the tools; the CRC is reported, not judged. Throws RangeError unless it has 88 bytes. */
export function decodeJob(frame: Uint8Array): DecodedJob {
  if (frame.length !== JOB_LENGTH_BYTES)
    throw new RangeError(`job frame: ${frame.length} bytes, not ${JOB_LENGTH_BYTES}`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    chipJobId: view.getUint8(4),
    version: view.getUint32(82, true),
    prevHash: wordsReversed(frame, 50),
    merkleRoot: wordsReversed(frame, 18),
    ntime: view.getUint32(14, true),
    nbits: view.getUint32(10, true),
    lengthByte: view.getUint8(3),
    midstates: view.getUint8(5),
    startingNonce: view.getUint32(6, true),
    crc: view.getUint16(CRC_AT),
    expectedCrc: crc16(frame, 2, CRC_AT),
  };
}

function putLittleEndian(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}

function putWordsReversed(out: Uint8Array, at: number, hash: Uint8Array): void {
  for (let i = 0; i < 32; i++) out[at + 28 - (i & ~3) + (i & 3)] = hash[i] as number;
}

function wordsReversed(frame: Uint8Array, at: number): Uint8Array {
  const hash = new Uint8Array(32);
  for (let i = 0; i < 32; i++) hash[i] = frame[at + 28 - (i & ~3) + (i & 3)] as number;
  return hash;
}
