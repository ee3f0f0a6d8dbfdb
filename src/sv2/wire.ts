/** The data types of Stratum V2 (SV2 §3.1), one `Field` each: the vocabulary in which the message tables are written. */
import { WireError } from "../lib/errors.ts";
import type { ByteReader, ByteWriter } from "./byte-io.ts";
import { decodeText, encodeText } from "./text.ts";

/**
 * Reads and writes one data type. What `read` returns is a copy: it outlives the receive buffer.
 * `read` throws WireError; `write` throws RangeError when the value does not fit the type.
 */
export interface Field<T> {
  /** The specification's name, for instance "OPTION[U32]". */
  readonly dataType: string;
  read(from: ByteReader): T;
  write(out: ByteWriter, value: T): void;
}

/** Only bit 0 has a meaning; receivers mask the others. */
export const bool: Field<boolean> = {
  dataType: "BOOL",
  read: (from) => (from.u8() & 1) === 1,
  write: (out, value) => out.u8(value ? 1 : 0),
};

export const u8: Field<number> = {
  dataType: "U8",
  read: (from) => from.u8(),
  write: (out, value) => out.u8(value),
};

export const u16: Field<number> = {
  dataType: "U16",
  read: (from) => from.u16(),
  write: (out, value) => out.u16(value),
};

export const u24: Field<number> = {
  dataType: "U24",
  read: (from) => from.u24(),
  write: (out, value) => out.u24(value),
};

export const u32: Field<number> = {
  dataType: "U32",
  read: (from) => from.u32(),
  write: (out, value) => out.u32(value),
};

export const u64: Field<bigint> = {
  dataType: "U64",
  read: (from) => from.u64(),
  write: (out, value) => out.u64(value),
};

/** 32 bytes in wire order: a hash as SHA-256d puts it out, or a little-endian integer (targets). */
export const u256: Field<Uint8Array> = {
  dataType: "U256",
  read: (from) => from.bytes(32),
  write(out, value) {
    if (value.length !== 32) throw new RangeError(`U256 has 32 bytes, not ${value.length}`);
    out.bytes(value);
  },
};

/**
 * Hash rates, H/s. The writer refuses what a peer must not get: NaN, infinities, negatives and -0 (missing from the
 * table of §3.1, used in §5.3.2). The reader passes them on, because a server answers them with an error code of its
 * own ("invalid-nominal-hashrate") rather than by closing the connection.
 */
export const f32: Field<number> = {
  dataType: "F32",
  read: (from) => from.f32(),
  write(out, value) {
    const rounded = Math.fround(value);
    if (!Number.isFinite(rounded) || rounded < 0 || Object.is(rounded, -0))
      throw new RangeError(`F32 must be finite and not negative, not ${value}`);
    out.f32(value);
  },
};

/** A string. Bytes that are not UTF-8 survive as lone surrogates (`decodeText`): clean it with `printable` before showing it. */
export const str0_255: Field<string> = {
  dataType: "STR0_255",
  read: (from) => decodeText(from.borrow(from.u8())),
  write: (out, value) => writePrefixed(out, encodeText(value), "STR0_255", u8, 0xff),
};

export const b0_32 = byteString("B0_32", u8, 32);
export const b0_255 = byteString("B0_255", u8, 0xff);
export const b0_64k = byteString("B0_64K", u16, 0xffff);
export const b0_16m = byteString("B0_16M", u24, 0xffffff);

/** Absent is `undefined`. A count byte above 1 is malformed. */
export function option<T>(element: Field<T>): Field<T | undefined> {
  return {
    dataType: `OPTION[${element.dataType}]`,
    read(from) {
      const count = from.u8();
      if (count > 1) throw new WireError("bad-value", `OPTION holds 0 or 1 elements, not ${count}`);
      return count === 0 ? undefined : element.read(from);
    },
    write(out, value) {
      out.u8(value === undefined ? 0 : 1);
      if (value !== undefined) element.write(out, value);
    },
  };
}

export const seq0_255 = <T>(element: Field<T>) => sequence("SEQ0_255", u8, 0xff, element);
export const seq0_64k = <T>(element: Field<T>) => sequence("SEQ0_64K", u16, 0xffff, element);

function byteString(
  dataType: string,
  lengthField: Field<number>,
  limit: number,
): Field<Uint8Array> {
  return {
    dataType,
    read(from) {
      const length = lengthField.read(from);
      if (length > limit)
        throw new WireError("oversize", `${dataType} holds at most ${limit} bytes, not ${length}`);
      return from.bytes(length);
    },
    write: (out, value) => writePrefixed(out, value, dataType, lengthField, limit),
  };
}

function sequence<T>(
  name: string,
  countField: Field<number>,
  limit: number,
  element: Field<T>,
): Field<readonly T[]> {
  return {
    dataType: `${name}[${element.dataType}]`,
    read(from) {
      // The count is a claim: elements are appended as they are found, so that a lie costs no memory.
      const values: T[] = [];
      for (let count = countField.read(from); count > 0; count--) values.push(element.read(from));
      return values;
    },
    write(out, values) {
      checkLength(name, "elements", values.length, limit);
      countField.write(out, values.length);
      for (const value of values) element.write(out, value);
    },
  };
}

function writePrefixed(
  out: ByteWriter,
  value: Uint8Array,
  dataType: string,
  lengthField: Field<number>,
  limit: number,
): void {
  checkLength(dataType, "bytes", value.length, limit);
  lengthField.write(out, value.length);
  out.bytes(value);
}

function checkLength(dataType: string, unit: string, length: number, limit: number): void {
  if (length > limit)
    throw new RangeError(`${dataType} holds at most ${limit} ${unit}, not ${length}`);
}
