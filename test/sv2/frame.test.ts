import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { PlainFrames, readFrameHeader, writeFrameHeader } from "../../src/sv2/frame.ts";
import { describeFrameCodec } from "./frame-codec-contract.ts";

describeFrameCodec("plain frames", (options) => ({
  sender: new PlainFrames(options),
  receiver: new PlainFrames(options),
}));

describe("frame header (SV2 §3.2)", () => {
  test.each([
    ["000000000000", 0, false, 0, 0],
    ["008015310000", 0, true, 0x15, 49],
    ["bc8a20010000", 0x0abc, true, 0x20, 1],
    ["bcca01000000", 0x4abc, true, 0x01, 0],
    ["010203040506", 0x0201, false, 3, 0x060504],
    ["ffffffffffff", 0x7fff, true, 0xff, 0xffffff],
  ])("%s reads and writes", (hex, extensionType, channelMessage, messageType, payloadBytes) => {
    const header = { extensionType, channelMessage, messageType, payloadBytes };
    expect(readFrameHeader(fromHex(hex), 0xffffff)).toEqual(header);
    const written = new Uint8Array(6);
    writeFrameHeader(written, { ...header, payload: new Uint8Array(payloadBytes) });
    expect(toHex(written)).toBe(hex);
  });

  test("a payload that lies whole in its chunk is not copied", () => {
    const chunk = fromHex("000004030000000000");
    new PlainFrames().receive(chunk, ({ payload }) => {
      expect(payload.buffer).toBe(chunk.buffer);
    });
  });
});
