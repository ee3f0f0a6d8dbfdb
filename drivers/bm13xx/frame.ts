/**
 * Commands to the chips: `55 AA | header | length | payload | CRC5`. The header says what is asked and whether of one
 * chip or of all; the length counts what follows the preamble. [C] for every kind (mujina REFERENCE.md).
 */
import { crc5 } from "./crc.ts";

export const PREAMBLE_LENGTH_BYTES = 2;

export const headers = {
  setAddress: 0x40,
  writeOne: 0x41,
  readOne: 0x42,
  writeAll: 0x51,
  readAll: 0x52,
  chainInactive: 0x53,
  job: 0x21,
} as const;

/** Gives the address to the first chip that has none. */
export function setAddress(address: number): Uint8Array {
  return command(headers.setAddress, address, 0);
}

export function writeRegister(address: number, register: number, value: number): Uint8Array {
  return command(headers.writeOne, address, register, value);
}

export function writeRegisterOfAll(register: number, value: number): Uint8Array {
  return command(headers.writeAll, 0, register, value);
}

export function readRegister(address: number, register: number): Uint8Array {
  return command(headers.readOne, address, register);
}

/** Every chip answers, the nearest first. */
export function readRegisterOfAll(register: number): Uint8Array {
  return command(headers.readAll, 0, register);
}

/** Makes every chip forget its address and wait for a new one. */
export function chainInactive(): Uint8Array {
  return command(headers.chainInactive, 0, 0);
}

/** Always a fresh array: the UART borrows what it is given. */
function command(header: number, address: number, register: number, value?: number): Uint8Array {
  const hasValue = value !== undefined;
  const frame = new Uint8Array(hasValue ? 11 : 7);
  frame[0] = 0x55;
  frame[1] = 0xaa;
  frame[2] = header;
  frame[3] = frame.length - PREAMBLE_LENGTH_BYTES;
  frame[4] = address;
  frame[5] = register;
  if (hasValue) new DataView(frame.buffer).setUint32(6, value);
  frame[frame.length - 1] = crc5(frame, PREAMBLE_LENGTH_BYTES, frame.length - 1);
  return frame;
}
