/** Little-endian reading and writing with every bound checked in one place; nothing is ever clamped. */

import { viewOf } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";

/** Reads from a borrowed buffer. Every method throws WireError "truncated" when the bytes end too early. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u24(): number {
    const at = this.#advance(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  /** A copy, the caller's to keep. */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.borrow(length));
  }

  /** A window on the buffer, good until the buffer's owner goes on. */
  borrow(length: number): Uint8Array {
    const at = this.#advance(length);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length);
  }

  #advance(length: number): number {
    const at = this.#at;
    const available = this.#view.byteLength - at;
    if (length > available)
      throw new WireError("truncated", `need ${length} bytes at ${at}, have ${available}`);
    this.#at = at + length;
    return at;
  }
}

/** Collects bytes. The number methods throw RangeError for a value that does not fit: the caller's mistake, not a peer's. */
export class ByteWriter {
  #bytes = new Uint8Array(128);
  #view = viewOf(this.#bytes);
  #length = 0;

  u8(value: number): void {
    this.#check(value, 0xff);
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    this.#check(value, 0xffff);
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
  }

  u24(value: number): void {
    this.#check(value, 0xffffff);
    const at = this.#reserve(3);
    this.#view.setUint16(at, value & 0xffff, true);
    this.#view.setUint8(at + 2, value >>> 16);
  }

  u32(value: number): void {
    this.#check(value, 0xffffffff);
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn)
      throw new RangeError(`${value} is not an integer from 0 to 2^64 - 1`);
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, true);
  }

  f32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, value, true);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** Everything written, as a copy of exactly that length. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #check(value: number, maximum: number): void {
    if (!Number.isInteger(value) || value < 0 || value > maximum)
      throw new RangeError(`${value} is not an integer from 0 to ${maximum}`);
  }

  /** Where the next bytes go. May replace buffer and view: call it before touching either. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = viewOf(grown);
    }
    return at;
  }
}
