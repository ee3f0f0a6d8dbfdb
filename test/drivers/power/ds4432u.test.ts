import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bitaxeDs4432u,
  ds4432uBitaxe,
  ds4432uCode,
  ds4432uEmberOne,
  ds4432uVoltage,
  emberOneDs4432u,
} from "../../../drivers/power/ds4432u.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { ScriptedI2c, ScriptedPart } from "../scripted-i2c.ts";

const ADDRESS = 0x48;
const clock = new VirtualClock();
const boards = [bitaxeDs4432u, emberOneDs4432u];

function openOn(driver: typeof ds4432uBitaxe, part = new ScriptedPart({ 248: [0] })) {
  const bus = new ScriptedI2c().with(ADDRESS, part);
  return { bus, part, supply: driver.open(bus, ADDRESS, clock) };
}

describe("codes", () => {
  test.each(vectors.ds4432u)("$board: $vout V is $code", ({ board, vout, code }) => {
    expect(board).toBe("Bitaxe");
    expect(ds4432uCode(bitaxeDs4432u, vout)).toBe(Number.parseInt(code, 16));
  });

  test.each(boards)("$name: a code's voltage gives the code again", (board) => {
    for (let code = 0; code <= 0xff; code++) {
      const voltageV = ds4432uVoltage(board, code);
      if ((code & 0x7f) === 0 || voltageV < board.minV || voltageV > board.maxV) continue;
      expect(ds4432uCode(board, voltageV)).toBe(code);
    }
  });

  test.each(boards)("$name: never more than was asked for, less by under a step", (board) => {
    // emberOne's lower end lies 0.6 mV below what its part reaches.
    const beyondV = 0.001;
    const stepV = ds4432uVoltage(board, 0) - ds4432uVoltage(board, 0x81);
    fc.assert(
      fc.property(fc.double({ min: board.minV, max: board.maxV, noNaN: true }), (voltageV) => {
        const givenV = ds4432uVoltage(board, ds4432uCode(board, voltageV));
        expect(givenV).toBeLessThan(voltageV + beyondV);
        expect(givenV).toBeGreaterThan(voltageV - stepV - 1e-9);
      }),
    );
  });

  test("emberOne's inferred feedback voltage gives the clamp that its firmware has", () => {
    expect(ds4432uVoltage(emberOneDs4432u, 0xff)).toBeCloseTo(2.875, 2);
    expect(ds4432uVoltage(emberOneDs4432u, 0x7f)).toBeCloseTo(4.324, 2);
  });

  test.each(boards)("$name: outside the clamp there is no code", (board) => {
    for (const voltageV of [board.minV - 0.01, board.maxV + 0.01, 0, Number.NaN, 1_200])
      expect(() => ds4432uCode(board, voltageV)).toThrow(RangeError);
  });
});

describe("the part", () => {
  test("identifies itself by answering, and names the clamp of its board", async () => {
    const { supply, part } = openOn(ds4432uEmberOne);
    expect(await supply.identify()).toEqual({ type: "DS4432U emberOne", minV: 2.875, maxV: 4.324 });
    expect(part.writes).toEqual([]);
  });

  test("sets a voltage with one write in one turn, and reports what it asks for", async () => {
    const { bus, supply, part } = openOn(ds4432uBitaxe);
    await supply.setVoltage(1.2);
    expect(part.writes).toEqual(["f8c6"]);
    expect(bus.turns).toEqual(["routine"]);
    expect(await supply.readVoltage()).toBeCloseTo(1.2, 2);
  });

  test("a code that does not stick is refused; a voltage outside is never written", async () => {
    const { supply, part } = openOn(ds4432uBitaxe);
    await expect(supply.setVoltage(1.8)).rejects.toThrow(RangeError);
    expect(part.writes).toEqual([]);
    part.readOnly.add(0xf8);
    await expect(supply.setVoltage(1.2)).rejects.toMatchObject({
      device: "DS4432U@0x48",
      code: "refused",
    });
  });

  test("nobody there is a nack", async () => {
    const { bus, supply } = openOn(ds4432uBitaxe);
    bus.parts.clear();
    await expect(supply.identify()).rejects.toMatchObject({ code: "nack" });
  });
});
