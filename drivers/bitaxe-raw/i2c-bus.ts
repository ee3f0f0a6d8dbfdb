/** The I²C bus of a bitaxe-raw board, through its control port. */

import { concatBytes } from "../../src/lib/bytes.ts";
import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import { type ControlReply, commands, pages, statuses } from "./control-frames.ts";
import type { ControlPort } from "./control-port.ts";

/** Transfers of up to 255 bytes each way. Disposing of it closes nothing: the port is the board's. */
export class BitaxeRawI2cBus implements I2cBus {
  readonly path: string;
  readonly #port: ControlPort;

  constructor(port: ControlPort) {
    this.path = `usb:${port.path}`;
    this.#port = port;
  }

  async transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const device = `${this.path}@0x${address.toString(16).padStart(2, "0")}`;
    const forbidden = reasonAgainst(address, write, readLength);
    if (forbidden !== undefined)
      throw new DeviceError(device, "transfer", "refused", { detail: forbidden });
    if (readLength === 0) {
      await this.#write(device, address, write);
      return new Uint8Array();
    }
    const reply = await this.#read(address, write, readLength);
    if (reply.is === "data" && !reply.isDoubtful) return reply.data;
    if (reply.is === "error" || readLength === LONGEST) throw failure(device, reply);
    // Data can look like an error of v0. An error has its own length; data is as long as one asks for.
    const longer = await this.#read(address, write, readLength + 1);
    if (longer.is === "error") throw failure(device, longer);
    return longer.data.subarray(0, readLength);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(device: string, address: number, write: Uint8Array): Promise<void> {
    const reply = await this.#port.request("I²C write", {
      page: pages.i2c,
      command: commands.i2cWrite,
      data: concatBytes(Uint8Array.of(address), write),
      // The firmware that was read replies with the number of bytes [D]; another might with nothing [?].
      replyLengths: [1, 0],
    });
    if (reply.is === "error") throw failure(device, reply);
    const count = reply.data[0];
    if (count !== undefined && count !== write.length)
      throw new DeviceError(device, "transfer", "nack", {
        detail: `${count} of ${write.length} bytes written`,
      });
  }

  #read(address: number, write: Uint8Array, readLength: number): Promise<ControlReply> {
    return this.#port.request("I²C read", {
      page: pages.i2c,
      command: write.length === 0 ? commands.i2cRead : commands.i2cWriteRead,
      data: concatBytes(Uint8Array.of(address), write, Uint8Array.of(readLength)),
      replyLengths: [readLength],
    });
  }
}

/** The number of bytes to read has one byte; the firmware holds 256 to write [D]. */
const LONGEST = 255;

function reasonAgainst(address: number, write: Uint8Array, readLength: number): string | undefined {
  if (!Number.isInteger(address) || address < 0x08 || address > 0x77)
    return "allowed: addresses from 0x08 to 0x77";
  if (!Number.isInteger(readLength) || readLength < 0 || readLength > LONGEST)
    return `${readLength} bytes to read; allowed: 0 to ${LONGEST}`;
  if (write.length > LONGEST) return `${write.length} bytes to write; allowed: 0 to ${LONGEST}`;
  return write.length + readLength === 0 ? "nothing to write and nothing to read" : undefined;
}

/** All that goes wrong on the bus is one message, "I2C Read Error" and the like [D]: mostly nobody answered. */
function failure(device: string, reply: ControlReply): DeviceError {
  if (reply.is === "data")
    return new DeviceError(device, "transfer", "crc", {
      detail: "an error or data, nobody can tell",
    });
  const code = CODES[reply.status] ?? "refused";
  const detail = reply.message === "" ? `status 0x${reply.status.toString(16)}` : reply.message;
  return new DeviceError(device, "transfer", code, { detail });
}

const CODES: Readonly<Record<number, DeviceErrorCode>> = {
  [statuses.timeout]: "timeout",
  [statuses.custom]: "nack",
};
