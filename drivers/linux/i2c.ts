/** An I²C bus of this machine, through `i2c-bus`: every transfer happens in a thread, none in the program's loop. */

import { accessSync, constants } from "node:fs";
import type { PromisifiedBus } from "i2c-bus";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import { deviceFailure, type FailureCodes, OPEN_FAILURES } from "./device-failure.ts";

/** Opens "/dev/i2c-N". Throws DeviceError "not-found" or "refused" (no permission, i2c-bus not installed). */
export async function openI2cBus(path: string): Promise<I2cBus> {
  const number = /^\/dev\/i2c-(\d+)$/.exec(path)?.[1];
  if (number === undefined)
    throw new DeviceError(path, "open", "refused", { detail: "allowed: /dev/i2c-0 and so on" });
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw deviceFailure(path, "open", cause, OPEN_FAILURES);
  }
  const { openPromisified } = await loadPackage(path);
  const open = () => openPromisified(Number(number));
  try {
    // Not with the first transfer, whose time is limited.
    return new LinuxI2cBus(path, open, await open());
  } catch (cause) {
    throw deviceFailure(path, "open", cause, OPEN_FAILURES);
  }
}

/** What the kernel's adapters answer when nobody acknowledges differs: all of the first three do occur. */
const TRANSFER_FAILURES: FailureCodes = {
  ENXIO: "nack",
  EREMOTEIO: "nack",
  EIO: "nack",
  ETIMEDOUT: "timeout",
  EBUSY: "busy",
  EAGAIN: "busy", // another master won the arbitration
  ENODEV: "gone",
  ENOENT: "gone",
};
/** Of the kernel's block transfer (I2C_SMBUS_BLOCK_MAX). */
const BLOCK_LIMIT_BYTES = 32;

class LinuxI2cBus implements I2cBus {
  readonly path: string;
  readonly #open: () => Promise<PromisifiedBus>;
  #bus: PromisifiedBus | undefined;
  /** Settles with the transfer under way. */
  #underWay: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, open: () => Promise<PromisifiedBus>, bus: PromisifiedBus) {
    this.path = path;
    this.#bus = bus;
    this.#open = open;
  }

  async transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const device = `${this.path}@0x${address.toString(16).padStart(2, "0")}`;
    if (this.#closing !== undefined)
      throw new DeviceError(device, "transfer", "gone", { detail: "closed" });
    // Two first transfers to one address at once would confuse i2c-bus, which then speaks to address 0.
    if (this.#underWay !== undefined)
      throw new DeviceError(device, "transfer", "busy", { detail: "a transfer is under way" });
    const transfer = this.#transfer(device, address, Buffer.from(write), readLength);
    this.#underWay = transfer.then(
      () => {},
      () => {},
    );
    try {
      return await transfer;
    } catch (cause) {
      const failure = deviceFailure(device, "transfer", cause, TRANSFER_FAILURES);
      if (failure.code === "busy") await this.#forget();
      throw failure;
    } finally {
      this.#underWay = undefined;
    }
  }

  /** A transfer that hangs in the kernel keeps its descriptor: closing waits for it. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      await this.#underWay;
      await this.#forget();
    })();
    return this.#closing;
  }

  async #transfer(device: string, address: number, write: Buffer, readLength: number) {
    this.#bus ??= await this.#open();
    const bus = this.#bus;
    const answer = Buffer.alloc(readLength);
    let bytesRead = readLength;
    const [register] = write;
    if (register === undefined && readLength === 0) {
      await bus.writeQuick(address, 0);
    } else if (register !== undefined && write.length === 1 && isBlock(readLength)) {
      ({ bytesRead } = await bus.readI2cBlock(address, register, readLength, answer));
    } else {
      // i2c-bus repeats the start only after one byte and for up to 32; for anything else there is a stop in between.
      if (write.length > 0) await this.#write(bus, device, address, write);
      if (readLength > 0) ({ bytesRead } = await bus.i2cRead(address, readLength, answer));
    }
    if (bytesRead === readLength) return new Uint8Array(answer);
    throw new DeviceError(device, "transfer", "nack", {
      detail: `${bytesRead} of ${readLength} bytes came`,
    });
  }

  async #write(bus: PromisifiedBus, device: string, address: number, write: Buffer) {
    const { bytesWritten } = await bus.i2cWrite(address, write.length, write);
    if (bytesWritten === write.length) return;
    throw new DeviceError(device, "transfer", "nack", {
      detail: `${bytesWritten} of ${write.length} bytes went`,
    });
  }

  /**
   * i2c-bus keeps a descriptor per address. When the kernel refuses the address because a driver of its own has it, the
   * descriptor stays without one, and the next transfer on it would go to address 0: all descriptors are dropped instead.
   */
  async #forget(): Promise<void> {
    const bus = this.#bus;
    this.#bus = undefined;
    await bus?.close().catch(() => {});
  }
}

function isBlock(readLength: number): boolean {
  return readLength > 0 && readLength <= BLOCK_LIMIT_BYTES;
}

async function loadPackage(path: string) {
  try {
    return await import("i2c-bus");
  } catch (cause) {
    throw new DeviceError(path, "open", "refused", {
      detail: 'the optional package "i2c-bus" is not installed, or could not be built',
      cause,
    });
  }
}
