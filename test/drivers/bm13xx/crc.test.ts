import { describe, expect, test } from "vitest";
import { crc5, crc5OfAnswer, crc16 } from "../../../drivers/bm13xx/crc.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

describe("CRC5", () => {
  test.each(vectors.crc5)("of $data is $crc5", ({ data, crc5: expected }) => {
    expect(hex(crc5(fromHex(data)), 2)).toBe(expected);
  });

  test("guards the end of every command", () => {
    for (const { frame } of vectors.command_frames) {
      const bytes = fromHex(frame);
      expect(crc5(bytes, 2, bytes.length - 1)).toBe(bytes.at(-1));
    }
  });

  test("does not fit the commands that were printed with a wrong one", () => {
    for (const line of vectors.excluded_bad_frames) {
      const bytes = fromHex(line.split(" ").at(-1) ?? "");
      expect(crc5(bytes, 2, bytes.length - 1)).not.toBe(bytes.at(-1));
    }
  });

  test("of a whole answer is zero, and its type bits are part of it", () => {
    for (const { frame } of vectors.response_frames) {
      const bytes = fromHex(frame);
      const from = frame.startsWith("aa55") ? 2 : 0;
      const last = bytes.at(-1) as number;
      expect(crc5(bytes, from)).toBe(0);
      expect(crc5OfAnswer(bytes, from, bytes.length - 1, last >> 5)).toBe(last & 0x1f);
    }
  });
});

describe("CRC16", () => {
  test.each(vectors.crc16)("of $data is $crc16", ({ data, crc16: expected }) => {
    expect(hex(crc16(fromHex(data)), 4)).toBe(expected);
  });
});
