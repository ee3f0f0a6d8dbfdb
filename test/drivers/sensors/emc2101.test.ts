import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  emc2101External,
  emc2101ExternalToC,
  emc2101Internal,
  emc2101InternalToC,
} from "../../../drivers/sensors/emc2101.ts";
import {
  emc2103External1,
  emc2103External2,
  emc2103Internal,
  emc2103ToC,
} from "../../../drivers/sensors/emc2103.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedPart } from "../scripted-i2c.ts";
import { openOn } from "./support.ts";

const external = vectors.temperature
  .filter(({ sensor }) => /^EMC2101.*external/.test(sensor))
  .map((vector) => ({ ...vector, word: Number.parseInt(vector.raw, 16) }));
const healthy = external.filter(({ fault }) => fault === undefined);
const faulty = external.filter(({ fault }) => fault !== undefined);

const emc2101 = (word = 0x1e40) =>
  new ScriptedPart({
    0: [38],
    1: [word >> 8],
    16: [word & 0xff],
    253: [0x16],
    254: [0x5d],
  });
const emc2103 = () =>
  new ScriptedPart({
    ...{ 0: [0x26], 1: [0x20], 2: [0x37], 3: [0xe0], 4: [0x1e], 5: [0x40] },
    ...{ 253: [0x26], 254: [0x5d] },
  });

describe("EMC2101", () => {
  test("there are vectors", () => expect([healthy.length, faulty.length]).toEqual([2, 1]));

  test.each(healthy)("$raw is $celsius °C outside", async ({ word, celsius }) => {
    expect(emc2101ExternalToC(word >> 8, word & 0xff)).toBe(celsius);
    expect(emc2103ToC(word >> 8, word & 0xff)).toBe(celsius);
    expect(await openOn(emc2101External, emc2101(word)).sensor.readC()).toBe(celsius);
  });

  test.each([...faulty, { raw: "7f00", word: 0x7f00 }])(
    "$raw is a broken diode",
    async ({ word }) => {
      await expect(openOn(emc2101External, emc2101(word)).sensor.readC()).rejects.toMatchObject({
        device: "EMC2101 external@0x4c",
        code: "not-found",
      });
      expect(await openOn(emc2101Internal, emc2101(word)).sensor.readC()).toBe(38);
    },
  );

  test("which kind of broken is told", () => {
    expect(emc2101ExternalToC(0x7f, 0xe0)).toBe("shorted");
    expect(emc2101ExternalToC(0x7f, 0x00)).toBe("open");
  });

  test("both ids are checked, and the EMC2101-R is one too", async () => {
    expect(await openOn(emc2101Internal, emc2101().set(0xfd, 0x28)).sensor.readC()).toBe(38);
    for (const part of [emc2101().set(0xfd, 0x17), emc2101().set(0xfe, 0x55)])
      for (const driver of [emc2101Internal, emc2101External])
        await expect(openOn(driver, part).sensor.readC()).rejects.toMatchObject({
          code: "wrong-id",
        });
  });

  test("a reading is one turn and writes nothing", async () => {
    const part = emc2101();
    const { bus, sensor } = openOn(emc2101External, part);
    await sensor.readC();
    expect(bus.turns).toEqual(["routine"]);
    expect(part.writes).toEqual([]);
  });

  test("below freezing is below zero", () => {
    expect(emc2101InternalToC(0xff)).toBe(-1);
    expect(emc2101ExternalToC(0xff, 0xe0)).toBe(-0.125);
  });

  test("the eighths of a degree come back as the register had them", () => {
    fc.assert(
      fc.property(fc.integer({ min: -64 * 8, max: 126 * 8 + 7 }), (eighths) => {
        const word = (eighths << 5) & 0xffff;
        expect(emc2101ExternalToC(word >> 8, word & 0xff)).toBe(eighths / 8);
      }),
    );
  });
});

describe("EMC2103", () => {
  test("has three temperatures", async () => {
    expect(await openOn(emc2103Internal, emc2103()).sensor.readC()).toBe(38.125);
    expect(await openOn(emc2103External1, emc2103()).sensor.readC()).toBe(55.875);
    expect(await openOn(emc2103External2, emc2103()).sensor.readC()).toBe(30.25);
  });

  test("a broken diode is not found, another part is not believed", async () => {
    const broken = emc2103().set(0x02, 0x80).set(0x03, 0x00);
    await expect(openOn(emc2103External1, broken).sensor.readC()).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(openOn(emc2103Internal, emc2101()).sensor.readC()).rejects.toMatchObject({
      code: "wrong-id",
    });
  });
});
