import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { SubmitSharesExtended } from "../../src/sv2/mining-messages.ts";
import { decodeMessage, encodeMessage } from "../../src/sv2/protocols.ts";
import { tlvsOf, userIdentityOf, userIdentityTlv, withTlvs } from "../../src/sv2/tlv.ts";

const share = encodeMessage(SubmitSharesExtended, {
  channelId: 1,
  sequenceNumber: 2,
  jobId: 3,
  nonce: 4,
  ntime: 5,
  version: 6,
  extranonce: fromHex("aabb"),
});

describe("fields that extensions append (§3.4.3, ext2)", () => {
  test("quirk Q13: the worker's name is written little-endian, as the rules say and not as the example", () => {
    const frame = withTlvs(share, userIdentityTlv("test"));
    expect(frame.payload.subarray(share.payload.length)).toEqual(fromHex("0200 01 0400 74657374"));
    expect(frame).toMatchObject({ extensionType: 0, channelMessage: true, messageType: 0x1b });
    expect(userIdentityOf(tlvsOf(SubmitSharesExtended, frame.payload))).toBe("test");
  });

  test("case 15: who knows nothing of them reads the message all the same (§3.4.3)", () => {
    const frame = withTlvs(share, userIdentityTlv("test"));
    expect(decodeMessage("mining", frame)).toEqual(decodeMessage("mining", share));
  });

  test("they go in the order of their extensions, and come in any", () => {
    const other = { extension: 1, field: 7, value: fromHex("ff") };
    const frame = withTlvs(share, userIdentityTlv("w"), other);
    expect(frame.payload.subarray(share.payload.length)).toEqual(
      fromHex("0100 07 0100 ff 0200 01 0100 77"),
    );
    const turned = concatBytes(share.payload, fromHex("0200 01 0100 77 0100 07 0100 ff"));
    expect(userIdentityOf(tlvsOf(SubmitSharesExtended, turned))).toBe("w");
    expect(tlvsOf(SubmitSharesExtended, turned)).toHaveLength(2);
  });

  test("a name of more than 32 bytes is refused on both sides", () => {
    expect(() => userIdentityTlv("x".repeat(33))).toThrow(RangeError);
    expect(() => userIdentityOf([{ extension: 2, field: 1, value: new Uint8Array(33) }])).toThrow(
      WireError,
    );
  });

  test("any bytes behind a message are fields or a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
        try {
          tlvsOf(SubmitSharesExtended, concatBytes(share.payload, tail));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});
