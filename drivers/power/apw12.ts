/**
 * Power supplies of the APW12 class, at 0x10: register 0x11 takes and gives one byte at a time (captured on an S19 Pro,
 * type 0x71 [C]). Some units speak through register 0x00 instead [?]; those do not answer here.
 */
import { toHex } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import type {
  PeripheralClock,
  PowerSupply,
  PowerSupplyDriver,
  PowerSupplyIdentity,
} from "../../src/ports/peripherals.ts";
import { APW12_REPLY, apw12Commands, apw12Request, decodeApw12 } from "./apw12-frame.ts";
import { type Apw12Type, apw12CodeOf, apw12TypeOf, apw12VoltageOf } from "./apw12-types.ts";
import { ask, type BytewisePart, hexOf, type Patience, type Question } from "./ds-pic-exchange.ts";

export const apw12: PowerSupplyDriver = {
  part: "APW12",
  open: (bus, address, clock) => new Apw12(bus, address, clock),
};

const REGISTER = 0x11; // [C]
/** Some units need it [C]; stock firmware waits as long for all [D]. */
const REPLY_AFTER_MS = 400;
/** Codes that were seen have one byte. */
const HIGHEST_CODE = 255;
/** Lost and stale replies happen in the field: the whole request again, as stock firmware does [D]. */
const PATIENCE: Patience = { tries: 3, pauseMs: 100 };

export class Apw12 implements PowerSupply {
  readonly #part: BytewisePart;
  /** Known only after `identify`: the same code is another voltage for another type. */
  #type: Apw12Type | undefined;

  constructor(bus: SharedI2cBus, address: number, clock: PeripheralClock) {
    this.#part = { bus, address, clock, device: `APW12@${hexOf(address)}`, register: REGISTER };
  }

  async identify(): Promise<PowerSupplyIdentity> {
    this.#type = undefined;
    const code = await this.#ask("read type", apw12Commands.type);
    const type = apw12TypeOf(code);
    if (type === undefined)
      throw this.#failure("identify", "wrong-id", `type ${hexOf(code)}, no clamp known for it`);
    this.#type = type;
    return { type: hexOf(code), minV: type.minV, maxV: type.maxV };
  }

  /** The number of its firmware. */
  readFirmware(): Promise<number> {
    return this.#ask("read firmware", apw12Commands.firmware);
  }

  /** Resolves when the supply has echoed the request, and reads back the same code where its type can. */
  async setVoltage(voltageV: number): Promise<void> {
    const operation = "set voltage";
    const type = this.#identified(operation);
    const code = apw12CodeOf(type, voltageV);
    const request = apw12Request(apw12Commands.setVoltage, code, 0);
    const decode = (reply: Uint8Array) => toHex(reply) === toHex(request) || undefined;
    await this.#put({ operation, request, decode });
    if (type.readsBack !== true) return;
    const found = await this.#readCode(operation);
    if (found !== code)
      throw this.#failure(operation, "refused", `wrote code ${code}, reads ${found}`);
  }

  /** Null when a supply whose type is not known to be able to does not answer properly. */
  async readVoltage(): Promise<number | null> {
    const operation = "read voltage";
    const type = this.#identified(operation);
    try {
      return apw12VoltageOf(type, await this.#readCode(operation));
    } catch (error) {
      if (type.readsBack === true || !this.#isNoAnswer(error)) throw error;
      return null;
    }
  }

  #identified(operation: string): Apw12Type {
    if (this.#type !== undefined) return this.#type;
    throw this.#failure(operation, "refused", "its type has not been read");
  }

  async #readCode(operation: string): Promise<number> {
    const code = await this.#ask(operation, apw12Commands.getVoltage);
    if (code <= HIGHEST_CODE) return code;
    throw this.#failure(operation, "crc", `code ${code}; allowed: up to ${HIGHEST_CODE}`);
  }

  /** Asks for 16 bits. */
  #ask(operation: string, command: number): Promise<number> {
    const request = apw12Request(command);
    return this.#put({ operation, request, decode: (reply) => decodeApw12(reply, command) });
  }

  #put<T>(question: Pick<Question<T>, "operation" | "request" | "decode">): Promise<T> {
    const timing = { replyLength: APW12_REPLY, replyAfterMs: REPLY_AFTER_MS };
    return ask(this.#part, { ...question, ...timing }, PATIENCE);
  }

  /** The bus works and the supply is there, but says nothing that makes sense. */
  #isNoAnswer(error: unknown): boolean {
    if (!(error instanceof DeviceError) || error.device !== this.#part.device) return false;
    return error.code === "timeout" || error.code === "crc";
  }

  #failure(operation: string, code: "crc" | "refused" | "wrong-id", detail: string): DeviceError {
    return new DeviceError(this.#part.device, operation, code, { detail });
  }
}
