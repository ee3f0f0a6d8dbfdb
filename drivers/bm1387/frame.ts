/**
 * Commands to BM1387 chips: `header | length | payload | CRC5`. Unlike their successors they have no preamble and other
 * headers; the length counts the whole frame [T, braiins axi_bm13xx_tb.sv].
 */
import { crc5 } from "../bm13xx/crc.ts";

export const bm1387Headers = {
  setAddress: 0x41,
  readOne: 0x44,
  writeOne: 0x48,
  readAll: 0x54,
  chainInactive: 0x55,
  writeAll: 0x58,
  job: 0x21,
} as const;

/** Gives the address to the first chip that has none. */
export function setAddress(address: number): Uint8Array {
  return command(bm1387Headers.setAddress, address, 0);
}

/** Makes every chip forget its address; sent three times, 100 ms apart [D, bosminer]. */
export function chainInactive(): Uint8Array {
  return command(bm1387Headers.chainInactive, 0, 0);
}

export function readRegister(address: number, register: number): Uint8Array {
  return command(bm1387Headers.readOne, address, register);
}

export function readRegisterOfAll(register: number): Uint8Array {
  return command(bm1387Headers.readAll, 0, register);
}

export function writeRegister(address: number, register: number, value: number): Uint8Array {
  return command(bm1387Headers.writeOne, address, register, value);
}

export function writeRegisterOfAll(register: number, value: number): Uint8Array {
  return command(bm1387Headers.writeAll, 0, register, value);
}

function command(header: number, address: number, register: number, value?: number): Uint8Array {
  const frame = new Uint8Array(value === undefined ? 5 : 9);
  frame.set([header, frame.length, address, register]);
  if (value !== undefined) new DataView(frame.buffer).setUint32(4, value);
  frame[frame.length - 1] = crc5(frame, 0, frame.length - 1);
  return frame;
}
