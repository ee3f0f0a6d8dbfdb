import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adt7461Local,
  adt7461Remote,
  nct218Remote,
  remoteDiodeToC,
  tmp42xLocal,
  tmp42xRemote,
  tmp451Local,
  tmp451Remote,
} from "../../../drivers/sensors/tmp451.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedPart } from "../scripted-i2c.ts";
import { openOn } from "./support.ts";

const EXTENDED = 0x04;
const cases = vectors.temperature
  .filter(({ sensor }) => sensor.startsWith("TMP451"))
  .map(({ raw, celsius }) => ({ raw, celsius, word: Number.parseInt(raw, 16) }));

const tmp451 = () =>
  new ScriptedPart({
    0: [31],
    21: [0x40],
    1: [62],
    16: [0xb0],
    2: [0],
    3: [0],
    254: [0x55],
  });
const tmp42x = () =>
  new ScriptedPart({
    0: [31],
    16: [0x40],
    1: [62],
    17: [0xb0],
    9: [0],
    254: [0x55],
    255: [0x23],
  });

describe("TMP451 and its relatives", () => {
  test("there are vectors", () => expect(cases.length).toBe(2));

  test.each(cases)("$raw in the extended range is $celsius °C", async ({ word, celsius }) => {
    const bytes: [number, number] = [word >> 8, word & 0xff];
    expect(remoteDiodeToC(...bytes, true)).toBe(celsius);
    const part = tmp451().set(0x01, bytes[0]).set(0x10, bytes[1]).set(0x03, EXTENDED);
    expect(await openOn(tmp451Remote, part).sensor.readC()).toBe(celsius);
    const other = tmp42x().set(0x01, bytes[0]).set(0x11, bytes[1]).set(0x09, EXTENDED);
    expect(await openOn(tmp42xRemote, other).sensor.readC()).toBe(celsius);
  });

  test("each channel has its own registers", async () => {
    expect(await openOn(tmp451Local, tmp451()).sensor.readC()).toBe(31.25);
    expect(await openOn(tmp451Remote, tmp451()).sensor.readC()).toBe(62.6875);
    expect(await openOn(tmp42xLocal, tmp42x()).sensor.readC()).toBe(31.25);
    expect(await openOn(tmp42xRemote, tmp42x()).sensor.readC()).toBe(62.6875);
    const adt7461 = tmp451().set(0xfe, 0x41);
    expect(await openOn(adt7461Local, adt7461).sensor.readC()).toBe(31);
    expect(await openOn(adt7461Remote, adt7461).sensor.readC()).toBe(62.6875);
  });

  test("a reading is one turn and writes nothing", async () => {
    const part = tmp451();
    const { bus, sensor } = openOn(tmp451Remote, part);
    await sensor.readC();
    expect(bus.turns).toEqual(["routine"]);
    expect(part.writes).toEqual([]);
  });

  test("an open diode is not found; the part itself can still be read", async () => {
    const part = tmp451().set(0x02, 0x04);
    await expect(openOn(tmp451Remote, part).sensor.readC()).rejects.toMatchObject({
      device: "TMP451 remote@0x4c",
      code: "not-found",
    });
    expect(await openOn(tmp451Local, part).sensor.readC()).toBe(31.25);
    await expect(
      openOn(tmp42xRemote, tmp42x().set(0x11, 0xb1)).sensor.readC(),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  test("the part's other status bits are not our business", async () => {
    const part = tmp451().set(0x02, 0xfb);
    expect(await openOn(tmp451Remote, part).sensor.readC()).toBe(62.6875);
  });

  test("a part that is shut down is refused: it would repeat itself for ever", async () => {
    const part = tmp451().set(0x03, 0x40);
    for (const driver of [tmp451Local, tmp451Remote])
      await expect(openOn(driver, part).sensor.readC()).rejects.toMatchObject({ code: "refused" });
  });

  test.each([
    ["TMP451 where an ADT7461 should be", adt7461Remote, tmp451()],
    ["ADT7461 where a TMP451 should be", tmp451Remote, tmp451().set(0xfe, 0x41)],
    ["TMP451 where a TMP42x should be", tmp42xRemote, tmp42x().set(0xff, 0x00)],
    ["empty bus that reads FF", tmp451Local, tmp451().set(0xfe, 0xff)],
  ])("%s: wrong id", async (_, driver, part) => {
    await expect(openOn(driver, part).sensor.readC()).rejects.toMatchObject({ code: "wrong-id" });
  });

  test("an NCT218 has either maker's id", async () => {
    for (const id of [0x41, 0x1a])
      expect(await openOn(nct218Remote, tmp451().set(0xfe, id)).sensor.readC()).toBe(62.6875);
  });

  test("a temperature survives both ranges in steps of 1/16 °C", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 127 * 16 + 15 }), (sixteenths) => {
        const [high, low] = [sixteenths >> 4, (sixteenths & 15) << 4];
        expect(remoteDiodeToC(high, low, false)).toBe(sixteenths / 16);
        expect(remoteDiodeToC(high + 64, low, true)).toBe(sixteenths / 16);
      }),
    );
  });

  test("a hot part that has just left the extended range is never a credible cool one", () => {
    // Its bytes are still those of the extended range until it converts again.
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 191 }), (hotC) => {
        expect(remoteDiodeToC(hotC + 64, 0, false)).toBeLessThan(0);
      }),
    );
  });
});
