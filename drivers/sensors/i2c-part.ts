/** A part with 8-bit register numbers at one address, spoken to in whole conversations. */

import { toHex } from "../../src/lib/bytes.ts";
import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";
import type { I2cBus, SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";

export class I2cPart {
  /** E.g. "TMP1075@0x48". */
  readonly name: string;
  readonly #bus: SharedI2cBus;
  readonly #address: number;

  constructor(bus: SharedI2cBus, part: string, address: number) {
    this.name = `${part}@0x${address.toString(16).padStart(2, "0")}`;
    this.#bus = bus;
    this.#address = address;
  }

  /** One turn on the bus. What fails there rejects as DeviceError of this part and `operation`, with the bus's code. */
  async converse<T>(
    operation: string,
    talk: (registers: Registers) => Promise<T>,
    urgency: Urgency = "routine",
  ): Promise<T> {
    try {
      return await this.#bus.converse(urgency, (bus) =>
        talk(new Registers(bus, this.#address, this.name, operation)),
      );
    } catch (cause) {
      if (!(cause instanceof DeviceError) || cause.device === this.name) throw cause;
      throw new DeviceError(this.name, operation, cause.code, { detail: cause.message, cause });
    }
  }
}

/** The part's registers while the conversation lasts. */
export class Registers {
  readonly #bus: Pick<I2cBus, "transfer">;
  readonly #address: number;
  readonly #name: string;
  readonly #operation: string;

  constructor(bus: Pick<I2cBus, "transfer">, address: number, name: string, operation: string) {
    this.#bus = bus;
    this.#address = address;
    this.#name = name;
    this.#operation = operation;
  }

  /** Rejects with "nack" when the part gives fewer bytes than asked for. */
  async read(register: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#bus.transfer(this.#address, Uint8Array.of(register), length);
    if (bytes.length === length) return bytes;
    throw this.failure("nack", `register ${hex(register)}: ${bytes.length} of ${length} bytes`);
  }

  async readByte(register: number): Promise<number> {
    return (await this.read(register, 1))[0] as number;
  }

  /** High byte first. */
  async readWord(register: number): Promise<number> {
    const [high, low] = (await this.read(register, 2)) as unknown as [number, number];
    return (high << 8) | low;
  }

  async write(register: number, ...bytes: readonly number[]): Promise<void> {
    await this.#bus.transfer(this.#address, Uint8Array.of(register, ...bytes), 0);
  }

  /** Writes, and rejects with "refused" unless the part reads back the same. */
  async writeChecked(register: number, ...bytes: readonly number[]): Promise<void> {
    await this.write(register, ...bytes);
    const found = toHex(await this.read(register, bytes.length));
    const wanted = toHex(Uint8Array.from(bytes));
    if (found !== wanted)
      throw this.failure("refused", `register ${hex(register)}: wrote ${wanted}, reads ${found}`);
  }

  /** Rejects with "wrong-id" unless the register has one of the values. */
  async expectId(register: number, allowed: readonly number[]): Promise<void> {
    const id = await this.readByte(register);
    if (allowed.includes(id)) return;
    const wanted = allowed.map(hex).join(" or ");
    throw this.failure("wrong-id", `register ${hex(register)} is ${hex(id)}, not ${wanted}`);
  }

  failure(code: DeviceErrorCode, detail: string): DeviceError {
    return new DeviceError(this.#name, this.#operation, code, { detail });
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
