import { beforeEach, describe, expect, test } from "vitest";
import {
  ChannelEndpointChanged,
  SetupConnectionError,
  SetupConnectionSuccess,
} from "../../src/sv2/common-messages.ts";
import { RequestExtensionsSuccess } from "../../src/sv2/extension-messages.ts";
import {
  CloseChannel,
  OpenExtendedMiningChannelSuccess,
  OpenMiningChannelError,
  SetExtranoncePrefix,
  SetGroupChannel,
  SetTarget,
  SubmitSharesError,
  SubmitSharesExtended,
  SubmitSharesSuccess,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { tlvsOf, userIdentityOf } from "../../src/sv2/tlv.ts";
import { merkleRootOf } from "../../src/upstream/coinbase-job.ts";
import type { SessionOptions, UpstreamSession } from "../../src/upstream/session.ts";
import { BIP320_MASK, type Work } from "../../src/work/work.ts";
import {
  extendedJobFrame,
  prevHashFrame,
  type ServerConnection,
} from "../support/scripted-server.ts";
import { SessionBench } from "../support/sessions.ts";

let bench: SessionBench;
beforeEach(() => {
  bench = new SessionBench();
});

const workOf = (lane: number): Work => {
  const work = bench.recorder.opened[lane]?.work;
  if (work === undefined) throw new Error(`lane ${lane} has no work`);
  return work;
};
const newBlock = (jobId: number, fill: number, id = 2) =>
  bench.last.sendTogether([extendedJobFrame(id, jobId), prevHashFrame(id, jobId, fill)]);

/** Two chains on one extended channel, with a job. */
async function mining(options: Partial<SessionOptions> = {}): Promise<UpstreamSession> {
  bench.recorder.wanted = 2;
  bench.listen((connection) => connection.serve());
  const session = await bench.start({ channel: "extended", ...options });
  newBlock(1, 0xaa);
  return session;
}

describe("one extended channel for all chains", () => {
  test("is asked for once, without REQUIRES_STANDARD_JOBS, with the rate of all chains (§5.3.1, §5.3.4)", async () => {
    bench.recorder.wanted = 3;
    bench.listen((connection) => connection.serve());
    await bench.start({ channel: "extended" });
    expect(bench.names).toEqual(["SetupConnection", "OpenExtendedMiningChannel"]);
    expect(bench.last.received[0]).toMatchObject({ flags: 0x4 });
    expect(bench.last.received[1]).toMatchObject({
      nominalHashRate: 3e6,
      minExtranonceSize: 4,
      userIdentity: "acct.worker",
    });
    expect(bench.recorder.terms).toEqual({ versionMask: BIP320_MASK, rollsExtranonce: true });
    expect(bench.recorder.opened).toHaveLength(3);
    expect(new Set(bench.recorder.opened.map(({ channelId }) => channelId)).size).toBe(3);
  });

  test("an answer never comes before the request has returned", async () => {
    const session = await mining();
    const opened = bench.recorder.opened.length;
    session.openChannel(1e6);
    expect(bench.recorder.opened).toHaveLength(opened);
    await bench.clock.advance(0);
    expect(bench.recorder.opened).toHaveLength(opened + 1);
    expect(bench.recorder.opened.at(-1)?.work).toBeDefined();
  });

  test("a job reaches every lane, each with its own extranonce and merkle root (§5.3.16)", async () => {
    await mining();
    const [first, second] = [workOf(0), workOf(1)];
    for (const work of [first, second]) {
      expect(work).toMatchObject({ poolJobId: 1, minNtime: 1_000, versionMask: BIP320_MASK });
      expect(work.merkleRoot).toEqual(
        merkleRootOf(
          {
            jobId: 1,
            version: 0,
            versionMask: 0,
            coinbasePrefix: Uint8Array.of(1, 0, 0, 0, 1),
            coinbaseSuffix: Uint8Array.of(0xff, 0xff),
            merklePath: [new Uint8Array(32).fill(0x77)],
            extranoncePrefix: new Uint8Array(4).fill(0xee),
          },
          work.extranonce as Uint8Array,
        ),
      );
    }
    expect(first.extranonce).not.toEqual(second.extranonce);
  });

  test("shares carry the extranonce of their lane and one row of numbers (§5.3.12)", async () => {
    const session = await mining();
    const lane = bench.recorder.opened[1];
    lane?.roll(0);
    session.submit(workOf(0), 0, 7, 1_000, 0x20000000);
    session.submit(workOf(1), 1, 8, 1_001, 0x20002000);
    expect(bench.last.received.slice(-2)).toEqual([
      {
        name: "SubmitSharesExtended",
        channelId: 2,
        sequenceNumber: 1,
        jobId: 1,
        nonce: 7,
        ntime: 1_000,
        version: 0x20000000,
        extranonce: Uint8Array.of(0, 0, 0, 0),
      },
      {
        name: "SubmitSharesExtended",
        channelId: 2,
        sequenceNumber: 2,
        jobId: 1,
        nonce: 8,
        ntime: 1_001,
        version: 0x20002000,
        extranonce: Uint8Array.of(1, 1, 0, 0),
      },
    ]);
    bench.last.send(
      encodeMessage(SubmitSharesSuccess, {
        channelId: 2,
        lastSequenceNumber: 1,
        newSubmitsAcceptedCount: 1,
        newSharesSum: 1n,
      }),
    );
    bench.last.send(
      encodeMessage(SubmitSharesError, {
        channelId: 2,
        sequenceNumber: 2,
        errorCode: "bad-extranonce-size",
      }),
    );
    expect(bench.recorder.events.slice(-2)).toEqual([
      "accepted 0",
      "rejected 1 bad-extranonce-size",
    ]);
    expect(bench.recorder.opened.map(({ shares }) => ({ ...shares }))).toEqual([
      { accepted: 1, rejected: 0, unacknowledged: 0 },
      { accepted: 0, rejected: 1, unacknowledged: 0 },
    ]);
    expect(session.counts).toMatchObject({ accepted: 1, rejected: 1 });
  });

  test("a job that forbids version rolling has an empty mask, the next one not (§5.3.16)", async () => {
    await mining();
    bench.last.send(extendedJobFrame(2, 5, { minNtime: 1_010, versionRollingAllowed: false }));
    expect(workOf(0)).toMatchObject({ poolJobId: 5, versionMask: 0, minNtime: 1_010 });
    bench.last.send(extendedJobFrame(2, 6, { minNtime: 1_020 }));
    expect(workOf(0)).toMatchObject({ poolJobId: 6, versionMask: BIP320_MASK });
  });

  test("case 106: a new extranonce prefix is for jobs that arrive later, queued ones keep theirs (§5.3.10)", async () => {
    await mining();
    const before = workOf(0);
    bench.last.send(extendedJobFrame(2, 3));
    bench.last.send(
      encodeMessage(SetExtranoncePrefix, { channelId: 2, extranoncePrefix: Uint8Array.of(5) }),
    );
    expect(workOf(0)).toBe(before);
    bench.last.send(prevHashFrame(2, 3, 0xbb));
    const root = (extranoncePrefix: Uint8Array, jobId: number) =>
      merkleRootOf(
        {
          jobId,
          version: 0,
          versionMask: 0,
          coinbasePrefix: Uint8Array.of(1, 0, 0, 0, jobId),
          coinbaseSuffix: Uint8Array.of(0xff, 0xff),
          merklePath: [new Uint8Array(32).fill(0x77)],
          extranoncePrefix,
        },
        workOf(0).extranonce as Uint8Array,
      );
    expect(workOf(0).merkleRoot).toEqual(root(new Uint8Array(4).fill(0xee), 3));
    bench.last.send(extendedJobFrame(2, 4, { minNtime: 1_000 }));
    expect(workOf(0).merkleRoot).toEqual(root(Uint8Array.of(5), 4));
  });

  test("case 72: a group, the first one or one set later, addresses the channel with jobs, tips, targets and its end (§5.3.22)", async () => {
    const session = await mining();
    newBlock(2, 0xbb, 1);
    expect(workOf(1)).toMatchObject({ poolJobId: 2 });
    bench.last.send(encodeMessage(SetGroupChannel, { groupChannelId: 9, channelIds: [77, 2] }));
    newBlock(3, 0xcc, 1);
    expect(workOf(1)).toMatchObject({ poolJobId: 2 });
    bench.last.send(
      encodeMessage(SetTarget, { channelId: 9, maximumTarget: new Uint8Array(32).fill(0x3c) }),
    );
    newBlock(4, 0xdd, 9);
    expect(workOf(1)).toMatchObject({ poolJobId: 4 });
    expect(workOf(1).target[0]).toBe(0x3c);
    const tip = workOf(0).tip;
    bench.last.send(encodeMessage(CloseChannel, { channelId: 9, reasonCode: "moved" }));
    const ids = bench.recorder.opened.map(({ channelId }) => channelId);
    expect(bench.recorder.events.slice(-2)).toEqual(ids.map((id) => `closed ${id} moved`));
    expect(tip.live).toBe(false);
    expect(session.channels).toEqual([]);
    session.openChannel(1e6);
    await bench.clock.advance(0);
    expect(bench.names.filter((name) => name === "OpenExtendedMiningChannel")).toHaveLength(2);
  });

  test("cases 67, 70: an unknown job in SetNewPrevHash stops every lane until the next job (§5.3.17)", async () => {
    await mining();
    const old = workOf(0);
    bench.last.send(prevHashFrame(2, 99, 0xbb));
    expect(old.tip.live).toBe(false);
    expect(bench.recorder.opened.map(({ work }) => work)).toEqual([undefined, undefined]);
    bench.last.send(extendedJobFrame(2, 7, { minNtime: 1_000 }));
    expect(workOf(1)).toMatchObject({ poolJobId: 7 });
    expect(workOf(1).tip.prevHash[0]).toBe(0xbb);
  });

  test("case 71: an active job before any previous hash is ignored", async () => {
    bench.listen((connection) => connection.serve());
    await bench.start({ channel: "extended" });
    bench.last.send(extendedJobFrame(2, 1, { minNtime: 1_000 }));
    expect(bench.recorder.opened[0]?.work).toBeUndefined();
    expect(bench.last.ended).toBe(false);
  });

  test("the pool is told the sum of the lanes' rates when it changes, and the channel ends with its last lane", async () => {
    const session = await mining();
    const [first, second] = bench.recorder.opened;
    if (first === undefined || second === undefined) throw new Error("no lanes");
    const work = workOf(0);
    session.updateChannel(first, 5e6);
    expect(bench.last.received.at(-1)).toMatchObject({
      name: "UpdateChannel",
      channelId: 2,
      nominalHashRate: 6e6,
    });
    await bench.clock.advance(1_500);
    session.closeChannel(second, "chain-gone");
    expect(bench.last.received.at(-1)).toMatchObject({
      name: "UpdateChannel",
      nominalHashRate: 5e6,
    });
    session.closeChannel(first, "chain-gone");
    expect(bench.last.received.at(-1)).toMatchObject({ name: "CloseChannel", channelId: 2 });
    expect(work.tip.live).toBe(false);
    const sent = bench.names.length;
    session.submit(work, 0, 1, 1_000, 0x20000000);
    expect(bench.names).toHaveLength(sent);
  });

  test("a share of a lane that was given back is told as lost", async () => {
    const session = await mining();
    const work = workOf(1);
    const [, second] = session.channels;
    if (second === undefined) throw new Error("no second lane");
    session.closeChannel(second, "chain-gone");
    bench.recorder.events.length = 0;
    session.submit(work, 1, 7, 1_000, 0x20000000);
    expect(bench.recorder.events).toEqual(["lost 1"]);
    expect(session.counts.lostUnacknowledged).toBe(1);
  });

  test("a pool that gives less extranonce than asked for is asked for less", async () => {
    const sizes: number[] = [];
    bench.listen((connection) => {
      connection.serve();
      const serve = connection.onMessage;
      connection.onMessage = (message) => {
        if (message.name !== "OpenExtendedMiningChannel") return serve(message, connection);
        sizes.push(message.minExtranonceSize);
        if (message.minExtranonceSize <= 1) return serve(message, connection);
        const { requestId } = message;
        connection.send(
          encodeMessage(OpenMiningChannelError, {
            requestId,
            errorCode: "min-extranonce-size-too-large",
          }),
        );
      };
    });
    bench.recorder.wanted = 2;
    await bench.start({ channel: "extended" });
    expect(sizes).toEqual([4, 2, 1]);
    expect(bench.recorder.opened).toHaveLength(2);
  });

  test("without any extranonce the first chain gets the only lane, and the others hear why", async () => {
    bench.recorder.wanted = 2;
    bench.listen((connection) => connection.serve({ extranonceSize: 0 }));
    await bench.start({ channel: "extended" });
    expect(bench.recorder.opened).toHaveLength(1);
    expect(bench.recorder.events.at(-1)).toMatch(/refused .*no room for another lane/);
  });

  test("33 bytes of extranonce end the connection: no share could carry them", async () => {
    bench.listen((connection) => connection.serve({ extranonceSize: 33 }));
    const session = await bench.start({ channel: "extended" });
    expect(session.reason).toMatch(/33 bytes of extranonce/);
    expect(bench.recorder.ends).toMatchObject([{ kind: "protocol" }]);
  });

  test("case 58: a refused channel is told to every chain that waits", async () => {
    bench.recorder.wanted = 2;
    bench.listen((connection) => {
      connection.onMessage = (message) => {
        if (message.name === "SetupConnection")
          connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        if (message.name === "OpenExtendedMiningChannel")
          connection.send(
            encodeMessage(OpenMiningChannelError, {
              requestId: message.requestId,
              errorCode: "unknown-user",
            }),
          );
      };
    });
    await bench.start({ channel: "extended" });
    expect(bench.recorder.events.slice(-2)).toEqual([
      "refused unknown-user",
      "refused unknown-user",
    ]);
  });

  test("case 57: a channel that was not asked for is ignored, and one that never comes ends the connection", async () => {
    bench.listen((connection) => {
      connection.onMessage = (message) => {
        if (message.name !== "SetupConnection") return;
        connection.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
        connection.send(
          encodeMessage(OpenExtendedMiningChannelSuccess, {
            requestId: 999,
            channelId: 5,
            target: new Uint8Array(32),
            extranonceSize: 4,
            extranoncePrefix: new Uint8Array(),
            groupChannelId: 0,
          }),
        );
      };
    });
    await bench.start({ channel: "extended" });
    expect(bench.recorder.opened).toEqual([]);
    await bench.clock.advance(12_000);
    expect(bench.recorder.events).toContain(
      "down no answer to OpenExtendedMiningChannel within 10 s",
    );
  });

  test("case 99: shares without answer are lost with the connection, and lanes still wanted are asked for anew", async () => {
    const session = await mining();
    session.submit(workOf(0), 0, 7, 1_000, 0x20000000);
    bench.network.severAll();
    expect(bench.recorder.events.slice(-2)[0]).toBe("lost 1");
    expect(session.counts.lostUnacknowledged).toBe(1);
    await bench.clock.advance(5_000);
    expect(bench.recorder.opened).toHaveLength(4);
    expect(bench.last.received.at(-1)).toMatchObject({ nominalHashRate: 2e6 });
  });
});

describe("channel: auto", () => {
  const asksFor = (connection: ServerConnection | undefined) =>
    connection?.received.map(({ name }) => name).filter((name) => name.startsWith("Open"));

  test("case 52: where standard channels are refused it comes back for an extended one, at once and for good", async () => {
    bench.listen((connection) => connection.serve({ flags: 2 }));
    const session = await bench.start({ channel: "auto" });
    await bench.clock.advance(10);
    expect(bench.connections).toHaveLength(2);
    expect(asksFor(bench.connections[0])).toEqual([]);
    expect(asksFor(bench.connections[1])).toEqual(["OpenExtendedMiningChannel"]);
    expect(bench.recorder.ends).toMatchObject([{ kind: "asked" }]);
    newBlock(1, 0xaa);
    expect(session.phase).toBe("mining");
    bench.network.severAll();
    await bench.clock.advance(5_000);
    expect(bench.connections).toHaveLength(3);
    expect(asksFor(bench.connections[2])).toEqual(["OpenExtendedMiningChannel"]);
    session.fail("it rejects every share");
    await bench.clock.advance(60_000);
    expect(bench.connections).toHaveLength(4);
    expect(asksFor(bench.connections[3])).toEqual(["OpenExtendedMiningChannel"]);
  });

  test("case 52: with channel: standard the pool is left to a person, and no channel asked for", async () => {
    bench.listen((connection) => connection.serve({ flags: 2 }));
    const session = await bench.start({ channel: "standard" });
    await bench.clock.advance(60_000);
    for (const connection of bench.connections) expect(asksFor(connection)).toEqual([]);
    expect(bench.recorder.ends[0]).toMatchObject({ kind: "refused" });
    expect(session.reason).toMatch(/REQUIRES_EXTENDED_CHANNELS/);
  });

  test("a pool that is content with standard channels gives those", async () => {
    bench.listen((connection) => connection.serve());
    await bench.start({ channel: "auto" });
    expect(asksFor(bench.last)).toEqual(["OpenStandardMiningChannel"]);
  });

  test("case 51: flags that forbid version rolling, echoed or meant, lead to an extended channel", async () => {
    bench.listen((connection) => connection.serve({ flags: 5 }));
    await bench.start({ channel: "auto" });
    await bench.clock.advance(10);
    expect(asksFor(bench.last)).toEqual(["OpenExtendedMiningChannel"]);
  });

  test("case 54: a set-up refused over its flags is tried again without REQUIRES_STANDARD_JOBS", async () => {
    bench.listen((connection) => {
      connection.serve();
      const serve = connection.onMessage;
      connection.onMessage = (message) => {
        if (message.name !== "SetupConnection" || (message.flags & 1) === 0)
          return serve(message, connection);
        connection.send(
          encodeMessage(SetupConnectionError, { flags: 1, errorCode: "unsupported-feature-flags" }),
        );
      };
    });
    await bench.start({ channel: "auto" });
    await bench.clock.advance(10);
    expect(asksFor(bench.last)).toEqual(["OpenExtendedMiningChannel"]);
  });

  const refusing = (errorCode: string) => {
    bench.listen((connection) => {
      connection.serve();
      const serve = connection.onMessage;
      connection.onMessage = (message) => {
        if (message.name !== "OpenStandardMiningChannel") return serve(message, connection);
        const { requestId } = message;
        connection.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode }));
      };
    });
  };

  test("refusals that are about standard channels lead to an extended one, once the owner gives up", async () => {
    refusing("standard-channels-not-supported-for-custom-work");
    const session = await bench.start({ channel: "auto" });
    session.fail("the pool refuses every channel");
    await bench.clock.advance(10);
    expect(asksFor(bench.last)).toEqual(["OpenExtendedMiningChannel"]);
  });

  test("refusals that are about the user do not", async () => {
    refusing("unknown-user");
    const session = await bench.start({ channel: "auto" });
    session.fail("the pool refuses every channel: unknown-user");
    await bench.clock.advance(10);
    expect(bench.connections).toHaveLength(1);
    expect(bench.recorder.ends).toMatchObject([{ kind: "refused" }]);
  });

  test("a pool that is given up with channels open has failed in another way", async () => {
    bench.listen((connection) => connection.serve());
    const session = await bench.start({ channel: "auto" });
    session.fail("it rejects every share");
    await bench.clock.advance(10);
    expect(bench.connections).toHaveLength(1);
    expect(bench.recorder.ends).toMatchObject([{ kind: "refused" }]);
  });

  test("too small a search space, as the owner says before it asks for channels, leads to an extended one", async () => {
    bench.recorder.wanted = 0;
    bench.listen((connection) => connection.serve());
    const session = await bench.start({ channel: "auto" });
    bench.recorder.wanted = 1;
    session.fail("the search space is too small");
    await bench.clock.advance(10);
    expect(asksFor(bench.last)).toEqual(["OpenExtendedMiningChannel"]);
    expect(bench.recorder.ends).toMatchObject([{ kind: "asked" }]);
  });

  test("a pool that wants neither kind is tried with standard channels again, without a tight loop", async () => {
    bench.listen((connection) => {
      connection.onMessage = () =>
        connection.send(
          encodeMessage(SetupConnectionError, { flags: 0, errorCode: "unsupported-feature-flags" }),
        );
    });
    await bench.start({ channel: "auto" });
    await bench.clock.advance(10_000);
    expect(bench.connections).toHaveLength(2);
    await bench.clock.advance(30_000);
    const flags = bench.connections
      .map(({ received }) => received[0])
      .map((m) => (m as { flags: number }).flags);
    expect(flags).toEqual([5, 4, 5, 4]);
  });
});

describe("extension 0x0002: shares name their worker", () => {
  const serveExtensions = (connection: ServerConnection) => {
    connection.serve();
    const serve = connection.onMessage;
    connection.onMessage = (message) => {
      if (message.name === "RequestExtensions")
        connection.send(
          encodeMessage(RequestExtensionsSuccess, {
            requestId: message.requestId,
            supportedExtensions: message.requestedExtensions,
          }),
        );
      else serve(message, connection);
    };
  };
  const workerOfLastShare = () => {
    const frame = bench.last.frames.at(-1);
    if (frame?.messageType !== SubmitSharesExtended.type) throw new Error("no share");
    expect(frame).toMatchObject({ extensionType: 0, channelMessage: true });
    return userIdentityOf(tlvsOf(SubmitSharesExtended, frame.payload));
  };

  test("cases 107, 109 (ext2 §1, §3.6.4): once negotiated, on extended channels, until the endpoint changes", async () => {
    bench.listen(serveExtensions);
    const session = await bench.start({
      channel: "extended",
      extensions: [2],
      workerName: "rack7",
    });
    newBlock(1, 0xaa);
    session.submit(workOf(0), 0, 7, 1_000, 0x20000000);
    expect(workerOfLastShare()).toBe("rack7");
    bench.last.send(encodeMessage(ChannelEndpointChanged, { channelId: 2 }));
    session.submit(workOf(0), 0, 8, 1_000, 0x20000000);
    expect(workerOfLastShare()).toBeUndefined();
  });

  test("not negotiated, nothing is appended", async () => {
    bench.listen((connection) => connection.serve());
    const session = await bench.start({ channel: "extended", workerName: "rack7" });
    newBlock(1, 0xaa);
    session.submit(workOf(0), 0, 7, 1_000, 0x20000000);
    expect(workerOfLastShare()).toBeUndefined();
  });

  test("standard channels have no such field", async () => {
    bench.listen(serveExtensions);
    const session = await bench.start({ extensions: [2], workerName: "rack7" });
    bench.last.newBlock(2, 1, 0xaa);
    session.submit(workOf(0), 0, 7, 1_000, 0x20000000);
    expect(bench.last.frames.at(-1)?.payload).toHaveLength(24);
  });

  test("a name that does not fit is refused at the start", async () => {
    await expect(bench.start({ workerName: "é".repeat(17) })).rejects.toThrow(
      "worker name of 34 bytes; allowed: at most 32",
    );
  });
});
