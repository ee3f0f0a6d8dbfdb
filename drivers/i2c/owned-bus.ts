/**
 * The one owner of an I²C bus. Whole conversations take turns on it, what switches power off goes first, a bus that hangs
 * makes nobody wait for longer than one transfer may take, and memories on hashboards cannot be written.
 */

import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { I2cBus, SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";

export interface OwnedI2cBusOptions {
  /** How long one transfer may take. */
  readonly transferWithinMs?: number;
  /** Where no write may be longer than a pointer; 0x50 to 0x57, the addresses of EEPROMs, unless told. */
  readonly readOnlyAddresses?: readonly number[];
}

/** Disposing refuses all that waits as "gone", lets a transfer under way finish, and closes the bus below. */
export class OwnedI2cBus implements SharedI2cBus, AsyncDisposable {
  readonly path: string;
  readonly #bus: I2cBus;
  readonly #clock: Pick<Clock, "nowMs" | "after">;
  readonly #transferWithinMs: number;
  readonly #readOnlyAddresses: ReadonlySet<number>;
  readonly #waiting: Record<Urgency, Waiting[]> = { urgent: [], routine: [] };
  #running: Conversation | undefined;
  /** A transfer is under way that nobody waits for any more. */
  #isHung = false;
  #closing: Promise<void> | undefined;

  constructor(
    bus: I2cBus,
    clock: Pick<Clock, "nowMs" | "after">,
    {
      transferWithinMs = TRANSFER_WITHIN_MS,
      readOnlyAddresses = EEPROM_ADDRESSES,
    }: OwnedI2cBusOptions = {},
  ) {
    this.path = bus.path;
    this.#bus = bus;
    this.#clock = clock;
    this.#transferWithinMs = transferWithinMs;
    this.#readOnlyAddresses = new Set(readOnlyAddresses);
  }

  /**
   * Also rejects with "busy" when too many wait, and with "gone" when the bus is closed. A conversation one of whose
   * transfers hangs fails as a whole, whatever `talk` makes of it. A `talk` that converses on the same bus waits for itself.
   */
  converse<T>(urgency: Urgency, talk: (bus: Pick<I2cBus, "transfer">) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting[urgency];
      if (this.#closing !== undefined) return reject(this.#failure("gone", "closed"));
      if (this.#isHung) return reject(this.#failure("timeout", "a transfer has not come back"));
      if (waiting.length >= WAITING_LIMIT)
        return reject(this.#failure("busy", `${WAITING_LIMIT} conversations wait`));
      waiting.push({ begin: () => void this.#begin(talk, resolve, reject), refuse: reject });
      this.#next();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #next(): void {
    if (this.#running !== undefined || this.#isHung) return;
    const { urgent, routine } = this.#waiting;
    (urgent.shift() ?? routine.shift())?.begin();
  }

  async #begin<T>(
    talk: (bus: Pick<I2cBus, "transfer">) => Promise<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    const conversation = new Conversation(
      (address, write, readLength) => this.#transfer(address, write, readLength),
      reject,
    );
    this.#running = conversation;
    await run(() => talk({ transfer: conversation.transfer })).then(resolve, reject);
    conversation.end(this.#failure("refused", "the conversation is over"));
    // What it did not wait for itself is still under way on the wire.
    await conversation.idle();
    if (this.#running !== conversation) return; // it hung, and its turn is over
    this.#running = undefined;
    this.#next();
  }

  async #transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const forbidden = this.#forbidden(address, write, readLength);
    const device = `${this.path}@0x${address.toString(16).padStart(2, "0")}`;
    if (forbidden !== undefined)
      throw new DeviceError(device, "transfer", "refused", { detail: forbidden });
    return new Promise((resolve, reject) => {
      let isLate = false;
      const deadline = this.#deadline(() => {
        isLate = true;
        const detail = `not back after ${this.#transferWithinMs} ms`;
        const failure = new DeviceError(device, "transfer", "timeout", { detail });
        this.#hang(failure);
        reject(failure);
      });
      const settle = (pass: () => void) => {
        deadline[Symbol.dispose]();
        if (isLate) this.#recover();
        else pass();
      };
      run(() => this.#bus.transfer(address, write, readLength)).then(
        (bytes) => settle(() => resolve(bytes)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  #forbidden(address: number, write: Uint8Array, readLength: number): string | undefined {
    if (!Number.isInteger(address) || address < FIRST_ADDRESS || address > LAST_ADDRESS)
      return "allowed: addresses from 0x08 to 0x77";
    if (!Number.isInteger(readLength) || readLength < 0) return `${readLength} bytes to read`;
    if (write.length > 1 && this.#readOnlyAddresses.has(address))
      return `${write.length} bytes to a read-only part; allowed: its one pointer byte`;
    return undefined;
  }

  /** A machine that stood still proves nothing about its bus: then the transfer gets its time once more. */
  #deadline(onPassed: () => void): Disposable {
    const dueMs = this.#clock.nowMs() + this.#transferWithinMs;
    let timer = this.#clock.after(this.#transferWithinMs, () => {
      const lateMs = this.#clock.nowMs() - dueMs;
      if (lateMs < this.#transferWithinMs) onPassed();
      else timer = this.#clock.after(this.#transferWithinMs, onPassed);
    });
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  /** The turn ends although `talk` may go on: its transfers are refused from now on, so nothing can interleave. */
  #hang(failure: DeviceError): void {
    this.#isHung = true;
    this.#running?.fail(failure);
    this.#running = undefined;
    this.#refuseWaiting(() => this.#failure("timeout", "a transfer has not come back"));
  }

  #recover(): void {
    this.#isHung = false;
    this.#next();
  }

  async #close(): Promise<void> {
    this.#refuseWaiting(() => this.#failure("gone", "closed"));
    this.#running?.end(this.#failure("gone", "closed"));
    await this.#running?.idle();
    const closed = this.#bus[Symbol.asyncDispose]();
    // The bus below may wait for the transfer that hangs; we do not.
    if (this.#isHung) Promise.resolve(closed).catch(() => {});
    else await closed;
  }

  #refuseWaiting(reason: () => DeviceError): void {
    const { urgent, routine } = this.#waiting;
    for (const { refuse } of [...urgent.splice(0), ...routine.splice(0)]) refuse(reason());
  }

  #failure(code: "busy" | "gone" | "refused" | "timeout", detail: string): DeviceError {
    return new DeviceError(this.path, "converse", code, { detail });
  }
}

/** Some 25 ms are 256 bytes at 100 kHz; a microcontroller that stretches the clock stays well below [?]. */
const TRANSFER_WITHIN_MS = 250;
/** Of each urgency: routine conversations never keep an urgent one out. */
const WAITING_LIMIT = 64;
const EEPROM_ADDRESSES = [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57];
/** The others are reserved (UM10204, table 4): 0x00 speaks to every part at once. */
const FIRST_ADDRESS = 0x08;
const LAST_ADDRESS = 0x77;

interface Waiting {
  readonly begin: () => void;
  readonly refuse: (reason: DeviceError) => void;
}

/** What `talk` holds of the bus, one transfer after another, and only while it is its turn. */
class Conversation {
  readonly #perform: I2cBus["transfer"];
  readonly #reject: (error: DeviceError) => void;
  /** Settles with the last transfer; absent while none is under way, and then the next one goes at once. */
  #last: Promise<void> | undefined;
  #endedBy: DeviceError | undefined;

  constructor(perform: I2cBus["transfer"], reject: (error: DeviceError) => void) {
    this.#perform = perform;
    this.#reject = reject;
  }

  readonly transfer: I2cBus["transfer"] = (address, write, readLength) => {
    const bytes = write.slice(); // borrowed, and its turn may come later
    const send = async () => {
      if (this.#endedBy !== undefined) throw this.#endedBy;
      return this.#perform(address, bytes, readLength);
    };
    const result = this.#last === undefined ? send() : this.#last.then(send);
    const settled = () => {
      if (this.#last === last) this.#last = undefined;
    };
    const last = result.then(settled, settled);
    this.#last = last;
    return result;
  };

  end(reason: DeviceError): void {
    this.#endedBy ??= reason;
  }

  fail(reason: DeviceError): void {
    this.end(reason);
    this.#reject(reason);
  }

  /** Resolves when nothing of it is under way, or is no longer waited for. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

/** A function that throws is a promise that rejects. */
async function run<T>(act: () => Promise<T>): Promise<T> {
  return act();
}
