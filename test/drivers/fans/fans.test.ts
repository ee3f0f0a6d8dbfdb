import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dutySteps } from "../../../drivers/fans/duty.ts";
import {
  emc230xToRpm,
  emc2103Fan,
  emc2302Fans,
  emc2305Fans,
} from "../../../drivers/fans/emc230x.ts";
import { emc2101Fan, emc2101ToRpm } from "../../../drivers/fans/emc2101.ts";
import type { FanControllerDriver } from "../../../src/ports/peripherals.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedI2c, ScriptedPart } from "../scripted-i2c.ts";
import { babbling, isFiniteOrDeviceError, outcomeOf } from "../sensors/support.ts";

const ADDRESS = 0x2e;
const RANGE_2 = 0x2b;

function openOn(driver: FanControllerDriver, part?: ScriptedPart) {
  const bus = new ScriptedI2c();
  if (part !== undefined) bus.with(ADDRESS, part);
  return { bus, fan: driver.open(bus, ADDRESS) };
}

const emc2101 = () =>
  new ScriptedPart({
    ...{ 3: [0], 74: [0x20], 76: [0], 70: [0x08], 71: [0x07] },
    ...{ 253: [0x16], 254: [0x5d] },
  });
const emc2103 = () =>
  new ScriptedPart({
    ...{ 64: [0], 66: [RANGE_2], 78: [0x4e], 79: [0x20] },
    ...{ 253: [0x26], 254: [0x5d] },
  });
const emc2302 = () =>
  new ScriptedPart({
    ...{ 48: [0], 50: [RANGE_2], 62: [0x4e], 63: [0x20] },
    ...{ 64: [0], 66: [RANGE_2], 78: [0xff], 79: [0xf8] },
    ...{ 253: [0x36], 254: [0x5d] },
  });

const vectorOf = (sensor: string) => {
  const vector = vectors.temperature.find((entry) => entry.sensor.startsWith(sensor));
  const word = Number.parseInt(vector?.raw ?? "", 16);
  return { high: word >> 8, low: word & 0xff, rpm: vector?.rpm };
};

describe("tachometers", () => {
  test("EMC2101: the vector", async () => {
    const { high, low, rpm } = vectorOf("EMC2101 tach");
    expect(rpm).toBe(3000);
    const part = emc2101().set(0x46, low).set(0x47, high);
    expect(await openOn(emc2101Fan, part).fan.readRpm()).toEqual([rpm]);
  });

  test("EMC2103: the vector", async () => {
    const { high, low, rpm } = vectorOf("EMC2103 tach");
    expect(rpm).toBe(3145);
    const part = emc2103().set(0x4e, high).set(0x4f, low);
    expect(await openOn(emc2103Fan, part).fan.readRpm()).toEqual([rpm]);
  });

  test("the range multiplies by 1, 2, 4 and 8", () => {
    const rpm = [0x0b, 0x2b, 0x4b, 0x6b].map((range) => emc230xToRpm(0x4e, 0x20, range));
    expect(rpm).toEqual([1572, 3145, 6291, 12582]);
  });

  test("a fan that stands still is 0, whatever the part calls it", async () => {
    expect(emc2101ToRpm(0xffff)).toBe(0);
    expect(emc230xToRpm(0xff, 0x00, 0x6b)).toBe(0);
    expect(await openOn(emc2302Fans, emc2302()).fan.readRpm()).toEqual([3145, 0]);
  });

  test("a count of nothing proves no turning fan", () => {
    expect(emc2101ToRpm(0)).toBe(0);
    expect(emc230xToRpm(0, 0x07, RANGE_2)).toBe(0);
  });

  test("slower is never more rpm", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffe }), (count) => {
        expect(emc2101ToRpm(count + 1)).toBeLessThanOrEqual(emc2101ToRpm(count));
      }),
    );
  });
});

describe("duty", () => {
  test.each([
    [0, 0],
    [1, 1],
    [50, 32],
    [99.9, 63],
    [100, 63],
  ])("EMC2101: %s percent are %s of 63 steps", async (percent, steps) => {
    const part = emc2101();
    await openOn(emc2101Fan, part).fan.setDuty(percent);
    expect(part.get(0x4c)).toEqual([steps]);
  });

  test("all fans of a part get it", async () => {
    const part = emc2302();
    await openOn(emc2302Fans, part).fan.setDuty(70);
    expect(part.writes).toEqual(["30b3", "40b3"]);
  });

  test("never less air than was asked for, never more than a step too much", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.constantFrom(63, 255),
        (percent, full) => {
          const steps = dutySteps(percent, full);
          expect(steps).toBeGreaterThanOrEqual((percent * full) / 100);
          expect(steps).toBeLessThanOrEqual((percent * full) / 100 + 1);
          expect(steps).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  test.each([-1, 101, Number.NaN, Number.POSITIVE_INFINITY])(
    "%s percent are refused before anything is written",
    async (duty) => {
      const part = emc2101();
      await expect(openOn(emc2101Fan, part).fan.setDuty(duty)).rejects.toThrow(RangeError);
      expect(part.writes).toEqual([]);
    },
  );

  test("a part that keeps its own setting is found out", async () => {
    const part = emc2101();
    part.readOnly.add(0x4c);
    await expect(openOn(emc2101Fan, part).fan.setDuty(80)).rejects.toMatchObject({
      device: "EMC2101@0x2e",
      code: "refused",
    });
  });

  test("a fan that is kicked may read more than was written", async () => {
    const part = emc2101().set(0x4c, 63);
    part.readOnly.add(0x4c);
    await openOn(emc2101Fan, part).fan.setDuty(30);
  });

  test("one fan that refuses keeps the air of no other", async () => {
    const part = emc2302();
    part.readOnly.add(0x30);
    await expect(openOn(emc2302Fans, part).fan.setDuty(100)).rejects.toMatchObject({
      code: "refused",
    });
    expect(part.get(0x40)).toEqual([255]);
  });
});

describe("getting ready", () => {
  test("EMC2101: the pin becomes a tachometer and the table lets go of the duty", async () => {
    const part = emc2101();
    const { bus, fan } = openOn(emc2101Fan, part);
    expect(bus.turns).toEqual([]);
    await fan.prepare();
    expect(part.writes).toEqual(["0304", "4a23"]);
    expect(bus.turns).toEqual(["routine"]);
  });

  test("EMC2101: a setting that does not stick is refused", async () => {
    const part = emc2101();
    part.readOnly.add(0x4a);
    await expect(openOn(emc2101Fan, part).fan.prepare()).rejects.toMatchObject({ code: "refused" });
  });

  test("EMC2302: nothing is written to a part as it powers on", async () => {
    const part = emc2302();
    await openOn(emc2302Fans, part).fan.prepare();
    expect(part.writes).toEqual([]);
  });

  test("EMC2302: a fan that is driven by a target speed is taken over", async () => {
    const part = emc2302().set(0x42, 0xab);
    await openOn(emc2302Fans, part).fan.prepare();
    expect(part.writes).toEqual(["422b"]);
  });

  test.each([
    ["EMC2101", emc2101Fan, emc2103()],
    ["EMC2103", emc2103Fan, emc2302()],
    ["EMC2302", emc2302Fans, emc2103()],
    ["EMC2305", emc2305Fans, emc2302()],
  ])("%s: another part at its address gets no write", async (_, driver, part) => {
    await expect(openOn(driver, part).fan.prepare()).rejects.toMatchObject({ code: "wrong-id" });
    expect(part.writes).toEqual([]);
  });
});

describe("whatever answers", () => {
  test.each([emc2101Fan, emc2103Fan, emc2302Fans, emc2305Fans])(
    "$part gives a speed for each fan, or a DeviceError",
    async (driver) => {
      await fc.assert(
        fc.asyncProperty(babbling, async (part) => {
          const fan = driver.open(new ScriptedI2c().with(ADDRESS, part), ADDRESS);
          const outcome = await outcomeOf(fan.readRpm());
          if (!Array.isArray(outcome)) expect(isFiniteOrDeviceError(outcome)).toBe(true);
          else {
            expect(outcome).toHaveLength(driver.fans);
            expect(outcome.every((rpm) => Number.isFinite(rpm) && rpm >= 0)).toBe(true);
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  test("nobody there is a nack", async () => {
    const { fan } = openOn(emc2302Fans);
    for (const act of [() => fan.prepare(), () => fan.setDuty(50), () => fan.readRpm()])
      await expect(act()).rejects.toMatchObject({ device: "EMC2302@0x2e", code: "nack" });
  });
});
