/**
 * The contract suites on a real kernel's devices, inside of the emulated control board: a program of its own, without
 * vitest. Which device is what: simulator/control-board/README.md. Started by simulator/control-board/guest-contracts.ts.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openInput, openOutput } from "../../../drivers/linux/gpio.ts";
import { openHwmonSensor } from "../../../drivers/linux/hwmon.ts";
import { openI2cBus } from "../../../drivers/linux/i2c.ts";
import { openWatchdog } from "../../../drivers/linux/watchdog.ts";
import type { LineSpec } from "../../../src/ports/lines.ts";
import { type I2cBusFixture, i2cBusContract } from "../i2c-bus.ts";
import { inputLineContract, outputLineContract } from "../lines.ts";
import { uartContract } from "../uart.ts";
import { watchdogContract } from "../watchdog.ts";
import { connectHost } from "./host.ts";
import { sequence } from "./sequence.ts";
import { openGuestUart } from "./uart-fixture.ts";

const { values } = parseArgs({
  options: { "host-port": { type: "string" }, "uart-port": { type: "string" } },
});
const host = await connectHost(Number(values["host-port"]));
const { suite, run } = sequence((line) => process.stdout.write(`${line}\n`));

const UART = { path: "/dev/ttymxc4", device: "21f4000.serial" };
uartContract(suite("the kernel's UART"), (baudRate) =>
  openGuestUart(UART, Number(values["uart-port"]), baudRate),
);

const I2C = "/dev/i2c-0";
async function openBus(register: I2cBusFixture["register"]): Promise<I2cBusFixture> {
  const bus = await openI2cBus(I2C);
  return {
    bus,
    register,
    absentAddress: 0x0b,
    absentCode: "timeout",
    pass: () => new Promise((resolve) => setImmediate(resolve)),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
i2cBusContract(suite("the kernel's I²C, a tmp105 behind the mux"), () =>
  openBus({
    address: 0x48,
    pointer: 2,
    contents: [Uint8Array.of(0x50, 0x00), Uint8Array.of(0x4b, 0x00)],
  }),
);

/** Of GPIO5, which nothing else on this board uses. */
const BANK = 5;
const CHIP = { chip: "20ac000.gpio", firstNumber: 128 };
for (const isActiveLow of [false, true]) {
  const polarity = isActiveLow ? "active low" : "active high";
  const kinds: readonly (readonly [string, LineSpec, number])[] = [
    ["of the character device", { label: "line", chip: CHIP.chip, offset: 16 }, 16],
    ["of sysfs", { label: "line", sysfs: CHIP.firstNumber + 17 }, 17],
  ];
  for (const [kind, spec, line] of kinds) {
    const asDeclared = { ...spec, activeLow: isActiveLow };
    outputLineContract(suite(`the kernel's line ${kind}, output, ${polarity}`), async () => ({
      isActiveLow,
      isImmediate: true,
      open: (active) => openOutput(asDeclared, active),
      level: () => host.levelOf(BANK, line),
      async [Symbol.asyncDispose]() {},
    }));
    inputLineContract(suite(`the kernel's line ${kind}, input, ${polarity}`), async () => {
      const input = await openInput(asDeclared);
      return {
        input,
        isActiveLow,
        setLevel: (level) => host.drive(BANK, line, level),
        [Symbol.asyncDispose]: () => input[Symbol.asyncDispose](),
      };
    });
  }
}

// The first is the processor's own, the second one of the kernel's software.
for (const path of ["/dev/watchdog0", "/dev/watchdog1"])
  watchdogContract(suite(`the kernel's ${path}`), async () => ({
    open: (timeoutS) => openWatchdog(path, timeoutS),
    canDisarm: true,
    async [Symbol.asyncDispose]() {},
  }));

suite("the kernel's hwmon")("a sensor that lm75 drives reads what it was heated to", async () => {
  const adapter = "/sys/bus/i2c/devices/i2c-0";
  writeFileSync(`${adapter}/new_device`, "tmp105 0x4a");
  try {
    const sensor = await openHwmonSensor({ name: "tmp105", input: "temp1" });
    for (const temperatureC of [61.5, -4.25, 93.125]) {
      await host.heat(2, temperatureC);
      // The kernel's driver keeps a reading for as long as a conversion takes.
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(await sensor.readC(), temperatureC);
    }
  } finally {
    writeFileSync(`${adapter}/delete_device`, "0x4a");
  }
});

process.exitCode = (await run()) ? 0 : 1;
host.close();
