/**
 * Frames of the bitaxe-raw control port [D]. Request: `LEN16 ID BUS PAGE CMD DATA`, LEN the whole packet, little-endian.
 * Reply v0: `LEN16 ID DATA`, LEN the data alone. Reply v1: `LEN16 ID STATUS DATA`, LEN the whole packet.
 */
import { printable, viewOf } from "../../src/lib/bytes.ts";

export type ControlProtocol = "v0" | "v1";

export const pages = { i2c: 0x05, gpio: 0x06, adc: 0x07, led: 0x08 } as const;

/** Besides these, the command of a GPIO request is the pin. */
export const commands = {
  i2cSetFrequency: 0x10,
  i2cWrite: 0x20,
  i2cRead: 0x30,
  i2cWriteRead: 0x40,
  adcVdd: 0x50,
  adcVin: 0x51,
  ledSet: 0x10,
} as const;

export const statuses = {
  ok: 0x00,
  timeout: 0x10,
  invalid: 0x11,
  overflow: 0x12,
  custom: 0xff,
} as const;

/** The device answers with this id what it could not even parse (firmware source [D]); so no request has it. */
export const ID_OF_UNPARSED = 0xff;

export interface ControlRequest {
  readonly page: number;
  readonly command: number;
  readonly data: Uint8Array;
  /** Of the data of a reply that is no error; where firmwares differ, all of them. */
  readonly replyLengths: readonly number[];
}

export type ControlReply =
  /** `isDoubtful`: in v0 an error could look just like it. */
  | { readonly is: "data"; readonly data: Uint8Array; readonly isDoubtful: boolean }
  | { readonly is: "error"; readonly status: number; readonly message: string };

/** What the received bytes begin with; `length` is how many of them it takes. */
export type Found =
  | { readonly found: "nothing yet" }
  | { readonly found: "reply"; readonly length: number; readonly reply: ControlReply }
  | { readonly found: "another id"; readonly length: number }
  | { readonly found: "nonsense" };

export function encodeRequest(id: number, { page, command, data }: ControlRequest): Uint8Array {
  const frame = new Uint8Array(REQUEST_HEAD + data.length);
  viewOf(frame).setUint16(0, frame.length, true);
  frame.set([id, BUS, page, command], 2);
  frame.set(data, REQUEST_HEAD);
  return frame;
}

/** Looks for the reply to request `id` at the beginning of `held`. The data is a copy. */
export function findReply(
  protocol: ControlProtocol,
  held: Uint8Array,
  id: number,
  replyLengths: readonly number[],
): Found {
  if (held.length < REPLY_HEAD) return NOTHING_YET;
  const length = viewOf(held).getUint16(0, true);
  if (length > LONGEST_REPLY) return NONSENSE;
  const foundId = held[2] as number;
  if (foundId !== id && foundId !== ID_OF_UNPARSED) {
    const whole = protocol === "v0" ? REPLY_HEAD + length : length;
    if (whole < REPLY_HEAD) return NONSENSE;
    return held.length < whole ? NOTHING_YET : { found: "another id", length: whole };
  }
  return protocol === "v0"
    ? findV0(held, length, foundId === id ? replyLengths : [])
    : findV1(held, length, replyLengths);
}

const BUS = 0x00;
const REQUEST_HEAD = 6;
const REPLY_HEAD = 3;
/** 256 bytes of data [D], and what stands before them. */
const LONGEST_REPLY = 260;
const NOTHING_YET: Found = { found: "nothing yet" };
const NONSENSE: Found = { found: "nonsense" };

function findV1(held: Uint8Array, length: number, replyLengths: readonly number[]): Found {
  if (length < REPLY_HEAD + 1) return NONSENSE;
  if (held.length < length) return NOTHING_YET;
  const status = held[REPLY_HEAD] as number;
  const data = held.slice(REPLY_HEAD + 1, length);
  if (status !== statuses.ok) return error(length, status, data);
  if (!replyLengths.includes(data.length)) return NONSENSE;
  return { found: "reply", length, reply: { is: "data", data, isDoubtful: false } };
}

function findV0(held: Uint8Array, length: number, replyLengths: readonly number[]): Found {
  const whole = REPLY_HEAD + length;
  const isError = !replyLengths.includes(length);
  if (isError) return findV0Error(held, length);
  if (held.length < whole) return NOTHING_YET;
  const data = held.slice(REPLY_HEAD, whole);
  return {
    found: "reply",
    length: whole,
    reply: { is: "data", data, isDoubtful: looksLikeError(data) },
  };
}

/**
 * Two dialects of the same mistake. As others describe it [D]: `LEN16 ID FF STATUS message`, LEN the data alone. As the
 * firmware's source has it [D]: `LEN16 ID STATUS`, or `LEN16 ID FF message`, LEN the whole packet, the first FF overwritten by the id.
 */
function findV0Error(held: Uint8Array, length: number): Found {
  const [first, second] = held.subarray(REPLY_HEAD);
  if (first === undefined) return length === 0 ? NONSENSE : NOTHING_YET;
  if (first !== statuses.custom)
    return isPlainStatus(first) && length === REPLY_HEAD + 1 ? error(length, first) : NONSENSE;
  if (second === undefined) return NOTHING_YET;
  const isDescribed = isPlainStatus(second) || second === statuses.custom;
  const whole = isDescribed ? REPLY_HEAD + length : length;
  const from = REPLY_HEAD + (isDescribed ? 2 : 1);
  if (whole < from) return NONSENSE;
  if (held.length < whole) return NOTHING_YET;
  return error(whole, isDescribed ? second : first, held.subarray(from, whole));
}

function error(length: number, status: number, message: Uint8Array = new Uint8Array()): Found {
  return { found: "reply", length, reply: { is: "error", status, message: printable(message) } };
}

function isPlainStatus(byte: number): boolean {
  return byte === statuses.timeout || byte === statuses.invalid || byte === statuses.overflow;
}

function looksLikeError(data: Uint8Array): boolean {
  const [first, second, ...rest] = data;
  if (first !== statuses.custom || second === undefined) return false;
  if (rest.length === 0) return isPlainStatus(second);
  return second === statuses.custom && rest.every((byte) => byte >= 0x20 && byte < 0x7f);
}
