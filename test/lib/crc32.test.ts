import { crc32 as referenceCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "../../src/lib/crc32.ts";

test("the check value of the catalogue", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});

test("is zlib's, in one piece or in two", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      const wanted = referenceCrc32(bytes);
      expect(crc32(bytes)).toBe(wanted);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(wanted);
    }),
  );
});
