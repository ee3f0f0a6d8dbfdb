/** Jobs for BM1387 chips: as BM1397's, without the preamble [T, a real block on braiins' test bench]. */
import { viewOf } from "../../src/lib/bytes.ts";
import { crc16 } from "../bm13xx/crc.ts";
import { bm1387Headers } from "./frame.ts";

export interface Bm1387Job {
  readonly jobId: number;
  readonly startingNonce: number;
  readonly nbits: number;
  readonly ntime: number;
  /** The last four bytes of the merkle root, in header order. */
  readonly merkleTail: Uint8Array;
  /** SHA-256 states after 64 bytes of header, words a to h: one, two or four. */
  readonly midstates: readonly Uint32Array[];
}

const MIDSTATES_AT = 20;
const MIDSTATE_BYTES = 32;
const CRC_BYTES = 2;

export function encodeJob(job: Bm1387Job): Uint8Array {
  const { midstates } = job;
  const frame = new Uint8Array(lengthWith(midstates.length));
  const view = viewOf(frame);
  frame.set([bm1387Headers.job, frame.length, job.jobId, midstates.length]);
  view.setUint32(4, job.startingNonce);
  view.setUint32(8, job.nbits, true);
  view.setUint32(12, job.ntime, true);
  frame.set(job.merkleTail, 16);
  for (const [i, state] of midstates.entries()) {
    for (const [word, value] of state.entries())
      view.setUint32(MIDSTATES_AT + MIDSTATE_BYTES * i + 4 * (7 - word), value);
  }
  const crcAt = frame.length - CRC_BYTES;
  view.setUint16(crcAt, crc16(frame, 0, crcAt));
  return frame;
}

/** Throws RangeError for what is no whole job or has another checksum. */
export function decodeJob(frame: Uint8Array): Bm1387Job {
  const count = frame[3] ?? 0;
  const crcAt = frame.length - CRC_BYTES;
  if (frame[0] !== bm1387Headers.job || count === 0 || frame.length !== lengthWith(count))
    throw new RangeError(`BM1387 job: ${frame.length} bytes do not hold ${count} midstates`);
  const view = viewOf(frame);
  if (view.getUint16(crcAt) !== crc16(frame, 0, crcAt))
    throw new RangeError("BM1387 job: the checksum does not fit");
  return {
    jobId: view.getUint8(2),
    startingNonce: view.getUint32(4),
    nbits: view.getUint32(8, true),
    ntime: view.getUint32(12, true),
    merkleTail: frame.slice(16, MIDSTATES_AT),
    midstates: Array.from({ length: count }, (_, i) =>
      Uint32Array.from({ length: 8 }, (_, word) =>
        view.getUint32(MIDSTATES_AT + MIDSTATE_BYTES * i + 4 * (7 - word)),
      ),
    ),
  };
}

/** bosminer opens the cores with one such job for each: no state, and results that nobody wants [D]. */
export function openCoreJob(jobId: number, startingNonce: number): Bm1387Job {
  return {
    jobId,
    startingNonce,
    nbits: 0xffffffff,
    ntime: 0xffffffff,
    merkleTail: new Uint8Array(4).fill(0xff),
    midstates: [new Uint32Array(8)],
  };
}

function lengthWith(midstates: number): number {
  return MIDSTATES_AT + MIDSTATE_BYTES * midstates + CRC_BYTES;
}
