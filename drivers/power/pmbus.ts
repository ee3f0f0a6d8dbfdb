/** PMBus: the two ways in which it writes numbers, and how commands go over the bus (PMBus 1.3 part II, sections 7 and 8). */
import type { Registers } from "../sensors/i2c-part.ts";

/** How a command's bytes are meant; words go low byte first. */
export type PmbusFormat = "byte" | "word" | "slinear11" | "ulinear16" | "block";

export interface PmbusCommand {
  readonly name: string;
  readonly code: number;
  readonly format: PmbusFormat;
}

const MANTISSA_MIN = -1024;
const MANTISSA_MAX = 1023;
const EXPONENT_MIN = -16;
const EXPONENT_MAX = 15;

/** Bits 15 to 11 exponent, 10 to 0 mantissa, both signed. */
export function decodeSlinear11(word: number): number {
  const exponent = (word << 16) >> 27;
  const mantissa = (word << 21) >> 21;
  return mantissa * 2 ** exponent;
}

/** The nearest word; whole numbers keep exponent 0, as they have in captured settings. Throws RangeError when none is near. */
export function encodeSlinear11(value: number): number {
  if (Number.isInteger(value) && fitsMantissa(value)) return value & 0x7ff;
  for (let exponent = EXPONENT_MIN; exponent <= EXPONENT_MAX; exponent++) {
    const mantissa = Math.round(value / 2 ** exponent);
    if (fitsMantissa(mantissa)) return ((exponent & 0x1f) << 11) | (mantissa & 0x7ff);
  }
  throw new RangeError(`SLINEAR11: ${value} does not fit`);
}

/** Exponent of voltages, from VOUT_MODE; null when the part is set to another format. */
export function ulinear16Exponent(voutMode: number): number | null {
  const isLinear = (voutMode & 0x60) === 0;
  return isLinear ? (voutMode << 27) >> 27 : null;
}

export function decodeUlinear16(word: number, exponent: number): number {
  return word * 2 ** exponent;
}

/** The nearest word. Throws RangeError when it has more than 16 bits. */
export function encodeUlinear16(value: number, exponent: number): number {
  const word = Math.round(value / 2 ** exponent);
  if (word >= 0 && word <= 0xffff) return word;
  throw new RangeError(`ULINEAR16: ${value} does not fit with exponent ${exponent}`);
}

/** Bytes of a number as the command wants them. `exponent` is that of VOUT_MODE. */
export function pmbusBytes(
  { name, format }: PmbusCommand,
  value: number,
  exponent: number,
): readonly number[] {
  if (format === "byte") return [value];
  if (format === "word") return lowFirst(value);
  if (format === "slinear11") return lowFirst(encodeSlinear11(value));
  if (format === "ulinear16") return lowFirst(encodeUlinear16(value, exponent));
  throw new RangeError(`${name} is a ${format}, not a number`);
}

/** Reads a number. `exponent` is that of VOUT_MODE. */
export async function readPmbus(
  registers: Registers,
  { name, code, format }: PmbusCommand,
  exponent = 0,
): Promise<number> {
  if (format === "block") throw new RangeError(`${name} is a block, not a number`);
  if (format === "byte") return registers.readByte(code);
  const [low, high] = (await registers.read(code, 2)) as unknown as [number, number];
  const word = (high << 8) | low;
  if (format === "slinear11") return decodeSlinear11(word);
  return format === "ulinear16" ? decodeUlinear16(word, exponent) : word;
}

function lowFirst(word: number): readonly number[] {
  return [word & 0xff, word >> 8];
}

function fitsMantissa(mantissa: number): boolean {
  return mantissa >= MANTISSA_MIN && mantissa <= MANTISSA_MAX;
}
