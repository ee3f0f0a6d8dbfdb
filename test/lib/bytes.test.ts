import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  concatBytes,
  equalBytes,
  fromHex,
  printable,
  reversed,
  toHex,
} from "../../src/lib/bytes.ts";

describe("hex", () => {
  test("bytes survive the way to hex and back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });

  test("spaces, colons, capitals and 0x are taken", () => {
    expect(fromHex("0x55 AA:0f")).toEqual(Uint8Array.of(0x55, 0xaa, 0x0f));
  });

  test.each([
    ["abc", /3 digits, an even number/],
    ["zz", /"z" at digit 0/],
    ["00g1", /"g" at digit 2/],
  ])("%j is refused with the place", (text, message) => {
    expect(() => fromHex(text)).toThrow(message);
  });
});

test("operations leave their arguments alone", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(reversed(bytes)).toEqual(Uint8Array.of(3, 2, 1));
  expect(concatBytes(bytes, bytes)).toHaveLength(6);
  expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
  expect(equalBytes(bytes, Uint8Array.of(1, 2, 4))).toBe(false);
  expect(equalBytes(bytes, Uint8Array.of(1, 2))).toBe(false);
});

describe("text of strangers", () => {
  test("control characters, escapes and direction marks become harmless", () => {
    expect(printable("a\u001b[31mb\r\nc\u202ed\udc80")).toBe(
      "a\ufffd[31mb\ufffd\ufffdc\ufffdd\ufffd",
    );
  });

  test("long text is cut", () => {
    expect(printable("x".repeat(1_000), 10)).toBe(`${"x".repeat(10)}…`);
  });

  test("any bytes give text without control characters", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(printable(bytes)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
