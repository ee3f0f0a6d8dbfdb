/**
 * One request and its reply, one byte per I²C transaction: how the microcontrollers on hashboards and in power supplies
 * want to be spoken to [C].
 */
import { toHex } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus, SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";
import type { PeripheralClock } from "../../src/ports/peripherals.ts";

export interface BytewisePart {
  readonly bus: SharedI2cBus;
  readonly address: number;
  readonly clock: PeripheralClock;
  /** For messages, e.g. "dsPIC@0x20". */
  readonly device: string;
  /** Register that precedes each byte, in both directions; absent for parts without registers. */
  readonly register?: number;
}

export interface Question<T> {
  /** For messages, e.g. "read version". */
  readonly operation: string;
  readonly request: Uint8Array;
  readonly replyLength: number;
  readonly replyAfterMs: number;
  /** `undefined` when the bytes are no reply to this request. */
  readonly decode: (reply: Uint8Array) => T | undefined;
}

export interface Patience {
  readonly tries: number;
  readonly pauseMs: number;
}

/** Where a part has not the last word: what came instead of a proper reply. */
export type Answer<T> = { readonly value: T } | { readonly failure: DeviceError };

/**
 * Asks until there is a proper reply. Each try is a conversation of its own, so that what is urgent gets in between.
 * Rejects with DeviceError: "timeout" for silence, "crc" for a broken or stale reply, "nack", and those of the bus.
 */
export async function ask<T>(
  part: BytewisePart,
  question: Question<T>,
  { tries, pauseMs }: Patience,
): Promise<T> {
  for (let left = tries - 1; ; left--) {
    const answer = await converse(part, question, "routine");
    if ("value" in answer) return answer.value;
    if (left <= 0) throw answer.failure;
    await part.clock.sleep(pauseMs);
  }
}

/** One conversation, no second try. Rejects as `ask` does. */
export async function askOnce<T>(
  part: BytewisePart,
  question: Question<T>,
  urgency: Urgency,
): Promise<T> {
  return answered(await converse(part, question, urgency));
}

export function answered<T>(answer: Answer<T>): T {
  if ("failure" in answer) throw answer.failure;
  return answer.value;
}

function converse<T>(
  part: BytewisePart,
  question: Question<T>,
  urgency: Urgency,
): Promise<Answer<T>> {
  return part.bus.converse(urgency, (i2c) => exchange(part, question, i2c));
}

/** The exchange itself. Throws only what asking again cannot mend: a bus that hangs, or is gone. */
export async function exchange<T>(
  part: Omit<BytewisePart, "bus">,
  { operation, request, replyLength, replyAfterMs, decode }: Question<T>,
  i2c: Pick<I2cBus, "transfer">,
): Promise<Answer<T>> {
  const register = part.register === undefined ? [] : [part.register];
  const reply = new Uint8Array(replyLength);
  try {
    for (const byte of request)
      await i2c.transfer(part.address, Uint8Array.of(...register, byte), 0);
    await part.clock.sleep(replyAfterMs);
    for (let i = 0; i < replyLength; i++) {
      const [byte] = await i2c.transfer(part.address, Uint8Array.from(register), 1);
      reply[i] = byte ?? UNDRIVEN;
    }
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== "nack") throw error;
    const options = { detail: error.message, cause: error };
    return { failure: new DeviceError(part.device, operation, "nack", options) };
  }
  const value = decode(reply);
  if (value !== undefined) return { value };
  const isSilent = reply.every((byte) => byte === UNDRIVEN);
  const detail = isSilent ? "no reply" : `replied ${toHex(reply)}`;
  const code = isSilent ? "timeout" : "crc";
  return { failure: new DeviceError(part.device, operation, code, { detail }) };
}

/** What a bus reads that nobody drives. */
const UNDRIVEN = 0xff;

/** 16-bit sum of `bytes[from]` up to, not including, `bytes[to]`. */
export function sum16(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i] as number;
  return sum & 0xffff;
}

/** "0x" and at least two digits. */
export function hexOf(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
