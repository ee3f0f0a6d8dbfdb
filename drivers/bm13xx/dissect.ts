/**
 * Cuts recorded bytes into frames, for the tools: unlike the receiver it knows both directions and keeps what is broken,
 * so that a person sees what was wrong with it.
 */
import { JOB_LENGTH_BYTES } from "./chips.ts";
import { crc5, crc5OfAnswer, crc16 } from "./crc.ts";
import { headers } from "./frame.ts";

export interface Checksum {
  readonly kind: "CRC5" | "CRC16";
  readonly found: number;
  readonly expected: number;
}

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** "cut" begins like a frame and ends too soon; "noise" belongs to nothing. */
  readonly kind: "command" | "job" | "midstate-job" | "answer" | "cut" | "noise";
  /** Absent for what is not a whole frame. */
  readonly checksum?: Checksum;
}

/** Commands have these lengths after their preamble. */
const COMMAND_LENGTHS: ReadonlyMap<number, number> = new Map([
  [headers.setAddress, 5],
  [headers.readOne, 5],
  [headers.readAll, 5],
  [headers.chainInactive, 5],
  [headers.writeOne, 9],
  [headers.writeAll, 9],
]);
/** Length bytes of the jobs of BM1391, BM1397 and BM1398, which carry 1, 2 or 4 midstates. */
const MIDSTATE_JOB_LENGTHS: readonly number[] = [0x36, 0x56, 0x96];
const ANSWER_LENGTHS: readonly number[] = [11, 9];

/** Every byte is in exactly one piece, in order. Takes any bytes. */
export function dissect(bytes: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  let noiseFrom = 0;
  let at = 0;
  const endNoise = () => {
    if (noiseFrom < at)
      pieces.push({ offset: noiseFrom, bytes: bytes.slice(noiseFrom, at), kind: "noise" });
  };
  while (at < bytes.length) {
    const piece = goodFrameAt(bytes, at) ?? brokenFrameAt(bytes, at);
    if (piece === undefined) {
      at++;
      continue;
    }
    endNoise();
    pieces.push(piece);
    at += piece.bytes.length;
    noiseFrom = at;
  }
  endNoise();
  return pieces;
}

export function isGood({ checksum }: Piece): boolean {
  return checksum !== undefined && checksum.found === checksum.expected;
}

function goodFrameAt(bytes: Uint8Array, at: number): Piece | undefined {
  return framesAt(bytes, at).find(isGood);
}

/** What begins like a frame here, up to where the next good frame begins or where it should have ended. */
function brokenFrameAt(bytes: Uint8Array, at: number): Piece | undefined {
  const frames = framesAt(bytes, at);
  // Of two possible lengths the one at whose end something begins, or the input ends.
  const whole =
    frames.find(({ bytes: { length } }) => beginsFrame(bytes, at + length)) ?? frames[0];
  const end = at + (whole?.bytes.length ?? lengthWanted(bytes, at));
  for (let next = at + 1; next < Math.min(end, bytes.length); next++) {
    if (goodFrameAt(bytes, next) !== undefined) return cut(bytes, at, next);
  }
  return whole ?? (end > bytes.length ? cut(bytes, at, bytes.length) : undefined);
}

function cut(bytes: Uint8Array, from: number, to: number): Piece | undefined {
  if (!beginsFrame(bytes, from) || to - from < 2) return undefined;
  return { offset: from, bytes: bytes.slice(from, to), kind: "cut" };
}

function beginsFrame(bytes: Uint8Array, at: number): boolean {
  const [first, second] = [bytes[at], bytes[at + 1]];
  return (
    at === bytes.length ||
    (first === 0xaa && second === 0x55) ||
    (first === 0x55 && second === 0xaa)
  );
}

/** How long a frame that begins here would have to be at least; 0 when none does. */
function lengthWanted(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0xaa && bytes[at + 1] === 0x55) return Math.min(...ANSWER_LENGTHS);
  if (bytes[at] !== 0x55 || bytes[at + 1] !== 0xaa) return 0;
  const header = bytes[at + 2];
  if (header === headers.job) return JOB_LENGTH_BYTES;
  return 2 + (header === undefined ? 5 : (COMMAND_LENGTHS.get(header) ?? -2));
}

/** All readings of the bytes from here as a whole frame, likeliest first. */
function framesAt(bytes: Uint8Array, at: number): readonly Piece[] {
  const take = (length: number) =>
    at + length <= bytes.length ? bytes.slice(at, at + length) : undefined;
  if (bytes[at] === 0xaa && bytes[at + 1] === 0x55)
    return ANSWER_LENGTHS.flatMap((length) => answer(at, take(length)));
  if (bytes[at] !== 0x55 || bytes[at + 1] !== 0xaa) return [];
  const header = bytes[at + 2] ?? 0;
  const lengthByte = bytes[at + 3] ?? 0;
  if (header === headers.job) {
    const midstates = MIDSTATE_JOB_LENGTHS.includes(lengthByte)
      ? job(at, take(2 + lengthByte), "midstate-job").filter(isGood)
      : [];
    const full = job(at, take(JOB_LENGTH_BYTES), "job");
    // With two midstates a job is as long as one with a whole header.
    const hasOneState = bytes[at + 5] === 1;
    return hasOneState ? [...full, ...midstates] : [...midstates, ...full];
  }
  if (COMMAND_LENGTHS.get(header) !== lengthByte) return [];
  return command(at, take(2 + lengthByte));
}

function command(offset: number, bytes: Uint8Array | undefined): readonly Piece[] {
  if (bytes === undefined) return [];
  const found = bytes.at(-1) as number;
  const expected = crc5(bytes, 2, bytes.length - 1);
  return [{ offset, bytes, kind: "command", checksum: { kind: "CRC5", found, expected } }];
}

function answer(offset: number, bytes: Uint8Array | undefined): readonly Piece[] {
  if (bytes === undefined) return [];
  const last = bytes.at(-1) as number;
  const expected = crc5OfAnswer(bytes, 2, bytes.length - 1, last >> 5);
  const checksum = { kind: "CRC5", found: last & 0x1f, expected } as const;
  return [{ offset, bytes, kind: "answer", checksum }];
}

function job(
  offset: number,
  bytes: Uint8Array | undefined,
  kind: "job" | "midstate-job",
): readonly Piece[] {
  if (bytes === undefined) return [];
  const crcAt = bytes.length - 2;
  const found = ((bytes[crcAt] as number) << 8) | (bytes[crcAt + 1] as number);
  const expected = crc16(bytes, 2, crcAt);
  return [{ offset, bytes, kind, checksum: { kind: "CRC16", found, expected } }];
}
