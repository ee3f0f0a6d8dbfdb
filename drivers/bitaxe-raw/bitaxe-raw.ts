/** A board behind bitaxe-raw firmware: its I²C bus, pins, converter and lamp through one control port [D]. */

import { equalBytes, viewOf } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import type { InputLine, OutputLine } from "../../src/ports/lines.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { type ControlProtocol, commands, pages } from "./control-frames.ts";
import { ControlLink, type LinkClock } from "./control-link.ts";
import { ControlPort } from "./control-port.ts";
import { BitaxeRawI2cBus } from "./i2c-bus.ts";
import { type BitaxeRawPin, inputPin, openOutputPin } from "./pins.ts";

/** All methods reject with DeviceError. */
export interface BitaxeRaw extends AsyncDisposable {
  readonly protocol: ControlProtocol;
  readonly i2c: I2cBus;
  /** The pin is at `active` when it resolves. */
  openOutput(pin: BitaxeRawPin, active: boolean): Promise<OutputLine>;
  openInput(pin: BitaxeRawPin): Promise<InputLine>;
  /** Rejects with "refused" when the board confirms another frequency. */
  setI2cFrequency(frequencyHz: number): Promise<void>;
  /** mV as one description has it, the converter's raw count as the emberOne firmware's source has it [?]. */
  readAdc(channel: "vdd" | "vin"): Promise<number>;
  /** 0 to 255 each. Not on every board. */
  setLed(red: number, green: number, blue: number): Promise<void>;
}

/**
 * Finds out which of the two protocols the board speaks, unless told, by reading pin 0, which every board has. The UART is
 * the control port, its rate does not matter, and it is closed with the board. Rejects with "wrong-id" for other dialects.
 */
export async function openBitaxeRaw(
  uart: Uart,
  clock: LinkClock,
  options: { readonly protocol?: ControlProtocol } = {},
): Promise<BitaxeRaw> {
  const link = new ControlLink(uart, clock);
  try {
    return boardOn(link, options.protocol ?? (await detectProtocol(link)));
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

/** A port that was just opened may lose the first reply; ours. */
const TRIES = 3;

/**
 * By asking, because the release number does not tell: it is said to be v1 from minor release 1 on [D], and the minor number starts
 * again at 0 with each revision of the hardware [D].
 */
async function detectProtocol(link: ControlLink): Promise<ControlProtocol> {
  for (let triesLeft = TRIES - 1; ; triesLeft--) {
    try {
      if (await speaks("v0", link)) return "v0";
      if (await speaks("v1", link)) return "v1";
      throw new DeviceError(link.path, "identify", "wrong-id", {
        detail: "replies in neither protocol",
      });
    } catch (error) {
      const isLost = error instanceof DeviceError && error.code === "timeout";
      if (!isLost || triesLeft === 0) throw error;
    }
  }
}

async function speaks(protocol: ControlProtocol, link: ControlLink): Promise<boolean> {
  const request = { page: pages.gpio, command: 0, data: new Uint8Array(), replyLengths: [1] };
  try {
    return (await link.request(protocol, "identify", request)).is === "data";
  } catch (error) {
    // A reply of the other protocol makes no sense in this one.
    if (error instanceof DeviceError && error.code === "crc") return false;
    throw error;
  }
}

function boardOn(link: ControlLink, protocol: ControlProtocol): BitaxeRaw {
  const port = new ControlPort(link, protocol);
  return {
    protocol,
    i2c: new BitaxeRawI2cBus(port),
    openOutput: (pin, active) => openOutputPin(port, pin, active),
    openInput: async (pin) => inputPin(port, pin),
    async setI2cFrequency(frequencyHz) {
      const data = new Uint8Array(4);
      viewOf(data).setUint32(0, frequencyHz, true);
      const operation = "set I²C frequency";
      const request = { page: pages.i2c, command: commands.i2cSetFrequency, data };
      const echo = await port.demand(operation, { ...request, replyLengths: [4, 0] });
      if (echo.length > 0 && !equalBytes(echo, data))
        throw new DeviceError(port.path, operation, "refused", {
          detail: `asked for ${frequencyHz} Hz, confirmed ${viewOf(echo).getUint32(0, true)} Hz`,
        });
    },
    async readAdc(channel) {
      const command = channel === "vdd" ? commands.adcVdd : commands.adcVin;
      const request = { page: pages.adc, command, data: new Uint8Array(), replyLengths: [2] };
      return viewOf(await port.demand(`read ${channel}`, request)).getUint16(0, true);
    },
    async setLed(red, green, blue) {
      const data = Uint8Array.of(red, green, blue);
      const request = { page: pages.led, command: commands.ledSet, data, replyLengths: [3, 0] };
      await port.demand("set LED", request);
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
