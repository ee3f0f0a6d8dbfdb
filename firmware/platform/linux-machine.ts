/** The machine under the guard: its clock, and its I²C buses, lines, fans, watchdog and USB boards. */
import { openInput, openOutput, openTachometer } from "../../drivers/linux/gpio.ts";
import { openI2cBus } from "../../drivers/linux/i2c.ts";
import { readMachineFacts } from "../../drivers/linux/machine-facts.ts";
import { openPwm } from "../../drivers/linux/pwm.ts";
import { openUart } from "../../drivers/linux/uart.ts";
import { openWatchdog } from "../../drivers/linux/watchdog.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import { SystemClock } from "./system-clock.ts";

export function linuxMachine(): MachinePlatform {
  const clock = new SystemClock();
  return {
    clock,
    readFacts: () => readMachineFacts(),
    openI2c: openI2cBus,
    openOutput: (line, active) => openOutput(line, active),
    openInput: (line) => openInput(line),
    openPwm: (pwm) => openPwm(pwm),
    openTachometer: (line, pulsesPerTurn) => openTachometer(line, pulsesPerTurn, clock),
    openWatchdog: (path, timeoutS) => openWatchdog(path, timeoutS),
    openUart,
  };
}
