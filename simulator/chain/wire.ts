/**
 * Frames as the chips see them: commands out of a stream of bytes, answers into bytes. Written from the protocol's
 * description and on purpose without the driver's codec, so that a misreading there cannot cancel itself out here.
 */

import type { MidstateJob } from "../hashing/chain-searcher.ts";

export type ChipCommand =
  | { readonly op: "set-address"; readonly address: number }
  | { readonly op: "chain-inactive" }
  | RegisterCommand<"read">
  | (RegisterCommand<"write"> & { readonly value: number })
  | { readonly op: "job"; readonly idByte: number; readonly headerWords: Int32Array }
  | ({ readonly op: "midstate-job"; readonly idByte: number } & MidstateJob);

interface RegisterCommand<Op extends string> {
  readonly op: Op;
  /** Broadcast: the address does not matter. */
  readonly all: boolean;
  readonly address: number;
  readonly register: number;
}

/** Start of every command [C]. */
const PREAMBLE = [0x55, 0xaa] as const;
/** Which job a chip understands, and how long it therefore is. */
export type JobFormat = "full" | "midstate";

/** A full-header job is this long whatever its LEN byte says [C]. */
const FULL_JOB_BYTES = 88;
/** LEN of a job with one, two or four midstates [C, T]. */
const midstateJobLengths: ReadonlySet<number> = new Set([0x36, 0x56, 0x96]);
const MIDSTATES_AT = 22;
const MIDSTATE_BYTES = 32;
const LONGEST_COMMAND_BYTES = 2 + 0x96;

/** LEN of a register command, by header byte: what follows the preamble, checksum included [C]. */
const lengthByHeader: Readonly<Record<number, number>> = {
  64: 5, // 40 set address
  65: 9, // 41 write, one chip
  81: 9, // 51 write, all
  66: 5, // 42 read, one chip
  82: 5, // 52 read, all
  83: 5, // 53 chain inactive
};
const JOB_HEADER = 0x21;

/** Finds commands in what the host sends. Bytes that are no command are dropped one by one and counted. */
export class CommandFramer {
  bytesDropped = 0;
  checksumErrors = 0;
  readonly #onCommand: (command: ChipCommand) => void;
  readonly #jobFormat: JobFormat;
  readonly #buffer = new Uint8Array(LONGEST_COMMAND_BYTES);
  #length = 0;

  constructor(onCommand: (command: ChipCommand) => void, jobFormat: JobFormat = "full") {
    this.#onCommand = onCommand;
    this.#jobFormat = jobFormat;
  }

  push(byte: number): void {
    this.#buffer[this.#length++] = byte;
    while (this.#length > 0) {
      const frameLength = this.#frameLength();
      if (frameLength === "none") this.#drop(1);
      else if (frameLength > this.#length) return;
      else this.#take(frameLength);
    }
  }

  clear(): void {
    this.#length = 0;
  }

  /** How long the frame at the start will be, as far as that is known; at least one byte more than known. */
  #frameLength(): number | "none" {
    const [first, second, header, length] = this.#buffer;
    if (first !== PREAMBLE[0]) return "none";
    if (this.#length < 2) return 2;
    if (second !== PREAMBLE[1]) return "none";
    if (this.#length < 3) return 3;
    const isJob = header === JOB_HEADER;
    if (isJob && this.#jobFormat === "full") return FULL_JOB_BYTES;
    const expected = lengthByHeader[header as number];
    if (!isJob && expected === undefined) return "none";
    if (this.#length < 4) return 4;
    const fits = isJob ? midstateJobLengths.has(length as number) : length === expected;
    return fits ? 2 + (length as number) : "none";
  }

  #take(frameLength: number): void {
    const frame = this.#buffer.slice(0, frameLength);
    const isJob = frame[2] === JOB_HEADER;
    if (!(isJob ? hasValidCrc16(frame) : hasValidCrc5(frame))) {
      this.checksumErrors++;
      this.#drop(1);
      return;
    }
    this.#remove(frameLength);
    if (!isJob) this.#onCommand(parseRegisterCommand(frame));
    else this.#onCommand(this.#jobFormat === "full" ? parseJob(frame) : parseMidstateJob(frame));
  }

  #drop(count: number): void {
    this.bytesDropped += count;
    this.#remove(count);
  }

  #remove(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}

function parseRegisterCommand(frame: Uint8Array): ChipCommand {
  const view = new DataView(frame.buffer);
  const header = view.getUint8(2);
  const address = view.getUint8(4);
  const register = view.getUint8(5);
  const all = (header & 0x10) !== 0;
  switch (header & 0x0f) {
    case 0:
      return { op: "set-address", address };
    case 1:
      return { op: "write", all, address, register, value: view.getUint32(6) };
    case 2:
      return { op: "read", all, address, register };
    default:
      return { op: "chain-inactive" };
  }
}

/** Offsets 10 nbits, 14 ntime, 18 merkle root, 50 previous hash, 82 version; both hashes with their words reversed [C]. */
function parseJob(frame: Uint8Array): ChipCommand {
  const view = new DataView(frame.buffer);
  const headerWords = new Int32Array(19);
  headerWords[0] = view.getInt32(82);
  for (let i = 0; i < 8; i++) {
    headerWords[1 + i] = view.getInt32(50 + 4 * (7 - i));
    headerWords[9 + i] = view.getInt32(18 + 4 * (7 - i));
  }
  headerWords[17] = view.getInt32(14);
  headerWords[18] = view.getInt32(10);
  return { op: "job", idByte: view.getUint8(4), headerWords };
}

/**
 * Offsets 6 starting nonce, 10 nbits, 14 ntime, 18 end of the merkle root, from 22 the midstates, the words of each in
 * reverse: h first, a last [C].
 */
function parseMidstateJob(frame: Uint8Array): ChipCommand {
  const view = new DataView(frame.buffer);
  const count = (frame.length - MIDSTATES_AT - 2) / MIDSTATE_BYTES;
  const midstates = Array.from({ length: count }, (_, i) =>
    Int32Array.from({ length: 8 }, (_, word) =>
      view.getInt32(MIDSTATES_AT + MIDSTATE_BYTES * i + 4 * (7 - word)),
    ),
  );
  return {
    op: "midstate-job",
    idByte: view.getUint8(4),
    midstates,
    tail: Int32Array.of(view.getInt32(18), view.getInt32(14), view.getInt32(10)),
    firstNonce: view.getUint32(6),
  };
}

/** How the answers of a chip look: 9 bytes out of reset, 11 once version rolling has been enabled [C]. */
export type AnswerForm = "short" | "long";

const REGISTER_ANSWER = 0;
const NONCE_ANSWER = 4;

export function encodeRegisterAnswer(
  value: number,
  address: number,
  register: number,
  form: AnswerForm,
): Uint8Array {
  const padding = form === "long" ? [0, 0] : [];
  return encodeAnswer([...bytesOf(value), address, register, ...padding], REGISTER_ANSWER);
}

/** `nonce` as the header's last bytes read big-endian; the version field only fits the long form. */
export function encodeNonceAnswer(
  nonce: number,
  excessByte: number,
  idByte: number,
  versionField: number,
  form: AnswerForm,
): Uint8Array {
  const version = form === "long" ? [versionField >>> 8, versionField & 0xff] : [];
  return encodeAnswer([...bytesOf(nonce), excessByte, idByte, ...version], NONCE_ANSWER);
}

/** The three type bits are part of what the checksum covers [C]. */
function encodeAnswer(payload: readonly number[], type: number): Uint8Array {
  let crc = CRC5_INITIAL;
  for (const byte of payload) crc = crc5(crc, byte, 8);
  crc = crc5(crc, type, 3);
  return Uint8Array.from([0xaa, 0x55, ...payload, (type << 5) | crc]);
}

function bytesOf(word: number): readonly number[] {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
}

const CRC5_INITIAL = 0x1f;

/** CRC-5 of `bits` more bits, highest first: polynomial 05, nothing reflected, no final exclusive-or [C]. */
function crc5(crc: number, value: number, bits: number): number {
  let register = crc;
  for (let bit = bits - 1; bit >= 0; bit--) {
    const carry = (register >>> 4) ^ ((value >>> bit) & 1);
    register = ((register << 1) & 0x1f) ^ (carry === 1 ? 0x05 : 0);
  }
  return register;
}

/** From the header byte to the last data byte; the last byte is the checksum, its upper bits zero [C]. */
function hasValidCrc5(frame: Uint8Array): boolean {
  let crc = CRC5_INITIAL;
  for (const byte of frame.subarray(2, -1)) crc = crc5(crc, byte, 8);
  return crc === frame.at(-1);
}

/** CRC-16/CCITT-FALSE from the header byte on, big-endian: over data and checksum together it is zero [C]. */
function hasValidCrc16(frame: Uint8Array): boolean {
  let crc = 0xffff;
  for (const byte of frame.subarray(2)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = ((crc << 1) & 0xffff) ^ ((crc & 0x8000) !== 0 ? 0x1021 : 0);
  }
  return crc === 0;
}
