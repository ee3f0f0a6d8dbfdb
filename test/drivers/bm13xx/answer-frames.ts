/** Answers as bytes, for tests that need a chip's side of the wire. */
import { crc5OfAnswer } from "../../../drivers/bm13xx/crc.ts";
import { fromHex } from "../../../src/lib/bytes.ts";

export function registerAnswer(
  value: number,
  address: number,
  register: number,
  length: 9 | 11 = 11,
): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([0xaa, 0x55, 0, 0, 0, 0, address, register]);
  new DataView(frame.buffer).setUint32(2, value);
  frame[length - 1] = crc5OfAnswer(frame, 2, length - 1, 0);
  return frame;
}

export function nonceAnswer(
  nonceWire: number,
  excess: number,
  idByte: number,
  versionField: number,
  length: 9 | 11 = 11,
): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  view.setUint16(0, 0xaa55);
  view.setUint32(2, nonceWire);
  view.setUint8(6, excess);
  view.setUint8(7, idByte);
  if (length === 11) view.setUint16(8, versionField);
  view.setUint8(length - 1, (4 << 5) | crc5OfAnswer(frame, 2, length - 1, 4));
  return frame;
}

/** The captured nonces of the S21 Pro, for streams that look like real ones. */
export const capturedNonces = [
  "aa551800a640029922f991",
  "aa550735cdcf025e002e96",
  "aa55460332e700c32c8399",
].map((hex) => fromHex(hex));
