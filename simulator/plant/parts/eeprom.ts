/** A hashboard's memory, AT24C02D: writing to it is a violation, and does what it does on hardware. */
import type { I2cDevice } from "../i2c-bus-model.ts";

export class EepromModel {
  readonly #content: Uint8Array;
  readonly #onWrite: (at: number, bytes: Uint8Array) => void;
  #pointer = 0;
  #garbage: Uint8Array | undefined;
  readonly device: I2cDevice = {
    write: (bytes) => this.#write(bytes),
    read: (lengthBytes) => Uint8Array.from({ length: lengthBytes }, () => this.#next()),
  };

  constructor(content: Uint8Array, onWrite: (at: number, bytes: Uint8Array) => void) {
    this.#content = content.slice();
    this.#onWrite = onWrite;
  }

  get content(): Uint8Array {
    return this.#content;
  }

  /** What is read instead of the content, as long as it is set. */
  setGarbage(garbage: Uint8Array | undefined): void {
    this.#garbage = garbage;
  }

  #write(bytes: Uint8Array): boolean {
    const [pointer, ...data] = bytes;
    if (pointer === undefined) return true;
    this.#pointer = pointer;
    if (data.length === 0) return true;
    for (const byte of data) {
      this.#content[this.#pointer] = byte;
      this.#pointer = (this.#pointer + 1) % this.#content.length;
    }
    this.#onWrite(pointer, Uint8Array.from(data));
    return true;
  }

  #next(): number {
    const byte = (this.#garbage ?? this.#content)[this.#pointer] as number;
    this.#pointer = (this.#pointer + 1) % this.#content.length;
    return byte;
  }
}
