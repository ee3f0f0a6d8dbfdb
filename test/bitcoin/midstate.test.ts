import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { midstateOf } from "../../src/bitcoin/midstate.ts";
import { sha256 } from "../../src/bitcoin/sha256.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

const asHex = (state: Uint32Array) =>
  [...state].map((word) => word.toString(16).padStart(8, "0")).join("");

/** A message of 55 bytes or fewer is one padded block, so its digest is one compression. */
function paddedBlock(message: Uint8Array): Uint8Array {
  const block = new Uint8Array(64);
  block.set(message);
  block[message.length] = 0x80;
  new DataView(block.buffer).setUint32(60, 8 * message.length);
  return block;
}

describe("midstate", () => {
  test.each(vectors.midstates)("of the header that begins $header64", (vector) => {
    expect(asHex(midstateOf(fromHex(vector.header64)))).toBe(vector.state_words_be);
  });

  test("agrees with the library's digest for any message of one block", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 55 }), (message) => {
        expect(asHex(midstateOf(paddedBlock(message)))).toBe(toHex(sha256(message)));
      }),
    );
  });

  test("needs exactly 64 bytes", () => {
    expect(() => midstateOf(new Uint8Array(80))).toThrow("midstate: 80 bytes, exactly 64");
  });
});
