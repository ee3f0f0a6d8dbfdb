import { describe, test } from "vitest";
import { openUart } from "../../drivers/linux/uart.ts";
import { openPty } from "../../simulator/pty.ts";
import { openSimUart } from "../../simulator/sim-uart.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type UartFixture, uartContract } from "./uart.ts";

describe("a UART of this machine over a PTY", () => {
  uartContract(test, async (baudRate) => {
    const pty = await openPty();
    const uart = await openUart(pty.path, baudRate);
    return {
      uart,
      device: {
        write: (bytes) => pty.write(bytes),
        onData: (listener) => pty.onData(listener),
        hostBaudRate: () => pty.hostBaudRate(),
        vanish: () => pty.close(),
      },
      pass: () => new Promise((resolve) => setImmediate(resolve)),
      async [Symbol.asyncDispose]() {
        await uart[Symbol.asyncDispose]();
        await pty.close();
      },
    };
  });
});

describe("a simulated UART without transmission time", () => {
  uartContract(test, (baudRate) => openSimulated(baudRate, false));
});

describe("a simulated UART whose bytes take their time", () => {
  uartContract(test, (baudRate) => openSimulated(baudRate, true));
});

async function openSimulated(baudRate: number, isPaced: boolean): Promise<UartFixture> {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock, baudRate, isPaced });
  return {
    uart,
    device,
    pass: () => clock.advance(1_000),
    [Symbol.asyncDispose]: () => uart[Symbol.asyncDispose](),
  };
}
