import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as emc2101 from "../../../drivers/sensors/emc2101.ts";
import * as emc2103 from "../../../drivers/sensors/emc2103.ts";
import * as lm75 from "../../../drivers/sensors/lm75.ts";
import * as tmp451 from "../../../drivers/sensors/tmp451.ts";
import type { TemperatureSensorDriver } from "../../../src/ports/peripherals.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedI2c } from "../scripted-i2c.ts";
import { ADDRESS, babbling, isFiniteOrDeviceError, outcomeOf } from "./support.ts";

const drivers = [lm75, tmp451, emc2101, emc2103]
  .flatMap((module) => Object.values(module))
  .filter((value): value is TemperatureSensorDriver => typeof value === "object");

describe("whatever answers", () => {
  test("all drivers are here, each with a name of its own", () => {
    expect(new Set(drivers.map(({ part }) => part)).size).toBe(16);
  });

  test.each(drivers)("$part gives a finite number or a DeviceError", async (driver) => {
    await fc.assert(
      fc.asyncProperty(babbling, async (part) => {
        const bus = new ScriptedI2c().with(ADDRESS, part);
        const sensor = driver.open(bus, ADDRESS);
        for (let i = 0; i < 2; i++)
          expect(isFiniteOrDeviceError(await outcomeOf(sensor.readC()))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

test("every temperature vector belongs to somebody", () => {
  // The chip's own sensor is read over its UART, and the tachometers are the fans'.
  const elsewhere = /^(LM75|TMP451|EMC210.*(external|tach)|BM1368 on-die)/;
  expect(vectors.temperature.filter(({ sensor }) => !elsewhere.test(sensor))).toEqual([]);
});
