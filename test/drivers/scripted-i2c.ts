/** A bus whose parts are tables of registers, so that a test sees every byte and every turn. */
import { toHex } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus, SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";

/** What a register holds, high byte first or as the part has it; a function for what changes by itself. */
export type Content = readonly number[] | (() => readonly number[]);

export class ScriptedPart {
  readonly registers = new Map<number, Content>();
  /** Registers that acknowledge a write and keep what they have. */
  readonly readOnly = new Set<number>();
  /** All writes of data, in hex with the register first. */
  readonly writes: string[] = [];

  constructor(registers: Readonly<Record<number, Content>> = {}) {
    for (const [register, content] of Object.entries(registers))
      this.registers.set(Number(register), content);
  }

  set(register: number, ...content: readonly number[]): this {
    this.registers.set(register, content);
    return this;
  }

  get(register: number): readonly number[] {
    const content = this.registers.get(register) ?? [];
    return typeof content === "function" ? content() : content;
  }

  transfer(write: Uint8Array, readLength: number): Uint8Array {
    const [register = 0, ...data] = write;
    if (data.length > 0 || readLength === 0) this.writes.push(toHex(write));
    if (data.length > 0 && !this.readOnly.has(register)) this.registers.set(register, data);
    // Nobody drives the lines behind a register's last byte.
    return Uint8Array.from({ length: readLength }, (_, i) => this.get(register)[i] ?? 0xff);
  }
}

export class ScriptedI2c implements SharedI2cBus {
  readonly path = "/dev/i2c-test";
  readonly parts = new Map<number, Pick<ScriptedPart, "transfer">>();
  /** The urgency of every turn. */
  readonly turns: Urgency[] = [];
  #last: Promise<unknown> = Promise.resolve();

  with(address: number, part: Pick<ScriptedPart, "transfer">): this {
    this.parts.set(address, part);
    return this;
  }

  converse<T>(urgency: Urgency, talk: (bus: Pick<I2cBus, "transfer">) => Promise<T>): Promise<T> {
    this.turns.push(urgency);
    const turn = this.#last.then(() => talk({ transfer: (...args) => this.#transfer(...args) }));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const part = this.parts.get(address);
    if (part === undefined) throw new DeviceError(this.path, "transfer", "nack");
    return part.transfer(write, readLength);
  }
}
