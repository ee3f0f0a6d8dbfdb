import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openI2cBus } from "../../drivers/linux/i2c.ts";
import { i2cBusContract } from "./i2c-bus.ts";

/**
 * Of a real bus only what was named may be written to: a PC's own I²C buses have memories on them. Name a part like an
 * LM75 whose limit registers may be changed, as "/dev/i2c-0:0x48".
 */
const PART = process.env["ASICD_TEST_LM75"];

describe("an I²C bus of this machine", () => {
  if (PART === undefined) {
    test("is not written to here: ASICD_TEST_LM75 names no part; opening and closing is all", async () => {
      const paths = readdirSync("/dev").filter((name) => /^i2c-\d+$/.test(name));
      if (paths.length === 0)
        console.info("contract of the I²C bus: no /dev/i2c-* on this machine");
      for (const name of paths) {
        const bus = await openI2cBus(`/dev/${name}`);
        expect(bus.path).toBe(`/dev/${name}`);
        await bus[Symbol.asyncDispose]();
      }
    });
    return;
  }
  const [path = "", address] = PART.split(":");
  i2cBusContract(test, async () => {
    const bus = await openI2cBus(path);
    return {
      bus,
      // Limits of 75 and 80 °C: those of a part after its reset.
      register: {
        address: Number(address),
        pointer: 2,
        contents: [Uint8Array.of(0x50, 0x00), Uint8Array.of(0x4b, 0x00)],
      },
      absentAddress: 0x0b,
      pass: () => new Promise((resolve) => setImmediate(resolve)),
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    };
  });
});
