import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lm75a, lm75ToC, tmp75, tmp1075 } from "../../../drivers/sensors/lm75.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedPart } from "../scripted-i2c.ts";
import { ADDRESS, openOn, outcomeOf } from "./support.ts";

const cases = vectors.temperature.filter(({ sensor }) => sensor.startsWith("LM75"));

describe("LM75A, TMP75 and TMP1075", () => {
  test("there are vectors", () => expect(cases.length).toBeGreaterThan(5));

  test.each(cases)("$raw is $celsius °C", async ({ raw, celsius }) => {
    const word = Number.parseInt(raw, 16);
    const part = new ScriptedPart({ 0: [word >> 8, word & 0xff], 15: [0x75, 0x00] });
    for (const driver of [lm75a, tmp75, tmp1075])
      expect(await openOn(driver, part).sensor.readC()).toBe(celsius);
    expect(part.writes).toEqual([]);
  });

  test("any word is a temperature that the part can mean, and the register's own four low bits do not matter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (word) => {
        const temperatureC = lm75ToC(word);
        expect(temperatureC).toBeGreaterThanOrEqual(-128);
        expect(temperatureC).toBeLessThan(128);
        expect((temperatureC / 0.0625) & 0xfff).toBe(word >> 4);
      }),
    );
  });

  test("a reading is one turn on the bus, and opening is none", async () => {
    const { bus, sensor } = openOn(tmp1075, new ScriptedPart({ 0: [0x19, 0], 15: [0x75, 0] }));
    expect(bus.turns).toEqual([]);
    expect(await sensor.readC()).toBe(25);
    expect(bus.turns).toEqual(["routine"]);
  });

  test("a TMP1075 that has another id is not believed", async () => {
    const part = new ScriptedPart({ 0: [0x19, 0], 15: [0x75, 0x01] });
    const { sensor } = openOn(tmp1075, part);
    await expect(sensor.readC()).rejects.toMatchObject({
      device: "TMP1075@0x4c",
      operation: "read temperature",
      code: "wrong-id",
    });
    part.set(0x0f, 0x75, 0x00);
    expect(await sensor.readC()).toBe(25);
  });

  test("the id is asked for once, and again after a failure", async () => {
    const part = new ScriptedPart({ 0: [0x19, 0], 15: [0x75, 0] });
    const { bus, sensor } = openOn(tmp1075, part);
    await sensor.readC();
    part.set(0x0f, 0, 0);
    expect(await sensor.readC()).toBe(25);
    bus.parts.clear();
    expect(await outcomeOf(sensor.readC())).toMatchObject({ code: "nack" });
    bus.with(ADDRESS, part);
    expect(await outcomeOf(sensor.readC())).toMatchObject({ code: "wrong-id" });
  });

  test("nobody at the address is a nack of this part, one attempt only", async () => {
    const { bus, sensor } = openOn(lm75a);
    await expect(sensor.readC()).rejects.toMatchObject({ device: "LM75A@0x4c", code: "nack" });
    expect(bus.turns).toHaveLength(1);
  });

  test("too few bytes are a nack, not a temperature", async () => {
    const { bus, sensor } = openOn(lm75a);
    bus.with(ADDRESS, { transfer: () => Uint8Array.of(0x19) });
    await expect(sensor.readC()).rejects.toMatchObject({ code: "nack" });
  });
});
