import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { decodeText, encodeText } from "../../src/sv2/text.ts";

describe("text of the wire", () => {
  test("valid UTF-8 is ordinary text, byte order mark and replacement character included", () => {
    for (const text of ["", "unknown-user", "é€😀", "\ufeffx", "a\ufffdb", "\u0000\u001b[31m"])
      expect(decodeText(new TextEncoder().encode(text))).toBe(text);
  });

  test("any bytes come back unchanged", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 255 }),
          fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xa0, 0xf0, 0xf4, 0xff), {
            maxLength: 12,
          }),
        ),
        (bytes) => {
          const original = Uint8Array.from(bytes);
          expect(toHex(encodeText(decodeText(original)))).toBe(toHex(original));
        },
      ),
    );
  });

  test.each([
    ["a stray continuation", "61806200", "a\udc80b\u0000"],
    ["an overlong slash", "c0af", "\udcc0\udcaf"],
    ["an encoded surrogate", "eda080", "\udced\udca0\udc80"],
    ["a cut sequence before text", "e282c3a9", "\udce2\udc82é"],
    ["bytes beyond Unicode", "f4908080", "\udcf4\udc90\udc80\udc80"],
  ])("%s is escaped byte by byte", (_, hex, text) => {
    expect(decodeText(fromHex(hex))).toBe(text);
    expect(toHex(encodeText(text))).toBe(hex);
  });

  test("a lone surrogate that stands for no byte is refused", () => {
    expect(() => encodeText("\ud800")).toThrow(RangeError);
    expect(() => encodeText("\udc7f")).toThrow(RangeError);
  });
});
