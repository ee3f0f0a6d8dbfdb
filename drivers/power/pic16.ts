/**
 * The PIC16 of an S9 hashboard, at 0x50 + chain - 1: voltage, switch, heartbeat, of a shipping driver [D]. S9 hashboards
 * hang on an FPGA and are refused, so no board names it and it is no `BoardSupplyDriver`: how long it goes on without a
 * beat is not known either.
 */
import { DeviceError } from "../../src/lib/errors.ts";
import type { SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";
import type { PeripheralClock } from "../../src/ports/peripherals.ts";
import { ask, askOnce, type BytewisePart, hexOf, type Question } from "./ds-pic-exchange.ts";

/** How often the shipping driver beats [D]. */
export const PIC16_BEAT_EVERY_S = 1;

/** What that driver lets an operator set [D]. */
export const PIC16_MIN_V = 7.95;
export const PIC16_MAX_V = 9.4;

/** Code of a voltage: higher is lower [D]. Throws RangeError outside 7.95 to 9.4 V. */
export function pic16CodeOf(voltageV: number): number {
  if (!(voltageV >= PIC16_MIN_V && voltageV <= PIC16_MAX_V))
    throw new RangeError(`${voltageV} V; allowed: ${PIC16_MIN_V} to ${PIC16_MAX_V} V`);
  return Math.round(OFFSET - CODES_PER_V * voltageV);
}

/** V that a code stands for. */
export function pic16VoltageOf(code: number): number {
  return (OFFSET - code) / CODES_PER_V;
}

const OFFSET = 1608.420446; // [D]
const CODES_PER_V = 170.423497; // [D]

const VERSION = 3; // [D]
const PATIENCE = { tries: 15, pauseMs: 100 }; // [D]

/** What a silent bus reads; no version and no code that can be set. */
const NOTHING = 0xff;

/** [D]; those that write its flash are left out on purpose. */
const commands = {
  setVoltage: 0x10,
  enable: 0x15,
  heartbeat: 0x16,
  version: 0x17,
  getVoltage: 0x18,
} as const;

/** All methods reject with DeviceError. */
export class Pic16 {
  readonly #part: BytewisePart;

  constructor(bus: SharedI2cBus, address: number, clock: PeripheralClock) {
    this.#part = { bus, address, clock, device: `PIC16@${hexOf(address)}` };
  }

  /** Rejects with "wrong-id" for any version but 3. */
  async identify(): Promise<void> {
    const found = await this.#readByte("read version", commands.version);
    if (found !== VERSION)
      throw new DeviceError(this.#part.device, "identify", "wrong-id", {
        detail: `version ${found}; known: ${VERSION}`,
      });
  }

  /** Throws RangeError outside 7.95 to 9.4 V; rejects with "refused" when it reads back another code. */
  async setVoltage(voltageV: number): Promise<void> {
    const code = pic16CodeOf(voltageV);
    await ask(this.#part, order("set voltage", commands.setVoltage, code), PATIENCE);
    const found = await this.#readByte("read voltage", commands.getVoltage);
    if (found !== code)
      throw new DeviceError(this.#part.device, "set voltage", "refused", {
        detail: `wrote code ${code}, reads ${found}`,
      });
  }

  async readVoltage(): Promise<number> {
    return pic16VoltageOf(await this.#readByte("read voltage", commands.getVoltage));
  }

  /** There is no reply that would confirm it. */
  async setEnabled(isEnabled: boolean, urgency: Urgency): Promise<void> {
    const operation = isEnabled ? "turn on" : "turn off";
    await askOnce(this.#part, order(operation, commands.enable, isEnabled ? 1 : 0), urgency);
  }

  async beat(): Promise<void> {
    await ask(this.#part, order("heartbeat", commands.heartbeat), PATIENCE);
  }

  #readByte(operation: string, command: number): Promise<number> {
    const question = { ...order(operation, command), replyLength: 1 };
    const decode = ([byte]: Uint8Array) => (byte === NOTHING ? undefined : byte);
    return ask(this.#part, { ...question, decode }, PATIENCE);
  }
}

/** `55 AA cmd data`, no length and no checksum in this generation [D]; nothing comes back. */
function order(operation: string, ...bytes: readonly number[]): Question<true> {
  return {
    operation,
    request: Uint8Array.of(0x55, 0xaa, ...bytes),
    replyLength: 0,
    replyAfterMs: 0,
    decode: () => true,
  };
}
