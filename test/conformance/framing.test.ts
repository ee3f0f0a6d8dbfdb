/** Cases 10 to 20: frames that a device does not know, cannot read, or gets in pieces. */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/lib/bytes.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SetupConnectionError, SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";
import {
  CloseChannel,
  OpenMiningChannelError,
  SubmitSharesError,
  SubmitSharesSuccess,
  UpdateChannelError,
} from "../../src/sv2/mining-messages.ts";
import { decodeMessage, encodeMessage } from "../../src/sv2/protocols.ts";
import type { Chunking } from "../support/virtual-network.ts";
import vectors from "../vectors/sv2-messages.json" with { type: "json" };
import { connected, Device, type DeviceOptions } from "./device.ts";
import { block, FIRST_CHANNEL, futureJob, hashOf, prevHash, rawFrame, target } from "./frames.ts";
import type { PoolScript } from "./pool-end.ts";

const ourChannel = () => Uint8Array.of(FIRST_CHANNEL, 0, 0, 0, 9, 9, 9);

describe("frames that a device does not know", () => {
  async function expectUnmoved(frame: Frame, isLogged: boolean): Promise<void> {
    const device = await connected();
    await device.tell(...block(1));
    const [sent, told, lines] = [
      device.pool.frames.length,
      device.chain.told.length,
      device.log.lines.length,
    ];
    await device.tell(frame);
    expect(device.pool.ended).toBe(false);
    expect(device.pool.frames).toHaveLength(sent);
    expect(device.chain.told).toHaveLength(told);
    if (isLogged) expect(device.log.lines.length).toBeGreaterThan(lines);
    await device.tell(...block(2, 0xbb));
    expect(device.chain.lastJob?.prevHash).toEqual(hashOf(0xbb));
  }

  test("case 10 (§3.4.1): extension 0x4abc, to the connection", () =>
    expectUnmoved(rawFrame(0x4abc, 0x20, { payload: ourChannel() }), false));

  test("case 11 (§3.4.1): extension 0xcabc, to our channel", () =>
    expectUnmoved(rawFrame(0x4abc, 0x18, { channelMessage: true, payload: ourChannel() }), false));

  test.each([0x1e, 0xff])("case 13 (policy): core message type %i is ignored and logged", (type) =>
    expectUnmoved(rawFrame(0, type, { channelMessage: true, payload: ourChannel() }), true),
  );

  test("case 12 (§3.2.1): with the channel bit set, extension 0 is still the core", async () => {
    const device = await connected({
      onMessage: (message, pool) => {
        if (message.name !== "SetupConnection") return false;
        const success = encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 });
        pool.send({ ...success, channelMessage: true });
        return true;
      },
    });
    expect(device.pool.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
  });

  test("case 14 (ext1 §3): message 0x01 of extension 0x0001 does not set the connection up", async () => {
    const device = await connected({
      onMessage: (message, pool) => {
        // Read as SetupConnection.Success it would say version 2, no flags.
        if (message.name === "SetupConnection")
          pool.send(rawFrame(1, 0x01, { payload: fromHex("020000000000") }));
        return true;
      },
    });
    expect(device.pool.names).toEqual(["SetupConnection"]);
    expect(device.pool.ended).toBe(false);
    await device.tell(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
    expect(device.pool.names).toContain("OpenStandardMiningChannel");
  });
});

describe("frames that are too long, too short or cut", () => {
  const longer = (frame: Frame): Frame => ({
    ...frame,
    payload: Uint8Array.of(...frame.payload, 2, 0, 1, 2, 0, 0x61, 0x62),
  });

  test("case 15 (§3.4.3): with seven bytes behind each message everything goes its way", async () => {
    const device = new Device();
    device.listen({
      onMessage: (message, pool) => {
        if (message.name !== "SetupConnection") return false;
        pool.send(longer(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 })));
        return true;
      },
    });
    await device.start();
    await device.tell(longer(target(hashOf(0x7f))), ...block(1).map(longer));
    expect(device.told.channels).toMatchObject([{ poolJobId: 1 }]);
    await device.find(device.shareNonce(hashOf(0x7f)));
    const success = encodeMessage(SubmitSharesSuccess, {
      channelId: FIRST_CHANNEL,
      lastSequenceNumber: 1,
      newSubmitsAcceptedCount: 1,
      newSharesSum: 1n,
    });
    await device.tell(longer(success));
    expect(device.told).toMatchObject({ phase: "mining", accepted: 1 });
  });

  const fromServer = vectors.frames.filter(
    ({ dir, msg_type, ext_type }) => dir !== "c2s" && msg_type < 0x50 && (ext_type & 0x7fff) === 0,
  );

  test.each(fromServer)(
    "case 16 (policy): $name without its last byte ends the connection",
    async ({ frame }) => {
      const device = await connected();
      const frames: Frame[] = [];
      new PlainFrames().receive(fromHex(frame), (one) => frames.push(one));
      const [whole] = frames as [Frame];
      expect(decodeMessage("mining", whole)).toBeDefined();
      await device.tell({ ...whole, payload: whole.payload.slice(0, -1) });
      expect(device.pool.ended).toBe(true);
      expect(device.told.reason).toMatch(/need \d+ bytes at \d+, have \d+/);
    },
  );

  /** A session that touches everything; what the pool and the chips saw of it. */
  async function story(chunking: Chunking, options: DeviceOptions): Promise<unknown> {
    const device = new Device(options);
    device.network.chunking = chunking;
    const script: PoolScript = options.plaintext === true ? { plaintext: true } : {};
    device.listen(script);
    await device.start();
    await device.tell(...block(1), rawFrame(0, 0xfe), target(hashOf(0x7f)), ...block(2, 0xbb));
    await device.find(device.shareNonce(hashOf(0x7f)));
    await device.tell(
      encodeMessage(SubmitSharesError, {
        channelId: FIRST_CHANNEL,
        sequenceNumber: 1,
        errorCode: "stale-share",
      }),
      futureJob(3),
      prevHash(3, 0xcc),
    );
    const { phase, rejectedByReason } = device.told;
    return [device.pool.frames, device.chain.jobs, phase, rejectedByReason];
  }

  test("case 17 (§3): single bytes, joined writes and any one cut give the same session", async () => {
    const plain: DeviceOptions = { plaintext: true, host: "proxy.lan" };
    const expected = await story("as-written", plain);
    for (const chunking of ["every-byte", "coalesced"] as const)
      expect(await story(chunking, plain)).toEqual(expected);
    for (let at = 1; at <= 160; at++) {
      const cut = (bytes: Uint8Array) => [bytes.slice(0, at), bytes.slice(at)];
      expect(await story(cut, plain), `cut at ${at}`).toEqual(expected);
    }
  });

  test("case 17 (§3): and so they do under encryption, the handshake included", async () => {
    const expected = await story("as-written", {});
    for (const chunking of ["every-byte", "coalesced"] as const)
      expect(await story(chunking, {})).toEqual(expected);
    for (const at of [1, 21, 22, 23, 37, 38, 39, 63, 64, 65, 233]) {
      const cut = (bytes: Uint8Array) => [bytes.slice(0, at), bytes.slice(at)];
      expect(await story(cut, {}), `cut at ${at}`).toEqual(expected);
    }
  });

  test("case 18 (policy): a frame of 16 MB is refused at its header, before any of it is held", async () => {
    const device = await connected();
    const sealed = device.pool.seal(
      rawFrame(0, 0x15, { channelMessage: true, payload: new Uint8Array(0xffffff) }),
    );
    device.pool.sendBytes(sealed.slice(0, 22));
    await device.run(0);
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toContain("16777215");
  });

  test("case 18 (policy): the largest frame that is taken is taken, and skipped if it is unknown", async () => {
    const device = await connected();
    const large = new Uint8Array(512 * 1024);
    await device.tell(rawFrame(0x4abc, 1, { payload: large }), ...block(1));
    expect(device.chain.jobs).toHaveLength(1);
  });

  test("case 19 (§4.6): an empty frame of an unknown type has 22 bytes, and the next one is understood", async () => {
    const device = await connected();
    const empty = device.pool.seal(rawFrame(0, 0xfe));
    expect(empty).toHaveLength(22);
    device.pool.sendBytes(empty);
    await device.tell(...block(1));
    expect(device.chain.jobs).toHaveLength(1);
  });
});

describe("texts of a stranger", () => {
  const EVIL = "\u001b[2J\u001b[31mall is\r\nwell\u0007\u009b1m\u202e";
  const withChannel = { channelId: FIRST_CHANNEL, errorCode: EVIL };
  const messages: readonly [string, Frame][] = [
    ["UpdateChannel.Error", encodeMessage(UpdateChannelError, withChannel)],
    ["SubmitShares.Error", encodeMessage(SubmitSharesError, { ...withChannel, sequenceNumber: 1 })],
    ["CloseChannel", encodeMessage(CloseChannel, { channelId: FIRST_CHANNEL, reasonCode: EVIL })],
  ];

  test.each(messages)(
    "case 20 (§3.5): %s cannot write controls into log or snapshot",
    async (_, frame) => {
      const device = await connected();
      await device.tell(...block(1));
      await device.find(7);
      await device.tell(frame);
      expect(textsIn([device.log.lines, device.miner.snapshot()]).filter(isDangerous)).toEqual([]);
      expect(device.log.text).toContain("[31mall is");
    },
  );

  test.each([
    ["SetupConnection.Error", "SetupConnection", SetupConnectionError],
    ["OpenMiningChannel.Error", "OpenStandardMiningChannel", OpenMiningChannelError],
  ] as const)("case 20 (§3.5): %s neither", async (_, question, answer) => {
    const device = await connected({
      onMessage: (message, pool) => {
        if (message.name !== question) return false;
        const requestId = "requestId" in message ? Number(message.requestId) : 0;
        const values = { flags: 0, requestId, errorCode: EVIL };
        pool.send(encodeMessage(answer as typeof SetupConnectionError, values));
        return true;
      },
    });
    expect(device.told.reason).toContain("[31mall is");
    expect(textsIn([device.log.lines, device.miner.snapshot()]).filter(isDangerous)).toEqual([]);
  });
});

/** Every string in a value, keys included. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(textsIn)];
}

function isDangerous(text: string): boolean {
  return /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(text);
}
