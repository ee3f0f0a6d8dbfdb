/** Pins of a bitaxe-raw board as lines: numbers of its firmware, not of its chip. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { InputLine, OutputLine } from "../../src/ports/lines.ts";
import { pages } from "./control-frames.ts";
import type { ControlPort } from "./control-port.ts";

export interface BitaxeRawPin {
  /** What it does, for messages. */
  readonly label: string;
  /** Bitaxe: 0 chip reset. emberOne: 0 chip reset, 1 chip power, 2 chip I/O power [D]. */
  readonly pin: number;
  /** The electrical level is low while the line is active. */
  readonly activeLow?: boolean;
}

/** Resolves when the pin is at `active`. Disposing of the line leaves it as it is. */
export async function openOutputPin(
  port: ControlPort,
  pin: BitaxeRawPin,
  active: boolean,
): Promise<OutputLine> {
  await setPin(port, pin, active);
  return {
    label: pin.label,
    set: (isActive) => setPin(port, pin, isActive),
    async [Symbol.asyncDispose]() {},
  };
}

export function inputPin(port: ControlPort, pin: BitaxeRawPin): InputLine {
  return {
    label: pin.label,
    async get() {
      const level = await gpio(port, pin, "read", new Uint8Array());
      return (level === 1) !== isInverted(pin);
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function setPin(port: ControlPort, pin: BitaxeRawPin, active: boolean): Promise<void> {
  const level = active !== isInverted(pin) ? 1 : 0;
  const found = await gpio(port, pin, "set", Uint8Array.of(level));
  if (found !== level) throw failure(port, pin, "set", `wrote ${level}, it is ${found}`);
}

/** The level that the reply carries. */
async function gpio(
  port: ControlPort,
  pin: BitaxeRawPin,
  verb: "read" | "set",
  data: Uint8Array,
): Promise<0 | 1> {
  const request = { page: pages.gpio, command: pin.pin, data, replyLengths: [1] };
  const [level] = await port.demand(`${verb} ${pin.label}`, request);
  if (level === 0 || level === 1) return level;
  throw failure(port, pin, verb, `level ${level}`);
}

function isInverted({ activeLow }: BitaxeRawPin): boolean {
  return activeLow === true;
}

function failure(port: ControlPort, pin: BitaxeRawPin, verb: string, detail: string): DeviceError {
  return new DeviceError(port.path, `${verb} ${pin.label}`, "crc", { detail });
}
