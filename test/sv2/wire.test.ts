import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { ByteReader, ByteWriter } from "../../src/sv2/byte-io.ts";
import {
  b0_16m,
  b0_32,
  b0_64k,
  b0_255,
  bool,
  type Field,
  f32,
  option,
  seq0_64k,
  seq0_255,
  str0_255,
  u8,
  u16,
  u24,
  u32,
  u64,
  u256,
} from "../../src/sv2/wire.ts";
import { valueOfType } from "./arbitraries.ts";

const allFields: readonly Field<unknown>[] = [
  bool,
  u8,
  u16,
  u24,
  u32,
  u64,
  u256,
  f32,
  str0_255,
  b0_32,
  b0_255,
  b0_64k,
  b0_16m,
  option(u32),
  option(b0_32),
  seq0_255(u256),
  seq0_64k(u16),
  seq0_64k(b0_16m),
  seq0_255(option(str0_255)),
];

function encoded<T>(field: Field<T>, value: T): string {
  const out = new ByteWriter();
  field.write(out, value);
  return toHex(out.finish());
}

function decoded<T>(field: Field<T>, hex: string): T {
  return field.read(new ByteReader(fromHex(hex)));
}

function codeOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error instanceof WireError ? error.code : String(error);
  }
}

describe("data types (SV2 §3.1)", () => {
  test("every type reads back what it wrote, and nothing more", () => {
    for (const field of allFields) {
      fc.assert(
        fc.property(valueOfType(field.dataType), (value) => {
          const out = new ByteWriter();
          field.write(out, value);
          out.u8(0xa5);
          const from = new ByteReader(out.finish());
          expect(field.read(from)).toEqual(value);
          expect(from.u8()).toBe(0xa5);
        }),
        { numRuns: 50 },
      );
    }
  });

  test("any bytes are a value or a WireError, for every type", () => {
    for (const field of allFields) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
          expect([undefined, "truncated", "oversize", "bad-value"]).toContain(
            codeOf(() => field.read(new ByteReader(bytes))),
          );
        }),
        { numRuns: 100 },
      );
    }
  });

  test("2: only bit 0 of a BOOL counts", () => {
    expect(decoded(bool, "fe")).toBe(false);
    expect(decoded(bool, "ff")).toBe(true);
    expect(encoded(bool, true)).toBe("01");
  });

  test("3: an OPTION is nothing or one, and two is malformed", () => {
    expect(decoded(option(u32), "00")).toBeUndefined();
    expect(decoded(option(u32), "01c7f5d74d")).toBe(0x4dd7f5c7);
    expect(codeOf(() => decoded(option(u32), "02c7f5d74dc7f5d74d"))).toBe("bad-value");
  });

  test("4: B0_32 takes 0 and 32 bytes, not 33", () => {
    expect(decoded(b0_32, "00")).toEqual(new Uint8Array(0));
    expect(decoded(b0_32, `20${"ab".repeat(32)}`)).toHaveLength(32);
    expect(codeOf(() => decoded(b0_32, `21${"ab".repeat(33)}`))).toBe("oversize");
    expect(() => encoded(b0_32, new Uint8Array(33))).toThrow("at most 32 bytes, not 33");
  });

  test("5: strings of 0 and 255 bytes round-trip, and bytes that are not UTF-8 survive", () => {
    for (const hex of ["00", `ff${"7a".repeat(255)}`, "03ff80fe"])
      expect(encoded(str0_255, decoded(str0_255, hex))).toBe(hex);
    expect(() => encoded(str0_255, "é".repeat(128))).toThrow("at most 255 bytes, not 256");
  });

  test("6: U24 holds 0, 1 and 0xffffff; 2^24 is refused", () => {
    expect(encoded(u24, 0)).toBe("000000");
    expect(encoded(u24, 1)).toBe("010000");
    expect(encoded(u24, 0xffffff)).toBe("ffffff");
    expect(decoded(u24, "563412")).toBe(0x123456);
    expect(() => encoded(u24, 2 ** 24)).toThrow(RangeError);
  });

  test.each([
    [0, "00000000"],
    [1, "0000803f"],
    [1e12, "a5d46853"],
    [9.5e13, "d3cdac56"],
    [1.2e14, "5b47da56"],
    [2.34e14, "5fd25457"],
    [1e15, "a95f6358"],
  ])("7: F32 %d is %s", (value, hex) => {
    expect(encoded(f32, value)).toBe(hex);
    expect(decoded(f32, hex)).toBe(Math.fround(value));
  });

  test.each([Number.NaN, Infinity, -Infinity, -1, -0, 1e39, -1e-60])(
    "7: F32 never emits %d",
    (value) => {
      expect(() => encoded(f32, value)).toThrow("finite and not negative");
    },
  );

  test.each([
    ["U8", u8, 256],
    ["U8", u8, -1],
    ["U16", u16, 65_536],
    ["U32", u32, 2 ** 32],
    ["U32", u32, 1.5],
    ["U32", u32, Number.NaN],
  ] as const)("%s refuses to write %d", (_, field, value) => {
    expect(() => encoded(field, value)).toThrow(RangeError);
    expect(() => encoded(u64, -1n)).toThrow(RangeError);
    expect(() => encoded(u64, 2n ** 64n)).toThrow(RangeError);
    expect(() => encoded(u256, new Uint8Array(31))).toThrow(RangeError);
  });

  test.each([
    ["a number cut short", u32, "010203"],
    ["a length beyond the end", b0_64k, "0500aabb"],
    ["a count beyond the end", seq0_64k(u16), "ffff0100"],
    ["a missing element", option(u32), "01"],
    ["nothing at all", u256, ""],
  ] as const)("%s is truncated, never clamped", (_, field, hex) => {
    expect(codeOf(() => decoded(field as Field<unknown>, hex))).toBe("truncated");
  });

  test("a truncation says how much, where and how much there is", () => {
    const from = new ByteReader(new Uint8Array(23));
    from.bytes(20);
    expect(() => from.u32()).toThrow("need 4 bytes at 20, have 3");
  });

  test("what was read survives the receive buffer, even a Node Buffer", () => {
    const buffer = Buffer.from(`20${"cd".repeat(32)}05616263c3a9`, "hex");
    const from = new ByteReader(buffer);
    const bytes = b0_32.read(from);
    const text = str0_255.read(from);
    buffer.fill(0);
    expect(toHex(bytes)).toBe("cd".repeat(32));
    expect(text).toBe("abcé");
    expect(Buffer.isBuffer(bytes)).toBe(false);
  });
});
