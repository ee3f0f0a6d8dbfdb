import { beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { fromHex } from "../../src/lib/bytes.ts";
import { silentLog } from "../../src/lib/log.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import {
  Reconnect,
  SetupConnectionError,
  SetupConnectionSuccess,
} from "../../src/sv2/common-messages.ts";
import {
  CloseChannel,
  NewExtendedMiningJob,
  NewMiningJob,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
  SetExtranoncePrefix,
  SetNewPrevHash,
  SetTarget,
  SubmitSharesError,
  SubmitSharesSuccess,
  UpdateChannelError,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import type { Channel } from "../../src/upstream/channel.ts";
import { UpstreamSession } from "../../src/upstream/session.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { LinkRecorder } from "../support/link-recorder.ts";
import {
  AUTHORITY,
  blockFrames,
  fixedEntropy,
  ServerConnection,
  type ServerOptions,
} from "../support/scripted-server.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";

const UNIX_NOW = 1_750_000_000;
const HOST = "pool.test";
const PORT = 34_254;
const HASH = new Uint8Array(32);

let clock: VirtualClock;
let network: VirtualNetwork;
let connections: ServerConnection[];
let recorder: LinkRecorder;

beforeEach(() => {
  clock = new VirtualClock({ unixSeconds: UNIX_NOW });
  network = new VirtualNetwork();
  connections = [];
  recorder = new LinkRecorder();
});

function listen(
  options: ServerOptions = {},
  prepare: (c: ServerConnection) => void = (c) => c.serve(),
  port = PORT,
) {
  return network.listen(HOST, port, (stream) => {
    const connection = new ServerConnection(stream, options);
    connections.push(connection);
    prepare(connection);
  });
}

function start(
  overrides: {
    secure?: boolean;
    authorityKey?: Uint8Array | undefined;
    tolerateFlagEcho?: boolean;
    allowed?: readonly string[];
  } = {},
) {
  const session = new UpstreamSession(
    {
      clock,
      entropy: fixedEntropy(3),
      aead: nobleAead,
      dial: (host, port, signal) => network.dial(host, port, signal),
    },
    {
      endpoint: {
        host: HOST,
        port: PORT,
        authorityKey: "authorityKey" in overrides ? overrides.authorityKey : AUTHORITY.publicKey,
        secure: overrides.secure ?? true,
      },
      identity: { vendor: "asicd", hardwareVersion: "test", firmware: "0", deviceId: "" },
      userIdentity: "acct.worker",
      versionMask: BIP320_MASK,
      tolerateFlagEcho: overrides.tolerateFlagEcho ?? false,
      maxTarget: new Uint8Array(32).fill(0xff),
      redirects: { allowed: overrides.allowed ?? [] },
    },
    recorder,
    silentLog,
  );
  recorder.link = session;
  session.start();
  return session;
}

const settle = () => clock.advance(0);
const last = () => connections.at(-1) as ServerConnection;
const names = () => last().received.map(({ name }) => name);

async function mining(overrides: Parameters<typeof start>[0] = {}): Promise<UpstreamSession> {
  listen();
  const session = start(overrides);
  await settle();
  last().newBlock(2, 1, 0xaa);
  await settle();
  return session;
}

describe("set-up and channel opening", () => {
  test("cases 22, 46, 47: act 1 goes unprompted, SetupConnection first and once, with exact fields", async () => {
    const act1Lengths: number[] = [];
    listen({
      onAct1: (act1) => {
        act1Lengths.push(act1.length);
        return true;
      },
    });
    start();
    await settle();
    expect(act1Lengths).toEqual([64]);
    expect(names()).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
    expect(last().received[0]).toMatchObject({
      protocol: 0,
      minVersion: 2,
      maxVersion: 2,
      flags: 0x5,
      endpointHost: HOST,
      endpointPort: PORT,
      vendor: "asicd",
      deviceId: "",
    });
  });

  test("case 24: two connections begin with different bytes", async () => {
    const acts: string[] = [];
    listen({
      onAct1: (act1, connection) => {
        acts.push(act1.join());
        connection.stream.destroy();
        return false;
      },
    });
    start();
    await clock.advance(5_000);
    expect(acts.length).toBeGreaterThan(1);
    expect(new Set(acts).size).toBe(acts.length);
  });

  test("case 56: each channel request has its own id, the rate and the target asked for", async () => {
    recorder.wanted = 3;
    listen();
    start();
    await settle();
    const requests = last().received.filter((m) => m.name === "OpenStandardMiningChannel");
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(3);
    expect(requests[0]).toMatchObject({ nominalHashRate: 1e6, userIdentity: "acct.worker" });
    expect(recorder.events).toEqual(["ready 1fffe000", "opened 2", "opened 3", "opened 4"]);
  });

  test("case 57: a channel that was not asked for is ignored", async () => {
    listen({}, (connection) => {
      connection.onMessage = (message) => {
        if (message.name !== "SetupConnection") return;
        connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        connection.send(
          encodeMessage(OpenStandardMiningChannelSuccess, {
            requestId: 999,
            channelId: 5,
            target: new Uint8Array(32),
            extranoncePrefix: new Uint8Array(),
            groupChannelId: 0,
          }),
        );
      };
    });
    start();
    await settle();
    expect(recorder.opened).toHaveLength(0);
    expect(last().ended).toBe(false);
  });

  test.each([0, 8, 32])(
    "case 60: an extranonce prefix of %i bytes is accepted and kept",
    async (length) => {
      listen({}, (connection) => {
        connection.onMessage = (message) => {
          if (message.name === "SetupConnection") {
            connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
          } else if (message.name === "OpenStandardMiningChannel") {
            connection.send(
              encodeMessage(OpenStandardMiningChannelSuccess, {
                requestId: message.requestId,
                channelId: 2,
                target: new Uint8Array(32),
                extranoncePrefix: new Uint8Array(length).fill(9),
                groupChannelId: 1,
              }),
            );
          }
        };
      });
      start();
      await settle();
      expect((recorder.opened[0] as Channel).extranoncePrefix).toEqual(
        new Uint8Array(length).fill(9),
      );
      last().send(
        encodeMessage(SetExtranoncePrefix, { channelId: 2, extranoncePrefix: Uint8Array.of(1) }),
      );
      expect((recorder.opened[0] as Channel).extranoncePrefix).toEqual(Uint8Array.of(1));
    },
  );

  test.each([
    ["case 49: protocol version 3 chosen", { usedVersion: 3, flags: 0 }, /version 3/],
    [
      "case 52: standard channels refused",
      { usedVersion: 2, flags: 2 },
      /REQUIRES_EXTENDED_CHANNELS/,
    ],
  ])("%s: the connection ends and no channel is asked for", async (_name, answer, reason) => {
    listen({}, (connection) => {
      connection.onMessage = () => connection.send(encodeMessage(SetupConnectionSuccess, answer));
    });
    const session = start();
    await settle();
    expect(session.reason).toMatch(reason);
    expect(names()).toEqual(["SetupConnection"]);
    expect(last().ended).toBe(true);
  });

  test("cases 50, 51: a fixed version is obeyed unless the operator tolerates echoed flags", async () => {
    listen({}, (connection) => connection.serve({ flags: 0x5 }));
    start();
    await settle();
    expect(recorder.events[0]).toBe("ready 0");
    recorder = new LinkRecorder();
    start({ tolerateFlagEcho: true });
    await settle();
    expect(recorder.events[0]).toBe("ready 1fffe000");
  });

  test("case 53: unknown flag bits of the server are ignored", async () => {
    listen({}, (connection) => connection.serve({ flags: 0xfffffff8 }));
    start();
    await settle();
    expect(recorder.opened).toHaveLength(1);
  });

  test.each(["unsupported-protocol", "protocol-version-mismatch", "never-heard-of\u001b[31m"])(
    "case 54: SetupConnection.Error %j ends the connection without a tight loop, and cannot paint the log",
    async (errorCode) => {
      listen({}, (connection) => {
        connection.onMessage = () => {
          connection.send(encodeMessage(SetupConnectionError, { flags: 0, errorCode }));
        };
      });
      const session = start();
      await clock.advance(10_000);
      expect(connections).toHaveLength(1);
      expect(session.reason).toMatch(/refused the set-up/);
      expect(session.reason).not.toContain("\u001b");
      await clock.advance(60_000);
      expect(connections.length).toBeGreaterThan(1);
    },
  );

  test("case 48: what comes before the set-up answer is not acted upon", async () => {
    listen({}, (connection) => {
      connection.onMessage = () => connection.sendTogether(blockFrames(2, 1, 0xaa));
    });
    start();
    await settle();
    expect(recorder.events).toEqual([]);
    expect(last().ended).toBe(false);
  });

  test("case 58: a refused channel is told with the pool's code", async () => {
    listen({}, (connection) => {
      connection.onMessage = (message) => {
        if (message.name === "SetupConnection") {
          connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        } else if (message.name === "OpenStandardMiningChannel") {
          connection.send(
            encodeMessage(OpenMiningChannelError, {
              requestId: message.requestId,
              errorCode: "unknown-user",
            }),
          );
        }
      };
    });
    start();
    await settle();
    expect(recorder.events).toEqual(["ready 1fffe000", "refused unknown-user"]);
  });
});

describe("messages that change work", () => {
  test("a job and its previous hash start work in the tick in which they arrive", async () => {
    listen();
    start();
    await settle();
    last().newBlock(2, 7, 0xaa);
    expect(recorder.events.at(-1)).toBe("work 2:7");
  });

  test("all messages of one chunk are worked off in one tick, each channel once", async () => {
    recorder.wanted = 3;
    listen();
    const session = start();
    await settle();
    recorder.events.length = 0;
    last().sendTogether([
      ...blockFrames(2, 1, 0xaa),
      ...blockFrames(3, 1, 0xaa),
      ...blockFrames(4, 1, 0xaa),
    ]);
    expect(recorder.events).toEqual(["work 2:1", "work 3:1", "work 4:1"]);
    // The first previous hash of a channel is no new block.
    expect(session.newBlockLatency.snapshot()).toBeNull();
    last().sendTogether([
      ...blockFrames(2, 2, 0xbb),
      ...blockFrames(3, 2, 0xbb),
      ...blockFrames(4, 2, 0xbb),
    ]);
    expect(session.newBlockLatency.snapshot()?.count).toBe(1);
    expect(session.phase).toBe("mining");
  });

  test("case 72: SetNewPrevHash, SetTarget and CloseChannel to the group reach every member", async () => {
    recorder.wanted = 2;
    listen();
    start();
    await settle();
    recorder.events.length = 0;
    for (const channelId of [2, 3]) last().send(blockFrames(channelId, 1, 0xaa)[0] as never);
    last().send(
      encodeMessage(SetTarget, { channelId: 1, maximumTarget: new Uint8Array(32).fill(0x3c) }),
    );
    last().send(
      encodeMessage(SetNewPrevHash, {
        channelId: 1,
        jobId: 1,
        prevHash: new Uint8Array(32).fill(0xaa),
        minNtime: 1_000,
        nbits: 1,
      }),
    );
    expect(recorder.events).toEqual(["work 2:1", "work 3:1"]);
    expect(recorder.opened.map(({ work }) => work?.target[0])).toEqual([0x3c, 0x3c]);
    last().send(encodeMessage(CloseChannel, { channelId: 1, reasonCode: "maintenance" }));
    expect(recorder.events.slice(2)).toEqual(["closed 2 maintenance", "closed 3 maintenance"]);
    expect(recorder.link?.phase).toBe("opening");
  });

  test("cases 13, 73, 74: what is not for us is ignored and the connection stays", async () => {
    await mining();
    const before = recorder.events.length;
    last().newBlock(77, 9, 0xcc);
    last().send(
      encodeMessage(NewExtendedMiningJob, {
        channelId: 2,
        jobId: 3,
        minNtime: undefined,
        version: 1,
        versionRollingAllowed: true,
        merklePath: [],
        coinbaseTxPrefix: new Uint8Array(),
        coinbaseTxSuffix: new Uint8Array(),
      }),
    );
    last().send({
      extensionType: 0,
      channelMessage: false,
      messageType: 0x1e,
      payload: new Uint8Array(3),
    });
    last().send({
      extensionType: 0x4abc,
      channelMessage: true,
      messageType: 1,
      payload: new Uint8Array(4),
    });
    expect(recorder.events).toHaveLength(before);
    expect(last().ended).toBe(false);
  });

  test("case 59: equal job ids of two channels do not meet", async () => {
    recorder.wanted = 2;
    listen();
    start();
    await settle();
    last().newBlock(2, 1, 0xaa);
    last().newBlock(3, 1, 0xbb);
    expect(recorder.opened.map(({ work }) => work?.tip.prevHash[0])).toEqual([0xaa, 0xbb]);
    const [first, second] = recorder.opened;
    for (const channel of [first, second, first]) {
      if (channel?.work !== undefined) recorder.link?.submit(channel.work, 0, 1, 1_000, 2, HASH);
    }
    const shares = last().received.filter((m) => m.name === "SubmitSharesStandard");
    expect(shares.map(({ channelId, sequenceNumber }) => [channelId, sequenceNumber])).toEqual([
      [2, 1],
      [3, 1],
      [2, 2],
    ]);
  });

  test("a pool that gives a channel id twice is left: the older channel would go on with a dead tip", async () => {
    recorder.wanted = 2;
    listen({}, (connection) => {
      connection.onMessage = (message) => {
        if (message.name === "SetupConnection") {
          connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        } else if (message.name === "OpenStandardMiningChannel") {
          connection.send(
            encodeMessage(OpenStandardMiningChannelSuccess, {
              requestId: message.requestId,
              channelId: 7,
              target: new Uint8Array(32).fill(0xff),
              extranoncePrefix: new Uint8Array(),
              groupChannelId: 1,
            }),
          );
          connection.newBlock(7, 1, 0xaa);
        }
      };
    });
    const session = start();
    await settle();
    expect(session.reason).toMatch(/channel id 7 twice/);
    expect(recorder.opened[0]?.work).toBeUndefined();
  });

  test("a job announced again, under its own or another id, lets no share out twice", async () => {
    await mining();
    const channel = recorder.opened[0] as Channel;
    const first = channel.work;
    const again = (jobId: number) =>
      last().send(
        encodeMessage(NewMiningJob, {
          channelId: 2,
          jobId,
          minNtime: 1_000,
          version: 0x20000000,
          merkleRoot: new Uint8Array(32).fill(1),
        }),
      );
    again(1);
    expect(channel.work?.submitted).toBe(first?.submitted);
    again(5);
    expect(channel.work?.submitted).toBe(first?.submitted);
    last().newBlock(2, 1, 0xaa);
    expect(channel.work?.submitted).toBe(first?.submitted);
    last().newBlock(2, 1, 0xbb);
    expect(channel.work?.submitted).not.toBe(first?.submitted);
  });

  test("a block for channels that are not ours is no block, and leaves no latency behind", async () => {
    const session = await mining();
    last().newBlock(99, 3, 0xee);
    expect(session.counts.blocksSeen).toBe(0);
    expect(session.newBlockLatency.snapshot()).toBeNull();
  });

  test("a channel whose id is also the group's: a message to it reaches all members", async () => {
    recorder.wanted = 2;
    listen({}, (connection) => {
      let nextChannelId = 1;
      connection.onMessage = (message) => {
        if (message.name === "SetupConnection") {
          connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        } else if (message.name === "OpenStandardMiningChannel") {
          connection.send(
            encodeMessage(OpenStandardMiningChannelSuccess, {
              requestId: message.requestId,
              channelId: nextChannelId++,
              target: new Uint8Array(32).fill(0xff),
              extranoncePrefix: new Uint8Array(),
              groupChannelId: 1,
            }),
          );
        }
      };
    });
    start();
    await settle();
    for (const channelId of [1, 2]) last().send(blockFrames(channelId, 1, 0xaa)[0] as never);
    last().send(blockFrames(1, 1, 0xaa)[1] as never);
    expect(recorder.opened.map(({ work }) => work?.poolJobId)).toEqual([1, 1]);
  });

  test("case 16: a truncated message ends the connection", async () => {
    const session = await mining();
    last().send({
      extensionType: 0,
      channelMessage: true,
      messageType: 0x20,
      payload: new Uint8Array(47),
    });
    expect(session.phase).toBe("backing-off");
    expect(session.reason).toMatch(/need .* bytes|truncated/);
  });

  test("blocks are counted by their hash, however many channels they reach", async () => {
    recorder.wanted = 2;
    listen();
    const session = start();
    await settle();
    for (const fill of [0xaa, 0xbb, 0xcc]) {
      last().sendTogether([...blockFrames(2, fill, fill), ...blockFrames(3, fill, fill)]);
    }
    expect(session.counts.blocksSeen).toBe(2);
  });
});

describe("shares", () => {
  async function withShares(count: number): Promise<UpstreamSession> {
    const session = await mining();
    const work = recorder.opened[0]?.work;
    if (work === undefined) throw new Error("no work");
    for (let i = 0; i < count; i++) session.submit(work, 0, i, 1_000, 0x20000000);
    recorder.events.length = 0;
    return session;
  }

  test("a share carries channel, job, nonce, ntime and version, numbered from 1", async () => {
    await withShares(2);
    expect(last().received.at(-1)).toEqual({
      name: "SubmitSharesStandard",
      channelId: 2,
      sequenceNumber: 2,
      jobId: 1,
      nonce: 1,
      ntime: 1_000,
      version: 0x20000000,
    });
  });

  test("case 97: an unknown error code is counted under its name and mining goes on", async () => {
    const session = await withShares(1);
    last().send(
      encodeMessage(SubmitSharesError, { channelId: 2, sequenceNumber: 1, errorCode: "bad-mood" }),
    );
    expect(session.counts.rejectedByReason).toEqual({ "bad-mood": 1 });
    expect(recorder.events).toEqual(["rejected 0 bad-mood"]);
    expect(session.phase).toBe("mining");
  });

  test("codes that a pool invents are counted by name, whatever the name, and not without end", async () => {
    const session = await withShares(60);
    for (let i = 1; i <= 50; i++) {
      const errorCode = i <= 2 ? "__proto__" : `reason-${i}`;
      last().send(encodeMessage(SubmitSharesError, { channelId: 2, sequenceNumber: i, errorCode }));
    }
    const counts = session.counts.rejectedByReason;
    expect(Object.entries(counts).find(([name]) => name === "__proto__")?.[1]).toBe(2);
    expect(Object.keys(counts).length).toBeLessThanOrEqual(33);
    expect(session.counts.rejected).toBe(50);
  });

  test("case 94: no acknowledgement for half an hour changes nothing, as long as jobs come", async () => {
    const session = await withShares(5);
    for (let minute = 1; minute <= 30; minute++) {
      await clock.advance(60_000);
      last().send(
        encodeMessage(NewMiningJob, {
          channelId: 2,
          jobId: 100 + minute,
          minNtime: 1_000 + 60 * minute,
          version: 0x20000000,
          merkleRoot: new Uint8Array(32).fill(minute),
        }),
      );
    }
    expect(connections).toHaveLength(1);
    expect(session.counts.accepted).toBe(0);
    expect(recorder.opened[0]?.shares.unacknowledged).toBe(5);
    expect(last().received.filter((m) => m.name === "SubmitSharesStandard")).toHaveLength(5);
  });

  test("case 99: unacknowledged shares die with the connection and are counted as lost", async () => {
    const session = await withShares(3);
    last().send(
      encodeMessage(SubmitSharesSuccess, {
        channelId: 2,
        lastSequenceNumber: 1,
        newSubmitsAcceptedCount: 1,
        newSharesSum: 0n,
      }),
    );
    network.severAll();
    await clock.advance(5_000);
    expect(session.counts).toMatchObject({ accepted: 1, rejected: 0, lostUnacknowledged: 2 });
    expect(connections).toHaveLength(2);
    expect(last().received.some((m) => m.name === "SubmitSharesStandard")).toBe(false);
  });

  test("whoever waits for an answer gets back what was sent: chain, worth in hashes, and when", async () => {
    const session = await mining();
    const work = recorder.opened[0]?.work;
    if (work === undefined) throw new Error("no work");
    await clock.advance(500);
    const sentMs = clock.nowMs();
    const target = fromHex(`${"00".repeat(28)}01000000`);
    session.submit({ ...work, target }, 3, 7, 1_000, 0x20000000);
    last().send(
      encodeMessage(SubmitSharesSuccess, {
        channelId: 2,
        lastSequenceNumber: 1,
        newSubmitsAcceptedCount: 1,
        newSharesSum: 1n,
      }),
    );
    // 2^256 ÷ (2^224 + 1)
    expect(recorder.accepted).toEqual([{ chainIndex: 3, hashes: (1n << 32n) - 1n, sentMs }]);
  });

  test("answers that are too many to be remembered are told as lost", async () => {
    const session = await withShares(4_100);
    expect(session.counts.lostUnacknowledged).toBe(4);
  });

  test("case 90: numbers start again on a new connection", async () => {
    const session = await withShares(3);
    network.severAll();
    await clock.advance(5_000);
    last().newBlock(2, 1, 0xdd);
    const work = recorder.opened[1]?.work;
    if (work === undefined) throw new Error("no work");
    session.submit(work, 0, 9, 1_000, 0x20000000);
    expect(last().received.at(-1)).toMatchObject({ sequenceNumber: 1 });
  });
});

describe("how connections end and come back", () => {
  test("case 27: a wrong authority is refused before anything else is sent", async () => {
    listen({ certificate: { secret: new Uint8Array(32).fill(5) } });
    const session = start();
    await settle();
    expect(last().bytesReceived).toBe(64);
    expect(session.phase).toBe("backing-off");
    await clock.advance(14_000);
    expect(connections).toHaveLength(1);
    await clock.advance(20_000);
    expect(connections).toHaveLength(2);
  });

  test.each([
    ["expired", { validFrom: UNIX_NOW - 7_200, notValidAfter: UNIX_NOW - 11 }, "time"],
    ["not yet valid", { validFrom: UNIX_NOW + 11, notValidAfter: UNIX_NOW + 3_600 }, "time"],
    ["of another version", { version: 1 }, "refused"],
  ])("cases 30, 31: a certificate %s is refused", async (_name, certificate, kind) => {
    listen({ certificate });
    const session = start();
    await settle();
    expect(last().bytesReceived).toBe(64);
    expect(session.reason).toMatch(/certificate/);
    expect(recorder.ends).toMatchObject([{ kind }]);
  });

  test("case 41: a server that never answers the handshake is left after 10 s", async () => {
    listen({ onAct1: () => false });
    const session = start();
    await clock.advance(9_999);
    expect(session.phase).toBe("handshake");
    await clock.advance(2);
    expect(session.phase).toBe("backing-off");
    expect(session.reason).toMatch(/Noise handshake within 10 s/);
  });

  test("case 42: a server that speaks something else fails cleanly", async () => {
    listen({
      onAct1: (_act1, connection) => {
        connection.stream.write(
          new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(20)),
        );
        return false;
      },
    });
    const session = start();
    await settle();
    expect(session.phase).toBe("backing-off");
    expect(last().bytesReceived).toBe(64);
  });

  test("case 44: plaintext works when asked for, and a failed handshake never falls back to it", async () => {
    listen({ secure: false });
    start({ secure: false });
    await settle();
    expect(names()).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
    connections.length = 0;
    start();
    await clock.advance(30_000);
    for (const connection of connections) expect(connection.received).toEqual([]);
  });

  test.each([
    [
      "the set-up",
      (c: ServerConnection) => {
        c.onMessage = () => {};
      },
      11_000,
      /SetupConnection within 10 s/,
    ],
    [
      "the channel request",
      (c: ServerConnection) => {
        c.onMessage = (m) => {
          if (m.name === "SetupConnection") {
            c.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
          }
        };
      },
      12_000,
      /OpenStandardMiningChannel within 10 s/,
    ],
    ["with a job", (c: ServerConnection) => c.serve(), 32_000, /no job for 30 s/],
  ])(
    "cases 55, 108: a pool that does not answer %s is left",
    async (_name, prepare, afterMs, reason) => {
      listen({}, prepare);
      const session = start();
      await clock.advance(afterMs);
      expect(session.counts.connects).toBeGreaterThanOrEqual(1);
      expect(recorder.events.find((event) => event.startsWith("down"))).toMatch(reason);
    },
  );

  test("a pool that says nothing at all for 300 s is left", async () => {
    const session = await mining();
    await clock.advance(299_000);
    expect(session.phase).toBe("mining");
    await clock.advance(3_000);
    expect(recorder.events.at(-1)).not.toBe("work 2:1");
    expect(recorder.events.some((event) => /nothing heard for 300 s/.test(event))).toBe(true);
  });

  test("bytes that never become a frame are no sign of life, and the limit may change at any time", async () => {
    const session = await mining();
    session.silenceMs = 20_000;
    for (let i = 0; i < 25; i++) {
      await clock.advance(1_000);
      // The beginning of a header, byte by byte.
      if (i < 20) last().stream.write(Uint8Array.of(7));
    }
    expect(recorder.ends).toMatchObject([{ kind: "silence", reason: "nothing heard for 20 s" }]);
    expect(session.counts.connects).toBe(2);
  });

  test("an unreachable pool is tried again with growing, jittered pauses, and not forgotten", async () => {
    const session = start();
    const attempts: number[] = [];
    for (let s = 0; s < 600; s++) {
      const before = session.counts.connects;
      await clock.advance(1_000);
      if (session.counts.connects > before) attempts.push(s);
    }
    expect(attempts.length).toBeGreaterThan(8);
    expect(attempts.length).toBeLessThan(25);
    listen();
    await clock.advance(60_000);
    expect(recorder.opened).toHaveLength(1);
  });

  test("case 70: after SetNewPrevHash with an unknown job nothing is hashed, and the connection is renewed if no job follows", async () => {
    const session = await mining();
    last().send(
      encodeMessage(SetNewPrevHash, {
        channelId: 2,
        jobId: 99,
        prevHash: new Uint8Array(32).fill(0xbb),
        minNtime: 1_000,
        nbits: 1,
      }),
    );
    expect(recorder.events.at(-1)).toBe("work 2:none");
    await clock.advance(40_000);
    expect(session.counts.connects).toBeGreaterThan(1);
  });

  test.each([
    ["", 0, HOST, PORT],
    ["other.test", 0, "other.test", PORT],
    ["", 40_000, HOST, 40_000],
    ["eu.pool.test", 40_000, "eu.pool.test", 40_000],
  ])(
    "case 100: Reconnect(%j, %i) leads to %s:%i with a full handshake",
    async (newHost, newPort, host, port) => {
      await mining({ allowed: ["other.test"] });
      if (host !== HOST || port !== PORT) {
        network.listen(host, port, (stream) => {
          const connection = new ServerConnection(stream, {});
          connections.push(connection);
          connection.serve();
        });
      }
      last().send(encodeMessage(Reconnect, { newHost, newPort }));
      await settle();
      expect(connections).toHaveLength(2);
      expect(last().stream.remote).toBeDefined();
      expect(names()).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
      expect(last().received[0]).toMatchObject({ endpointHost: host, endpointPort: port });
      expect(connections[0]?.ended).toBe(true);
    },
  );

  test("case 101: a redirect to a server of another authority is refused and the configured pool resumed", async () => {
    const session = await mining({ allowed: ["evil.test"] });
    network.listen("evil.test", PORT, (stream) => {
      const connection = new ServerConnection(stream, {
        certificate: { secret: new Uint8Array(32).fill(5) },
      });
      connections.push(connection);
    });
    last().send(encodeMessage(Reconnect, { newHost: "evil.test", newPort: 0 }));
    await settle();
    expect(last().bytesReceived).toBe(64);
    await clock.advance(60_000);
    expect(last().received[0]).toMatchObject({ endpointHost: HOST });
    expect(session.phase).not.toBe("backing-off");
  });

  test("case 101: a redirect to a host that has nothing to do with the pool is not even dialled, and says so", async () => {
    const session = await mining();
    let dialled = 0;
    network.listen("evil.test", PORT, () => {
      dialled++;
    });
    last().send(encodeMessage(Reconnect, { newHost: "evil.test", newPort: 0 }));
    await settle();
    expect(session.reason).toMatch(
      /redirect refused: evil\.test has nothing to do with pool\.test/,
    );
    expect(recorder.ends).toMatchObject([{ kind: "refused" }]);
    await clock.advance(30_000);
    expect(dialled).toBe(0);
    expect(connections).toHaveLength(2);
    expect(last().received[0]).toMatchObject({ endpointHost: HOST });
  });

  test("redirects to a server that is down for a while are followed again once it is back", async () => {
    listen({}, (connection) => {
      connection.onMessage = (message) => {
        if (message.name !== "SetupConnection") return;
        connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        connection.send(encodeMessage(Reconnect, { newHost: "backend.test", newPort: 0 }));
      };
    });
    start({ allowed: ["backend.test"] });
    await clock.advance(1_800_000);
    let backendReached = 0;
    network.listen("backend.test", PORT, (stream) => {
      backendReached++;
      new ServerConnection(stream, {}).serve();
    });
    await clock.advance(180_000);
    expect(backendReached).toBeGreaterThan(0);
  });

  test("a plaintext connection is not redirected off the private network", async () => {
    let dialled = 0;
    network.listen("evil.example.com", PORT, () => {
      dialled++;
    });
    listen({ secure: false });
    const session = start({ secure: false });
    await settle();
    last().send(encodeMessage(Reconnect, { newHost: "evil.example.com", newPort: 0 }));
    await settle();
    expect(session.reason).toMatch(/plaintext to evil\.example\.com/);
    await clock.advance(60_000);
    expect(dialled).toBe(0);
  });

  test("what follows a Reconnect in the same chunk is not acted upon: its channels are dead", async () => {
    await mining();
    recorder.events.length = 0;
    last().sendTogether([
      encodeMessage(Reconnect, { newHost: "", newPort: 0 }),
      ...blockFrames(2, 9, 0xcc),
    ]);
    expect(recorder.events).toEqual(["down reconnect"]);
  });

  test("case 102: a loop of redirects is bounded", async () => {
    listen({}, (connection) => {
      connection.onMessage = (message) => {
        if (message.name !== "SetupConnection") return;
        connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        connection.send(encodeMessage(Reconnect, { newHost: "", newPort: 0 }));
      };
    });
    start();
    await clock.advance(900);
    expect(connections.length).toBeLessThanOrEqual(7);
  });

  test("a Reconnect every 61 s, however well it goes in between, is followed ten times an hour", async () => {
    const session = await mining();
    for (let i = 0; i < 10; i++) {
      last().send(encodeMessage(Reconnect, { newHost: "", newPort: 0 }));
      await settle();
      last().newBlock(2, 1, 0xaa);
      await clock.advance(61_000);
    }
    expect(connections).toHaveLength(11);
    expect(recorder.ends.every(({ kind }) => kind === "asked")).toBe(true);
    last().send(encodeMessage(Reconnect, { newHost: "", newPort: 0 }));
    await settle();
    const reason = "redirected more than 10 times within an hour";
    expect(recorder.ends.at(-1)).toEqual({ kind: "refused", reason });
    await clock.advance(14_000);
    expect(connections).toHaveLength(11);
    await clock.advance(20_000);
    expect(connections).toHaveLength(12);
    expect(session.phase).not.toBe("backing-off");
  });

  test("a share for which there is no channel any more is told as lost", async () => {
    const session = await mining();
    const [channel] = session.channels;
    const work = channel?.work;
    if (channel === undefined || work === undefined) throw new Error("no work");
    session.closeChannel(channel, "no use");
    recorder.events.length = 0;
    session.submit(work, 0, 1, work.minNtime, work.version);
    expect(recorder.events).toEqual(["lost 1"]);
    network.severAll();
    session.submit(work, 0, 2, work.minNtime, work.version);
    expect(recorder.events.at(-1)).toBe("lost 1");
    expect(session.counts.lostUnacknowledged).toBe(2);
    await session.stop();
  });

  test("case 105: an orderly shutdown closes every channel, then the connection, and nothing follows", async () => {
    recorder.wanted = 2;
    listen();
    const session = start();
    await settle();
    const stopped = session.stop();
    await settle();
    await stopped;
    expect(last().received.slice(-2)).toMatchObject([
      { name: "CloseChannel", channelId: 2, reasonCode: "shutdown" },
      { name: "CloseChannel", channelId: 3, reasonCode: "shutdown" },
    ]);
    expect(last().ended).toBe(true);
    await clock.advance(600_000);
    expect(connections).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
    expect(session.phase).toBe("stopped");
  });

  test("a stopped link may start again, also in the tick in which it stopped", async () => {
    const session = await mining();
    const stopped = session.stop("standby");
    session.start();
    await stopped;
    await settle();
    expect(recorder.ends).toEqual([{ kind: "asked", reason: "standby" }]);
    expect(connections).toHaveLength(2);
    last().newBlock(2, 1, 0xaa);
    expect(session.phase).toBe("mining");
    expect(session.reason).toBeNull();
    await session.stop();
    await clock.advance(10_000);
    expect(session.phase).toBe("stopped");
    expect(clock.pendingTimers).toBe(0);
    session.start();
    await settle();
    expect(session.counts.connects).toBe(3);
  });

  test("stopping while no connection stands ends at once", async () => {
    const session = start();
    await clock.advance(100);
    await session.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test("case 89: a changed rate is told once a second at most, and errors or silence about it are tolerated", async () => {
    const session = await mining();
    const channel = recorder.opened[0] as Channel;
    for (let i = 1; i <= 50; i++) {
      session.updateChannel(channel, i * 1e6);
      await clock.advance(100);
    }
    await clock.advance(2_000);
    const updates = last().received.filter((m) => m.name === "UpdateChannel");
    expect(updates.length).toBeLessThanOrEqual(7);
    expect(updates.at(-1)).toMatchObject({ nominalHashRate: 50e6 });
    last().send(
      encodeMessage(UpdateChannelError, { channelId: 2, errorCode: "invalid-channel-id" }),
    );
    expect(session.phase).toBe("mining");
  });

  test("cases 17, 25: bytes cut one by one give the same session", async () => {
    network.chunking = "every-byte";
    await mining();
    expect(recorder.events).toEqual(["ready 1fffe000", "opened 2", "work 2:1"]);
  });
});
