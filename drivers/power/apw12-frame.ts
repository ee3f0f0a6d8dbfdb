/**
 * Frames of the APW12 class, both ways: `55 AA LEN CMD payload CHK16`. LEN counts from itself to the end, CHK16 is the sum
 * of LEN to payload, little-endian [C] (the dsPIC's is big-endian).
 */
import { sum16 } from "./ds-pic-exchange.ts";

export const apw12Commands = {
  /** From a document on the x17 supplies, as is `getVoltage` [D]. */
  firmware: 0x01,
  type: 0x02, // [C]
  getVoltage: 0x03,
  setVoltage: 0x83, // [C]
} as const;

/** Bytes of every reply that was seen: it carries 16 bits [C]. */
export const APW12_REPLY = 8;

/** LEN, CMD and the two bytes of the sum. */
const OVERHEAD = 4;

export function apw12Request(command: number, ...payload: readonly number[]): Uint8Array {
  const length = payload.length + OVERHEAD;
  const frame = Uint8Array.of(0x55, 0xaa, length, command, ...payload, 0, 0);
  const sum = sum16(frame, 2, frame.length - 2);
  frame.set([sum & 0xff, sum >> 8], frame.length - 2);
  return frame;
}

/** The 16 bits, little-endian, that a reply to `command` carries; `undefined` for anything else. */
export function decodeApw12(reply: Uint8Array, command: number): number | undefined {
  if (reply.length !== APW12_REPLY) return undefined;
  const [magic0, magic1, length, cmd, low, high, sumLow, sumHigh] = reply as unknown as number[];
  if (magic0 !== 0x55 || magic1 !== 0xaa || length !== APW12_REPLY - 2 || cmd !== command)
    return undefined;
  const sum = sum16(reply, 2, APW12_REPLY - 2);
  if (sumLow !== (sum & 0xff) || sumHigh !== sum >> 8) return undefined;
  return (low as number) | ((high as number) << 8);
}
