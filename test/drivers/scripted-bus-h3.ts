/** An I²C bus with microcontrollers on it that take a request byte by byte and give their reply the same way. */
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";

export interface WirePart {
  write(bytes: Uint8Array): void;
  read(length: number): Uint8Array;
}

/** Every transfer takes a millisecond. */
export class PartsOnWire implements I2cBus {
  readonly path = "/dev/i2c-0";
  /** "20<55" wrote 55 to 0x20; "20>1" read one byte. */
  readonly log: string[] = [];
  /** Transfers do not come back. */
  isHung = false;
  readonly #clock: Clock;
  readonly #parts: ReadonlyMap<number, WirePart>;

  constructor(clock: Clock, parts: ReadonlyMap<number, WirePart>) {
    this.#clock = clock;
    this.#parts = parts;
  }

  async transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const at = address.toString(16);
    if (write.length > 0) this.log.push(`${at}<${toHex(write)}`);
    if (readLength > 0) this.log.push(`${at}>${readLength}`);
    if (this.isHung) return new Promise(() => {});
    await this.#clock.sleep(1);
    const part = this.#parts.get(address);
    if (part === undefined) throw new DeviceError(this.path, "transfer", "nack");
    if (write.length > 0) part.write(write);
    return readLength > 0 ? part.read(readLength) : new Uint8Array();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export interface BytewiseOptions {
  readonly clock: Clock;
  /** Reply to a whole request, hex, or nothing. */
  readonly reply: (request: string) => string | undefined;
  /** Until then the bus reads FF. */
  readonly readyAfterMs?: number;
  /** Every byte is preceded by this one. */
  readonly register?: number;
  /** Bytes of a request, for a generation whose frames have no length. */
  readonly lengthOf?: (begun: Uint8Array) => number;
}

export class BytewiseModel implements WirePart {
  readonly requests: string[] = [];
  readonly #options: BytewiseOptions;
  #taken: number[] = [];
  #reply: number[] = [];
  #readyMs = 0;

  constructor(options: BytewiseOptions) {
    this.#options = options;
  }

  write(bytes: Uint8Array): void {
    const { clock, register, readyAfterMs = 0, reply, lengthOf = framedLength } = this.#options;
    const data = register === undefined ? bytes : bytes.subarray(1);
    if (data.length > 1) throw new Error(`${toHex(bytes)}: one byte at a time`);
    if (register !== undefined && bytes[0] !== register)
      throw new Error(`register ${bytes[0]} is not there`);
    if (data.length === 0) return; // sets the register for a read
    this.#taken.push(data[0] as number);
    const taken = Uint8Array.from(this.#taken);
    if (taken.length < 3 || taken.length < lengthOf(taken)) return;
    this.#taken = [];
    this.requests.push(toHex(taken));
    this.#reply = [...fromHex(reply(toHex(taken)) ?? "")];
    this.#readyMs = clock.nowMs() + readyAfterMs;
  }

  read(length: number): Uint8Array {
    if (length !== 1) throw new Error(`${length} bytes: one at a time`);
    const isReady = this.#options.clock.nowMs() >= this.#readyMs;
    return Uint8Array.of((isReady ? this.#reply.shift() : undefined) ?? 0xff);
  }
}

/** `55 AA LEN …`, LEN without the first two. */
function framedLength(begun: Uint8Array): number {
  return (begun[2] as number) + 2;
}

/** Lets virtual time pass until the promise settles; a promise that needs more than this many ms hangs. */
export async function settle<T>(
  clock: Clock & { advance(durationMs: number): Promise<void> },
  promise: Promise<T>,
  withinMs = 30_000,
): Promise<T> {
  let isSettled = false;
  const done = () => {
    isSettled = true;
  };
  promise.then(done, done);
  const untilMs = clock.nowMs() + withinMs;
  await clock.advance(0);
  while (!isSettled && clock.nowMs() < untilMs) await clock.advance(10);
  if (!isSettled) throw new Error(`not settled after ${withinMs} ms`);
  return promise;
}
