/**
 * Jobs for chips that take SHA-256 states instead of a header: each state is that after the header's first 64 bytes, for
 * a version of its own, with its words last to first; the 16 bytes that follow are the header's [D, verified on blocks].
 */
import { midstateOf } from "../../src/bitcoin/midstate.ts";
import type { ChipJob } from "../../src/hashing/hash-chain.ts";
import { viewOf } from "../../src/lib/bytes.ts";
import { bitCount, spreadOverMask } from "../../src/work/version-space.ts";
import { MIDSTATE_BYTES, MIDSTATE_JOB_OVERHEAD_BYTES } from "./chips.ts";
import { crc16 } from "./crc.ts";
import { headers } from "./frame.ts";

/** Four midstates are two version bits. */
export const MIDSTATE_VERSION_BITS = 2;
/** Those two; which ones is the host's choice. */
export const MIDSTATE_MASK = 0x00006000;
/** Version bits of a midstate that the job did not have: more than any mask holds, so that the nonce counts as an error. */
export const NO_SUCH_MIDSTATE = 0x1fffe000;

const PREAMBLE = 2;
const FIRST_MIDSTATE_AT = 20;

export function midstateJobLengthBytes(midstates: number): number {
  return MIDSTATE_JOB_OVERHEAD_BYTES + MIDSTATE_BYTES * midstates;
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** The job frames of one chain, one per job id: the UART borrows a frame until it has left. */
export class MidstateJobs {
  /** By job id and the number of version bits that the midstates roll. */
  readonly #frames: (readonly Frame[] | undefined)[] = new Array(256).fill(undefined);
  /** By id byte of the answer: the job id with the midstate in its low bits. */
  readonly #versionBits = new Uint32Array(256).fill(NO_SUCH_MIDSTATE);
  /** The header's first 64 bytes. */
  readonly #first64 = new Uint8Array(64);
  readonly #first64View = viewOf(this.#first64);

  constructor(jobIdBytes: readonly number[]) {
    for (const id of jobIdBytes) {
      const longest = new Uint8Array(midstateJobLengthBytes(2 ** MIDSTATE_VERSION_BITS));
      this.#frames[id] = Array.from({ length: MIDSTATE_VERSION_BITS + 1 }, (_, bits) => {
        const bytes = longest.subarray(0, midstateJobLengthBytes(2 ** bits));
        return { bytes, view: viewOf(bytes) };
      });
    }
  }

  /** The frame, valid until the same job id comes again; `undefined` for an id that the chip cannot tell apart. */
  encode(job: ChipJob, versionMask: number): Uint8Array | undefined {
    const rolledBits = bitCount(versionMask);
    const frame = this.#frames[job.chipJobId]?.[rolledBits];
    if (frame === undefined) return undefined;
    const { bytes, view } = frame;
    const midstates = 2 ** rolledBits;
    bytes[0] = 0x55;
    bytes[1] = 0xaa;
    bytes[2] = headers.job;
    bytes[3] = bytes.length - PREAMBLE;
    bytes[4] = job.chipJobId;
    bytes[5] = midstates;
    view.setUint32(6, 0); // starting nonce
    view.setUint32(10, job.nbits, true);
    view.setUint32(14, job.ntime, true);
    for (let i = 0; i < 4; i++) {
      bytes[18 + i] = job.merkleRoot[28 + i] as number;
      this.#versionBits[job.chipJobId | i] = NO_SUCH_MIDSTATE;
    }
    this.#first64.set(job.prevHash, 4);
    for (let i = 0; i < 28; i++) this.#first64[36 + i] = job.merkleRoot[i] as number;
    for (let i = 0; i < midstates; i++) {
      const versionBits = spreadOverMask(versionMask, i);
      this.#versionBits[job.chipJobId | i] = versionBits;
      this.#first64View.setUint32(0, job.version | versionBits, true);
      const state = midstateOf(this.#first64);
      const at = PREAMBLE + FIRST_MIDSTATE_AT + MIDSTATE_BYTES * i;
      for (let word = 0; word < 8; word++)
        view.setUint32(at + 4 * (7 - word), state[word] as number);
    }
    view.setUint16(bytes.length - 2, crc16(bytes, PREAMBLE, bytes.length - 2));
    return bytes;
  }

  /** Rolled version bits behind the id byte of a nonce answer, in place. */
  versionBitsOf(idByte: number): number {
    return this.#versionBits[idByte] as number;
  }
}

export interface DecodedMidstateJob {
  readonly chipJobId: number;
  readonly startingNonce: number;
  readonly nbits: number;
  readonly ntime: number;
  /** The last four bytes of the merkle root, in header order. */
  readonly merkleTail: Uint8Array;
  /** State words a to h of each. */
  readonly midstates: readonly Uint32Array[];
  readonly crc: number;
  readonly expectedCrc: number;
}

/**
 * Reads a job back, from its 0x21 on, with or without preamble before; the CRC is reported, not judged. Throws RangeError
 * unless the frame is as long as its midstates need.
 */
export function decodeMidstateJob(frame: Uint8Array): DecodedMidstateJob {
  const body = frame[0] === 0x55 ? frame.subarray(PREAMBLE) : frame;
  const count = body[3] ?? 0;
  if (count === 0 || body.length !== midstateJobLengthBytes(count) - PREAMBLE)
    throw new RangeError(`midstate job: ${body.length} bytes do not hold ${count} midstates`);
  const view = viewOf(body);
  const midstates = Array.from({ length: count }, (_, i) =>
    Uint32Array.from({ length: 8 }, (_, word) =>
      view.getUint32(FIRST_MIDSTATE_AT + MIDSTATE_BYTES * i + 4 * (7 - word)),
    ),
  );
  return {
    chipJobId: view.getUint8(2),
    startingNonce: view.getUint32(4),
    nbits: view.getUint32(8, true),
    ntime: view.getUint32(12, true),
    merkleTail: body.slice(16, 20),
    midstates,
    crc: view.getUint16(body.length - 2),
    expectedCrc: crc16(body, 0, body.length - 2),
  };
}
