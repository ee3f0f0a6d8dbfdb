/** An I²C bus with its parts: addresses, acknowledgement, time for each byte, and a clock line that somebody may hold down. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** A part as its bus sees it. */
export interface I2cDevice {
  /** False: not acknowledged. No bytes: only its address was called. */
  write(bytes: Uint8Array): boolean;
  /** `undefined`: not acknowledged. */
  read(lengthBytes: number): Uint8Array | undefined;
}

/** Eight bits and the acknowledgement. */
const BITS_PER_BYTE = 9;
const HIGHEST_ADDRESS = 0x7f;

export class I2cBusModel {
  readonly path: string;
  readonly #clock: Clock;
  readonly #devices = new Map<number, I2cDevice>();
  #byteMs: number;
  #isBusy = false;
  #hung: { readonly ended: Promise<void>; end(): void } | undefined;

  constructor(path: string, clock: Clock, frequencyHz: number) {
    this.path = path;
    this.#clock = clock;
    this.#byteMs = byteMsAt(frequencyHz);
  }

  /** Throws Error when the address is taken: a declaration that cannot be built. */
  attach(address: number, device: I2cDevice): void {
    if (this.#devices.has(address))
      throw new Error(`${this.path}: two parts at 0x${address.toString(16)}`);
    this.#devices.set(address, device);
  }

  setFrequency(frequencyHz: number): void {
    this.#byteMs = byteMsAt(frequencyHz);
  }

  /** Hung: no transfer settles until this ends, and those that were begun meanwhile then fail. */
  setHung(isHung: boolean): void {
    if (isHung === (this.#hung !== undefined)) return;
    if (!isHung) {
      this.#hung?.end();
      this.#hung = undefined;
      return;
    }
    const { promise: ended, resolve: end } = withResolvers();
    this.#hung = { ended, end };
  }

  /** As `I2cBus.transfer`; rejects with "busy" while another one is under way. */
  async transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    if (!Number.isInteger(address) || address < 0 || address > HIGHEST_ADDRESS)
      throw this.#error(address, "refused", "allowed: 7 bits");
    if (this.#hung !== undefined) return this.#fail(address, this.#hung);
    if (this.#isBusy) throw this.#error(address, "busy");
    this.#isBusy = true;
    const bytes = write.slice();
    try {
      await this.#clock.sleep(this.#byteMs * (2 + bytes.length + readLength));
      if (this.#hung !== undefined) return await this.#fail(address, this.#hung);
      return this.exchange(address, bytes, readLength) ?? this.#nack(address);
    } finally {
      this.#isBusy = false;
    }
  }

  /** A transfer that takes no time, for who has his own; `undefined`: not acknowledged. */
  exchange(address: number, write: Uint8Array, readLength: number): Uint8Array | undefined {
    const device = this.#devices.get(address);
    if (device === undefined) return undefined;
    if ((write.length > 0 || readLength === 0) && !device.write(write)) return undefined;
    return readLength === 0 ? new Uint8Array(0) : device.read(readLength);
  }

  async #fail(address: number, hung: { readonly ended: Promise<void> }): Promise<never> {
    await hung.ended;
    throw this.#error(address, "timeout", "the bus hung");
  }

  #nack(address: number): never {
    throw this.#error(address, "nack");
  }

  #error(address: number, code: "nack" | "timeout" | "refused" | "busy", detail?: string) {
    const device = `${this.path} 0x${address.toString(16).padStart(2, "0")}`;
    return new DeviceError(device, "transfer", code, detail === undefined ? {} : { detail });
  }
}

function byteMsAt(frequencyHz: number): number {
  return (BITS_PER_BYTE * 1_000) / frequencyHz;
}

function withResolvers(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
