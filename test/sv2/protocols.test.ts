import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";
import {
  CloseChannel,
  NewMiningJob,
  OpenStandardMiningChannel,
  SubmitSharesStandard,
} from "../../src/sv2/mining-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  findMessage,
  type MiningProtocolMessage,
  type Protocol,
  protocolMessages,
} from "../../src/sv2/protocols.ts";
import vectors from "../vectors/sv2-messages.json" with { type: "json" };

/** The common and mining frames of the vectors, by value, where the vector file gives bytes only. */
const expectedValues: Readonly<Record<string, object>> = {
  SetupConnection: {
    protocol: 0,
    minVersion: 2,
    maxVersion: 2,
    flags: 5,
    endpointHost: "pool.example.com",
    endpointPort: 34_254,
    vendor: "Acme Miners",
    hardwareVersion: "AM-1 rev B",
    firmware: "acme-fw 0.1.0",
    deviceId: "",
  },
  "SetupConnection.Success": { usedVersion: 2, flags: 0 },
  "SetupConnection.Error": { flags: 2, errorCode: "unsupported-feature-flags" },
  ChannelEndpointChanged: { channelId: 1 },
  Reconnect: { newHost: "eu.example.com", newPort: 34_255 },
  "Reconnect(same host+port)": { newHost: "", newPort: 0 },
  OpenStandardMiningChannel: {
    requestId: 1,
    userIdentity: "acct.worker1",
    nominalHashRate: Math.fround(1.2e14),
    maxTarget: fromHex("ff".repeat(32)),
  },
  "OpenStandardMiningChannel.Success": {
    requestId: 1,
    channelId: 2,
    target: fromHex(`${"00".repeat(26)}ffff00000000`),
    extranoncePrefix: fromHex("0001020304050607"),
    groupChannelId: 1,
  },
  "OpenMiningChannel.Error": { requestId: 1, errorCode: "unknown-user" },
  "NewMiningJob(future)": {
    channelId: 2,
    jobId: 7,
    minNtime: undefined,
    version: 1,
    merkleRoot: fromHex("e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122b"),
  },
  "NewMiningJob(active)": {
    channelId: 2,
    jobId: 8,
    minNtime: 0x4dd7f5c7,
    version: 0x20000000,
    merkleRoot: fromHex("e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122b"),
  },
  SetNewPrevHash: {
    channelId: 2,
    jobId: 7,
    prevHash: fromHex("81cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000"),
    minNtime: 0x4dd7f5bd,
    nbits: 0x1a44b9f2,
  },
  SubmitSharesStandard: {
    channelId: 2,
    sequenceNumber: 0,
    jobId: 7,
    nonce: 0x9546a142,
    ntime: 0x4dd7f5c7,
    version: 1,
  },
  "SubmitShares.Success": {
    channelId: 2,
    lastSequenceNumber: 0,
    newSubmitsAcceptedCount: 1,
    newSharesSum: 1n,
  },
  "SubmitShares.Error": { channelId: 2, sequenceNumber: 1, errorCode: "stale-share" },
  SetTarget: {
    channelId: 2,
    maximumTarget: fromHex(`${"00".repeat(24)}c0ff3f0000000000`),
  },
  UpdateChannel: {
    channelId: 2,
    nominalHashRate: Math.fround(9.5e13),
    maximumTarget: fromHex("ff".repeat(32)),
  },
  "UpdateChannel.Error": { channelId: 2, errorCode: "invalid-channel-id" },
  CloseChannel: { channelId: 2, reasonCode: "shutdown" },
  SetExtranoncePrefix: { channelId: 2, extranoncePrefix: fromHex("0001020304050608") },
  SetGroupChannel: { groupChannelId: 1, channelIds: [2, 3] },
  RequestExtensions: { requestId: 1, requestedExtensions: [2] },
  "RequestExtensions.Success": { requestId: 1, supportedExtensions: [2] },
  "RequestExtensions.Error": {
    requestId: 1,
    unsupportedExtensions: [2],
    requiredExtensions: [],
  },
};

interface Vector {
  readonly name: string;
  readonly dir: string;
  readonly ext_type: number;
  readonly msg_type: number;
  readonly payload_len: number;
  readonly frame: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

const frames: readonly Vector[] = vectors.frames;

describe("1: the frames of sv2-messages.json", () => {
  test("there are 47 of them, and each has values to compare with", () => {
    expect(frames).toHaveLength(47);
    for (const { name, fields } of frames) expect(fields ?? expectedValues[name]).toBeDefined();
  });

  test.each(frames)("$name decodes, and encodes to the same bytes", (vector) => {
    const protocol = protocolOf(vector);
    const frame = onlyFrame(vector.frame);
    expect(frame.payload).toHaveLength(vector.payload_len);
    const message = decodeMessage(protocol, frame);
    if (message === undefined) return expect.unreachable();
    expect(message.name).toBe(vector.name.replace(/\(.*$/, ""));

    const { name: _, ...values } = message;
    if (vector.fields === undefined) expect(values).toEqual(expectedValues[vector.name]);
    else expect(asInVector(values, vector.fields)).toEqual(camelCased(vector.fields));

    const spec = findMessage(protocol, frame.extensionType, frame.messageType);
    if (spec === undefined) return expect.unreachable();
    expect(spec.from).toMatch(vector.dir === "c2s" ? /client|both/ : /server|both/);
    expect(toHex(new PlainFrames().encode(encodeMessage(spec, message)))).toBe(vector.frame);
  });
});

describe("dispatch", () => {
  test("9: the channel bit of an incoming message does not matter", () => {
    const withBit = onlyFrame(frames.find(({ name }) => name === "NewMiningJob(future)")?.frame);
    const without = { ...withBit, channelMessage: false };
    expect(decodeMessage("mining", without)).toEqual(decodeMessage("mining", withBit));
  });

  test.each([
    ["10: an unknown extension", { extensionType: 0x4abc, channelMessage: false }],
    ["11: an unknown extension to our channel", { extensionType: 0x4abc, channelMessage: true }],
    ["13: the reserved type", { messageType: 0x1e }],
    ["13: an unassigned type", { messageType: 0xff }],
    ["a type of another sub-protocol", { messageType: 0x71 }],
    ["extension 0x0002, which has no messages", { extensionType: 2, messageType: 0 }],
  ])("%s is unknown, not an error", (_, header) => {
    const frame: Frame = {
      extensionType: 0,
      channelMessage: false,
      messageType: 0x15,
      payload: new Uint8Array(200),
      ...header,
    };
    expect(decodeMessage("mining", frame)).toBeUndefined();
  });

  test("12: the channel bit is no part of the extension id", () => {
    const [frame] = [onlyFrame("00802000" + "0000")];
    expect(frame.extensionType).toBe(0);
    expect(findMessage("mining", frame.extensionType, frame.messageType)?.name).toBe(
      "SetNewPrevHash",
    );
  });

  test("14: types of extension 0x0001 are not those of the core", () => {
    expect(findMessage("mining", 0, 1)?.name).toBe("SetupConnection.Success");
    expect(findMessage("mining", 1, 1)?.name).toBe("RequestExtensions.Success");
  });

  test("each sub-protocol has its own SetNewPrevHash", () => {
    expect(findMessage("mining", 0, 0x20)?.section).toBe("§5.3.17");
    expect(findMessage("template-distribution", 0, 0x72)?.section).toBe("§7.3");
    expect(findMessage("template-distribution", 0, 0x20)).toBeUndefined();
    expect(findMessage("job-declaration", 0, 0x57)?.name).toBe("DeclareMiningJob");
  });

  test("names and ids are unique within a protocol", () => {
    for (const messages of Object.values(protocolMessages)) {
      const names = messages.map(({ name }) => name);
      const ids = messages.map(({ extension, type }) => `${extension}.${type}`);
      expect(new Set(names).size).toBe(names.length);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test("8: encoded frames carry the channel bit of the table", () => {
    const close = encodeMessage(CloseChannel, { channelId: 2, reasonCode: "bye" });
    expect(close).toMatchObject({ extensionType: 0, channelMessage: true, messageType: 0x18 });
    const open = encodeMessage(OpenStandardMiningChannel, {
      requestId: 1,
      userIdentity: "a",
      nominalHashRate: 1,
      maxTarget: new Uint8Array(32),
    });
    expect(open.channelMessage).toBe(false);
  });

  test("messages form a union told apart by name", () => {
    const read = (message: MiningProtocolMessage): number => {
      switch (message.name) {
        case "NewMiningJob":
          return message.minNtime ?? -1;
        case "SubmitSharesStandard":
          return message.nonce;
        default:
          return 0;
      }
    };
    const merkleRoot = new Uint8Array(32);
    const job = encodeMessage(NewMiningJob, {
      channelId: 1,
      jobId: 1,
      minNtime: undefined,
      version: 1,
      merkleRoot,
    });
    const share = encodeMessage(SubmitSharesStandard, {
      channelId: 1,
      sequenceNumber: 1,
      jobId: 1,
      nonce: 77,
      ntime: 1,
      version: 1,
    });
    expect(
      [job, share].map((frame) => decodeMessage("mining", frame)).map((m) => m && read(m)),
    ).toEqual([-1, 77]);
  });
});

function protocolOf({ msg_type, ext_type }: Vector): Protocol {
  if (ext_type === 1 || msg_type < 0x50) return "mining";
  return msg_type < 0x70 ? "job-declaration" : "template-distribution";
}

function onlyFrame(hex: string | undefined): Frame {
  const received: Frame[] = [];
  new PlainFrames().receive(fromHex(hex ?? ""), (frame) => received.push(frame));
  const [frame] = received;
  if (frame === undefined || received.length > 1) throw new Error("not exactly one frame");
  return frame;
}

/** Spec names to ours; `null` is an absent OPTION. */
function camelCased(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [camelCase(key), value]));
}

function camelCase(name: string): string {
  return name.replace(/_([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Our values as the vector file writes them: bytes as hex, booleans as 0 or 1, list elements as their encoding. */
function asInVector(
  values: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const expected = camelCased(fields);
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const wanted = expected[key];
      if (value === undefined) return [key, null];
      if (typeof value === "boolean" || typeof value === "bigint") return [key, Number(value)];
      if (value instanceof Uint8Array) return [key, toHex(value)];
      if (typeof value === "number" && typeof wanted === "number" && value === Math.fround(wanted))
        return [key, wanted];
      if (Array.isArray(value)) return [key, value.map((one) => elementHex(key, one))];
      return [key, value];
    }),
  );
}

function elementHex(key: string, element: unknown): string {
  if (element instanceof Uint8Array) {
    const prefix = key === "transactionList" ? [element.length & 0xff, element.length >> 8, 0] : [];
    return toHex(Uint8Array.from([...prefix, ...element]));
  }
  const value = Number(element);
  return toHex(Uint8Array.of(value & 0xff, value >> 8));
}
