/** Parts with a pointer byte and registers of a byte each. */
import type { I2cDevice } from "../i2c-bus-model.ts";

export interface ByteRegisters {
  /** `undefined`: not acknowledged. */
  read(register: number): number | undefined;
  /** False: not acknowledged. */
  write(register: number, value: number): boolean;
}

/** Nothing says that these parts go on with the next register: a longer read gets the idle bus's ones after the first byte. */
export function byteRegisterDevice(registers: ByteRegisters): I2cDevice {
  let pointer = 0;
  return {
    write(bytes) {
      const [register, value] = bytes;
      if (register === undefined) return true;
      pointer = register;
      return value === undefined || registers.write(register, value);
    },
    read(lengthBytes) {
      const value = registers.read(pointer);
      if (value === undefined) return undefined;
      const bytes = new Uint8Array(lengthBytes).fill(0xff);
      bytes[0] = value;
      return bytes;
    },
  };
}

/** Parts with a pointer byte and registers of two bytes, high byte first. */
export interface WordRegisters {
  read(register: number): number | undefined;
  write(register: number, value: number): boolean;
}

export function wordRegisterDevice(registers: WordRegisters): I2cDevice {
  let pointer = 0;
  return {
    write(bytes) {
      const [register, high, low] = bytes;
      if (register === undefined) return true;
      pointer = register;
      if (high === undefined) return true;
      return registers.write(register, low === undefined ? high : (high << 8) | low);
    },
    read(lengthBytes) {
      const value = registers.read(pointer);
      if (value === undefined) return undefined;
      const bytes = new Uint8Array(lengthBytes).fill(0xff);
      bytes.set([(value >> 8) & 0xff, value & 0xff].slice(0, lengthBytes));
      return bytes;
    },
  };
}
