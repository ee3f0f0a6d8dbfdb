import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { linuxMachine } from "../../../firmware/platform/linux-machine.ts";

test("the machine tells its facts and its time", async () => {
  const machine = linuxMachine();
  const facts = await machine.readFacts();
  for (const path of facts.i2cBuses) expect(existsSync(path)).toBe(true);
  expect(machine.clock.nowMs()).toBeGreaterThan(0);
});

test("what no machine has is not found, by name, and nothing is left open", async () => {
  const machine = linuxMachine();
  const line = { label: "nothing", chip: "no such chip", offset: 0 };
  const attempts = [
    () => machine.openI2c("/dev/i2c-987"),
    () => machine.openOutput(line, false),
    () => machine.openInput(line),
    () => machine.openTachometer(line, 2),
    () => machine.openPwm({ label: "nothing", chip: "pwmchip987", channel: 0, periodNs: 40_000 }),
    () => machine.openWatchdog("/dev/watchdog987", 15),
    () => machine.openUart("/dev/ttyNone7", 115_200),
  ];
  for (const attempt of attempts)
    await expect(attempt()).rejects.toMatchObject({ name: "DeviceError", code: "not-found" });
});
