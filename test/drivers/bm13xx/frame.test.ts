import { describe, expect, test } from "vitest";
import {
  chainInactive,
  readRegister,
  readRegisterOfAll,
  setAddress,
  writeRegister,
  writeRegisterOfAll,
} from "../../../drivers/bm13xx/frame.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

type CommandVector = (typeof vectors.command_frames)[number];

function encode(vector: CommandVector): Uint8Array {
  const { addr = 0, reg = 0 } = vector as { addr?: number; reg?: number };
  const value = Number.parseInt((vector as { value?: string }).value ?? "0", 16);
  switch (vector.op) {
    case "set_address":
      return setAddress(addr);
    case "inactive":
    case "chain_inactive":
      return chainInactive();
    case "read":
      return vector.all ? readRegisterOfAll(reg) : readRegister(addr, reg);
    case "write":
      return vector.all ? writeRegisterOfAll(reg, value) : writeRegister(addr, reg, value);
    default:
      throw new Error(`no such operation: ${vector.op}`);
  }
}

describe("commands", () => {
  test.each(vectors.command_frames)("$op $frame", (vector) => {
    expect(toHex(encode(vector))).toBe(vector.frame);
  });

  test("every call gives an array of its own, because the UART borrows it", () => {
    expect(chainInactive()).not.toBe(chainInactive());
  });
});
