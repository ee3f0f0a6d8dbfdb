/**
 * Frames of the dsPIC: request `55 AA LEN CMD payload CHK16`, reply either `CMD 01` or `LEN CMD payload CHK16`. LEN counts
 * from itself to the end, CHK16 is the sum of LEN to payload, big-endian [C] (the supply's is little-endian).
 */
import { sum16 } from "./ds-pic-exchange.ts";

/** [C], firmware 0x89 of an S19 Pro. */
export const dsPicCommands = {
  jumpToApp: 0x06,
  reset: 0x07,
  dcDc: 0x15,
  heartbeat: 0x16,
  version: 0x17,
  i2cWrite: 0x3b,
  i2cRead: 0x3c,
} as const;

/** Bytes of `CMD 01`. */
export const SHORT_REPLY = 2;

const DONE = 0x01;
/** LEN, CMD and the two bytes of the sum. */
const OVERHEAD = 4;

export function dsPicRequest(command: number, ...payload: readonly number[]): Uint8Array {
  const length = payload.length + OVERHEAD;
  const frame = Uint8Array.of(0x55, 0xaa, length, command, ...payload, 0, 0);
  const sum = sum16(frame, 2, frame.length - 2);
  frame.set([sum >> 8, sum & 0xff], frame.length - 2);
  return frame;
}

/** Bytes of a reply that carries this much. */
export function longReply(payloadLength: number): number {
  return payloadLength + OVERHEAD;
}

/** Whether it says that the command was carried out. */
export function decodeDone(reply: Uint8Array, command: number): true | undefined {
  return reply.length === SHORT_REPLY && reply[0] === command && reply[1] === DONE
    ? true
    : undefined;
}

/** Payload of a reply to `command`; `undefined` for anything else. */
export function decodePayload(reply: Uint8Array, command: number): Uint8Array | undefined {
  const end = reply.length - 2;
  if (end < 2 || reply[0] !== reply.length || reply[1] !== command) return undefined;
  const sum = ((reply[end] as number) << 8) | (reply[end + 1] as number);
  return sum === sum16(reply, 0, end) ? reply.subarray(2, end) : undefined;
}
