/** A UART of the kernel whose far end is on the host, and comes back to us over TCP. */

import { once } from "node:events";
import { closeSync, constants, existsSync, openSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { loadSystemCalls } from "../../../drivers/linux/gpio-character-device.ts";
import { openUart } from "../../../drivers/linux/uart.ts";
import { Signal } from "../../../src/lib/signal.ts";
import type { UartFixture } from "../uart.ts";
import { HOST } from "./host.ts";

export interface GuestUart {
  readonly path: string;
  /** Its name among the platform's devices. */
  readonly device: string;
}

const DRIVER = "/sys/bus/platform/drivers/imx-uart";
/** What the kernel's buffers of one tty surely hold. */
const UNREAD_LIMIT_BYTES = 16_384;
/** What a test before this one sent has arrived by then. */
const QUIET_MS = 150;

export async function openGuestUart(
  { path, device }: GuestUart,
  port: number,
  baudRate: number,
): Promise<UartFixture> {
  if (!existsSync(path)) writeFileSync(`${DRIVER}/bind`, device);
  const far = createConnection({ host: HOST, port, noDelay: true });
  await once(far, "connect");
  const listeners = new Signal<Uint8Array>();
  let isListening = false;
  let unheard: Uint8Array[] = [];
  far.on("data", (chunk: Uint8Array) => {
    if (isListening) listeners.emit(chunk);
    else unheard.push(chunk);
  });
  far.on("error", () => {});
  await sleep(QUIET_MS);
  unheard = [];
  const uart = await openUart(path, baudRate);
  const rateOf = await rateReader(path);
  return {
    uart,
    device: {
      write: (bytes) => void far.write(bytes.slice()),
      onData(listener) {
        const subscription = listeners.on(listener);
        isListening = true;
        for (const chunk of unheard.splice(0)) listeners.emit(chunk);
        return subscription;
      },
      hostBaudRate: rateOf,
      // The driver lets go of its device: what unplugging is for one that cannot be unplugged.
      vanish() {
        if (existsSync(path)) writeFileSync(`${DRIVER}/unbind`, device);
      },
    },
    pass: () => sleep(1),
    unreadLimitBytes: UNREAD_LIMIT_BYTES,
    // 80 MHz ÷ 16 × n ÷ d: 1 041 666.67 becomes 1 041 666 [D].
    rateWithinBaud: 1,
    async [Symbol.asyncDispose]() {
      rateOf.close();
      await uart[Symbol.asyncDispose]();
      far.destroy();
    },
  };
}

/** TCGETS2 of <asm-generic/ioctls.h> on 32 bits; struct termios2 ends with the speeds in and out. */
const GET_TERMIOS2 = 0x802c_542a;
const TERMIOS2_LENGTH = 44;
const OUTPUT_SPEED_OFFSET = 40;

/** The rate that the driver says it really has. */
async function rateReader(path: string): Promise<(() => number) & { close(): void }> {
  const system = await loadSystemCalls();
  if (system === undefined) throw new Error("koffi is missing");
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const read = () => {
    const termios = new Uint8Array(TERMIOS2_LENGTH);
    system.ioctl(fd, GET_TERMIOS2, termios);
    return new DataView(termios.buffer).getUint32(OUTPUT_SPEED_OFFSET, true);
  };
  return Object.assign(read, { close: () => closeSync(fd) });
}
