import fc from "fast-check";
import { expect, test } from "vitest";
import { ina260, ina260Readings } from "../../../drivers/power/ina260.ts";
import { ScriptedI2c, ScriptedPart } from "../scripted-i2c.ts";

const ADDRESS = 0x40;

test("current, voltage and power come in one turn", async () => {
  const part = new ScriptedPart({ 1: [0x09, 0x60], 2: [0x0f, 0xa0], 3: [0x05, 0xdc] });
  const bus = new ScriptedI2c().with(ADDRESS, part);
  const readings = await ina260.open(bus, ADDRESS).read();
  expect(readings).toEqual({ inputV: 5, currentA: 3, powerW: 15 });
  expect(bus.turns).toEqual(["routine"]);
  expect(part.writes).toEqual([]);
});

test("current that flows back is negative", () => {
  expect(ina260Readings(0xffff, 0, 0).currentA).toBe(-0.00125);
});

test("any words are finite readings", () => {
  const word = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(word, word, word, (...words) => {
      expect(Object.values(ina260Readings(...words)).every(Number.isFinite)).toBe(true);
    }),
  );
});

test("nobody there is a nack", async () => {
  await expect(ina260.open(new ScriptedI2c(), ADDRESS).read()).rejects.toMatchObject({
    device: "INA260@0x40",
    code: "nack",
  });
});
