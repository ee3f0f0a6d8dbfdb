/** Cases 1 to 8: data types, frames and message tables, against vectors and against what a device emits. */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { ByteReader, ByteWriter } from "../../src/sv2/byte-io.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { PlainFrames, readFrameHeader, writeFrameHeader } from "../../src/sv2/frame.ts";
import { OpenMiningChannelError } from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  findMessage,
  type Protocol,
} from "../../src/sv2/protocols.ts";
import { b0_32, bool, type Field, f32, option, str0_255, u24, u32 } from "../../src/sv2/wire.ts";
import vectors from "../vectors/sv2-messages.json" with { type: "json" };
import { connected, stopped } from "./device.ts";
import { block, futureJob, prevHash } from "./frames.ts";
import { onlyChannels } from "./pool-end.ts";

function encoded<T>(field: Field<T>, value: T): string {
  const out = new ByteWriter();
  field.write(out, value);
  return toHex(out.finish());
}

function decoded<T>(field: Field<T>, hex: string): T {
  return field.read(new ByteReader(fromHex(hex)));
}

describe("data types and messages", () => {
  test("case 1 (§3.1, §8): all 47 frames of the vectors decode, and encode to the same bytes", () => {
    expect(vectors.frames).toHaveLength(47);
    const codec = new PlainFrames();
    for (const vector of vectors.frames) {
      const frames: Frame[] = [];
      codec.receive(fromHex(vector.frame), (frame) => frames.push(frame));
      expect(frames).toHaveLength(1);
      const [frame] = frames as [Frame];
      const protocol: Protocol =
        vector.ext_type === 1 || vector.msg_type < 0x50
          ? "mining"
          : vector.msg_type < 0x70
            ? "job-declaration"
            : "template-distribution";
      const spec = findMessage(protocol, frame.extensionType, frame.messageType);
      const message = decodeMessage(protocol, frame);
      if (spec === undefined || message === undefined) return expect.unreachable(vector.name);
      expect(toHex(codec.encode(encodeMessage(spec, message))), vector.name).toBe(vector.frame);
    }
  });

  test("case 2 (§3.1): fe is false, ff is true", () => {
    expect([decoded(bool, "fe"), decoded(bool, "ff")]).toEqual([false, true]);
  });

  test("case 3 (§3.1): an OPTION of 0 or 1 decodes, and a job with one of 2 ends the connection", async () => {
    expect(decoded(option(u32), "00")).toBeUndefined();
    expect(decoded(option(u32), "01c7f5d74d")).toBe(0x4dd7f5c7);
    expect(() => decoded(option(u32), "02c7f5d74dc7f5d74d")).toThrow(WireError);
    const device = await connected();
    const job = futureJob(1);
    const payload = job.payload.slice();
    payload[8] = 2;
    await device.tell({ ...job, payload });
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toContain("OPTION");
  });

  test("case 4 (§3.1): B0_32 takes 0 and 32 bytes; a channel with a prefix of 33 ends the connection", async () => {
    expect(decoded(b0_32, "00")).toHaveLength(0);
    expect(decoded(b0_32, `20${"ab".repeat(32)}`)).toHaveLength(32);
    expect(() => decoded(b0_32, `21${"ab".repeat(33)}`)).toThrow(WireError);
    const device = await connected({
      onMessage: (message, pool) => {
        if (message.name !== "OpenStandardMiningChannel") return false;
        const opened = `${toHex(u32le(message.requestId))}02000000${"ff".repeat(32)}21${"ab".repeat(33)}01000000`;
        pool.send({
          extensionType: 0,
          channelMessage: false,
          messageType: 0x11,
          payload: fromHex(opened),
        });
        return true;
      },
    });
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toContain("B0_32");
  });

  test("case 5 (§3.1): strings of 0 and 255 bytes come back, and bytes that are not UTF-8 harm nobody", async () => {
    for (const hex of ["00", `ff${"7a".repeat(255)}`, "05ff80c3fe00"])
      expect(encoded(str0_255, decoded(str0_255, hex))).toBe(hex);
    const device = await connected();
    for (const hex of ["00", `ff${"7a".repeat(255)}`, "05ff80c3fe00"]) {
      const frame = encodeMessage(OpenMiningChannelError, { requestId: 1, errorCode: "" });
      await device.tell({ ...frame, payload: fromHex(`09000000${hex}`) });
    }
    expect(device.pool.ended).toBe(false);
  });

  test("case 6 (§3.2): payload lengths of 0, 1 and 2^24 − 1 pass through a header, 2^24 does not", () => {
    for (const [length, hex] of [
      [0, "000000"],
      [1, "010000"],
      [0xffffff, "ffffff"],
    ] as const) {
      const header = new Uint8Array(6);
      const frame = { extensionType: 0, channelMessage: false, messageType: 7 };
      writeFrameHeader(header, { ...frame, payload: new Uint8Array(length) });
      expect(toHex(header)).toBe(`000007${hex}`);
      expect(readFrameHeader(header, 0xffffff).payloadBytes).toBe(length);
      expect(encoded(u24, length)).toBe(hex);
    }
    expect(() => encoded(u24, 2 ** 24)).toThrow(RangeError);
    const tooLong = { extensionType: 0, channelMessage: false, messageType: 7 };
    expect(() =>
      new PlainFrames().encode({ ...tooLong, payload: new Uint8Array(2 ** 24) }),
    ).toThrow(RangeError);
  });

  test.each([
    [0, "00000000"],
    [1, "0000803f"],
    [1e12, "a5d46853"],
    [9.5e13, "d3cdac56"],
    [1.2e14, "5b47da56"],
    [2.34e14, "5fd25457"],
    [1e15, "a95f6358"],
  ])("case 7 (§5.3.2): F32 %d is %s", (value, hex) => {
    expect(encoded(f32, value)).toBe(hex);
    expect(decoded(f32, hex)).toBe(Math.fround(value));
  });

  test("case 7 (§5.3.2): what is no rate cannot be sent, and a device asks with the rate of its chain", async () => {
    for (const value of [Number.NaN, Infinity, -Infinity, -1, -0, 1e39])
      expect(() => encoded(f32, value)).toThrow(RangeError);
    const device = await connected({}, { nominalHps: 1.2e14 });
    const request = device.pool.frames.find(({ messageType }) => messageType === 0x10);
    expect(toHex(request?.payload ?? new Uint8Array())).toContain("5b47da56");
  });

  /** Type and channel bit of everything that a client may send (SV2 §8), written down without the message tables. */
  const sentBits: Readonly<Record<number, boolean>> = {
    0: false,
    16: false,
    19: false,
    22: true,
    24: true,
    26: true,
    27: true,
  };

  test("case 8 (§8): set-up, request, share, update and farewell leave with the channel bit of the table", async () => {
    // One channel for two chains, so that the device has a new rate to tell.
    const device = await connected(onlyChannels(1), { chains: 2 });
    await device.tell(...block(1));
    await device.find(7);
    await device.run(2_000);
    await stopped(device);
    const { frames } = device.pool;
    expect(new Set(frames.map(({ messageType }) => messageType))).toEqual(
      new Set([0x00, 0x10, 0x16, 0x18, 0x1a]),
    );
    for (const { extensionType, messageType, channelMessage } of frames)
      expect([extensionType, channelMessage]).toEqual([0, sentBits[messageType]]);
  });

  test("case 9 (policy): NewMiningJob and SetNewPrevHash without the channel bit are hashed all the same", async () => {
    const device = await connected();
    await device.tell(
      { ...futureJob(1), channelMessage: false },
      { ...prevHash(1), channelMessage: false },
    );
    expect(device.chain.jobs).toHaveLength(1);
  });
});

function u32le(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
