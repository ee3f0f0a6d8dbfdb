import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { nodeAead } from "../../firmware/node-aead.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";
import type { NoiseKeys } from "../../src/noise/nx-handshake.ts";
import { SecureFrames, sealedFrameBytes } from "../../src/noise/secure-frames.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { describeFrameCodec, joined } from "../sv2/frame-codec-contract.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };

const initiatorKeys: NoiseKeys = {
  send: fromHex(vectors.intermediates.c1_i2r),
  receive: fromHex(vectors.intermediates.c2_r2i),
};
const responderKeys: NoiseKeys = { send: initiatorKeys.receive, receive: initiatorKeys.send };
const implementations: readonly [string, Aead][] = [
  ["noble", nobleAead],
  ["node:crypto", nodeAead],
];

for (const [name, aead] of implementations)
  describeFrameCodec(`secure frames by ${name}`, (options) => ({
    sender: new SecureFrames(initiatorKeys, aead, options),
    receiver: new SecureFrames(responderKeys, aead, options),
  }));

describe.each(implementations)("37: the transport transcript, by %s", (_, aead) => {
  test.each([
    ["i2r", 9],
    ["r2i", 11],
  ])("every frame %s seals to the recorded bytes and opens again", (dir, count) => {
    const [from, to] =
      dir === "i2r" ? [initiatorKeys, responderKeys] : [responderKeys, initiatorKeys];
    const sender = new SecureFrames(from, aead);
    const receiver = new SecureFrames(to, aead);
    const recorded = vectors.transport.filter((one) => one.dir === dir);
    expect(recorded).toHaveLength(count);
    for (const one of recorded) {
      const frame = frameOfVector(one);
      const sealed = sender.encode(frame);
      expect(sealed).toHaveLength(one.cipher_len);
      expect(toHex(sha256(sealed))).toBe(one.cipher_sha256);
      if (one.cipher !== undefined) expect(toHex(sealed)).toBe(one.cipher);
      const received: Frame[] = [];
      receiver.receive(sealed, (each) => received.push(each));
      expect(received.map((each) => [each.messageType, toHex(sha256(each.payload))])).toEqual([
        [frame.messageType, toHex(sha256(frame.payload))],
      ]);
    }
  });
});

describe("secure frames (SV2 §4.6)", () => {
  const pair = () => ({
    sender: new SecureFrames(initiatorKeys, nobleAead),
    receiver: new SecureFrames(responderKeys, nobleAead),
  });
  const frame = (length: number): Frame => ({
    extensionType: 0,
    channelMessage: true,
    messageType: 0x1a,
    payload: new Uint8Array(length).fill(0x42),
  });

  test.each([
    [0, 22],
    [1, 39],
    [24, 62],
    [65_518, 65_556],
    [65_519, 65_557],
    [65_520, 65_574],
    [131_038, 131_092],
    [131_039, 131_109],
    [16_777_215, 16_781_349],
  ])("a payload of %d bytes makes a frame of %d", (payloadBytes, frameBytes) => {
    expect(sealedFrameBytes(payloadBytes)).toBe(frameBytes);
    if (payloadBytes < 200_000)
      expect(pair().sender.encode(frame(payloadBytes))).toHaveLength(frameBytes);
  });

  test.each([
    ["the header", 21],
    ["the payload", 22 + 16],
    ["the second block's tag", 22 + 65_535 + 20],
  ])("38: a changed bit in %s ends the session", (_, at) => {
    const { sender, receiver } = pair();
    const bytes = sender.encode(frame(at > 1_000 ? 65_530 : 24));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(() => receiver.receive(bytes, unreachable)).toThrow(decryptFailed);
    expect(() => receiver.receive(sender.encode(frame(1)), unreachable)).toThrow(decryptFailed);
  });

  test("39: a repeated frame ends the session", () => {
    const { sender, receiver } = pair();
    const bytes = sender.encode(frame(24));
    const seen: Frame[] = [];
    receiver.receive(bytes, (one) => seen.push(one));
    expect(() => receiver.receive(bytes, unreachable)).toThrow(decryptFailed);
    expect(seen).toHaveLength(1);
  });

  test("39: frames in the wrong order end the session", () => {
    const { sender, receiver } = pair();
    const [first, second] = [sender.encode(frame(1)), sender.encode(frame(2))];
    expect(() => receiver.receive(joined([second, first]), unreachable)).toThrow(decryptFailed);
  });

  test("40: a peer that confuses the two directions fails at its first frame", () => {
    const confused = new SecureFrames(initiatorKeys, nobleAead);
    const receiver = new SecureFrames(initiatorKeys, nobleAead);
    expect(() => receiver.receive(confused.encode(frame(1)), unreachable)).toThrow(decryptFailed);
  });

  test("what came before a broken frame in the same chunk is delivered", () => {
    const { sender, receiver } = pair();
    const bytes = joined([sender.encode(frame(24)), new Uint8Array(22)]);
    let frames = 0;
    expect(() => receiver.receive(bytes, () => void frames++)).toThrow(decryptFailed);
    expect(frames).toBe(1);
  });

  const decryptFailed = expect.objectContaining({ code: "decrypt-failed" });
});

function unreachable(): never {
  return expect.unreachable("a frame came through");
}

/** The plain frame of a transcript entry; long payloads are given by their rule, byte i is i mod 251. */
function frameOfVector(one: (typeof vectors.transport)[number]): Frame {
  const header = fromHex(one.plain?.slice(0, 12) ?? one.plain_header ?? "");
  const payload =
    one.plain === undefined
      ? Uint8Array.from({ length: one.plain_len - 6 }, (_, i) => i % 251)
      : fromHex(one.plain.slice(12));
  return {
    extensionType: (header[0] ?? 0) | (((header[1] ?? 0) & 0x7f) << 8),
    channelMessage: ((header[1] ?? 0) & 0x80) !== 0,
    messageType: header[2] ?? 0,
    payload,
  };
}
