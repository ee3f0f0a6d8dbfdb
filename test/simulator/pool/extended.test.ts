import { describe, expect, test } from "vitest";
import type { PoolOptions } from "../../../simulator/pool/options.ts";
import { parseQuirks } from "../../../simulator/pool/quirks.ts";
import { RequestExtensions } from "../../../src/sv2/extension-messages.ts";
import { SubmitSharesExtended } from "../../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../../src/sv2/protocols.ts";
import { PoolBench, START_UNIX_SECONDS } from "./pool-bench.ts";
import { RARE, RARE_TARGET, referenceRoot, referenceSearch } from "./reference-work.ts";
import type { ScriptedClient } from "./scripted-client.ts";

const names = (client: ScriptedClient) => client.received.map(({ name }) => name);
const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** The newest extended job, worked out by other means than the pool's. */
function extendedJob(client: ScriptedClient) {
  const job = client.last("NewExtendedMiningJob");
  const { prevHash, nbits, minNtime } = client.last("SetNewPrevHash");
  const ntime = job.minNtime ?? minNtime;
  const parts = {
    prefix: job.coinbaseTxPrefix,
    suffix: job.coinbaseTxSuffix,
    merklePath: job.merklePath,
  };
  const header = { version: job.version, prevHash, ntime, nbits };
  return {
    job,
    header,
    rootOf: (...extranonce: readonly Uint8Array[]) => referenceRoot(parts, ...extranonce),
  };
}

let sequenceNumber = 0;
function submit(
  client: ScriptedClient,
  share: Partial<Parameters<typeof SubmitSharesExtended.encode>[0]> & { tail?: Uint8Array },
) {
  const { job, header } = extendedJob(client);
  const { tail = new Uint8Array(0), ...values } = share;
  const frame = encodeMessage(SubmitSharesExtended, {
    channelId: 2,
    sequenceNumber: ++sequenceNumber,
    jobId: job.jobId,
    nonce: 0,
    ntime: header.ntime,
    version: header.version,
    extranonce: EIGHT,
    ...values,
  });
  client.send({ ...frame, payload: Buffer.concat([frame.payload, tail]) });
}

describe("opening an extended channel", () => {
  test("gives a prefix and room of its own, the future job, the previous hash, and the group", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy(1e6);
    expect(names(client).slice(1)).toEqual([
      "OpenExtendedMiningChannel.Success",
      "NewExtendedMiningJob",
      "SetNewPrevHash",
      "SetGroupChannel",
    ]);
    const opened = client.last("OpenExtendedMiningChannel.Success");
    expect(opened).toMatchObject({ channelId: 2, groupChannelId: 1, extranonceSize: 8 });
    expect(opened.extranoncePrefix).toHaveLength(8);
    expect(client.last("NewExtendedMiningJob")).toMatchObject({
      channelId: 2,
      minNtime: undefined,
      versionRollingAllowed: true,
    });
    expect(client.last("SetGroupChannel")).toMatchObject({ groupChannelId: 1, channelIds: [2] });
    expect(client.channelBits.slice(1)).toEqual([false, true, true, false]);
    const other = await bench.proxy();
    expect(other.last("OpenExtendedMiningChannel.Success").extranoncePrefix).not.toEqual(
      opened.extranoncePrefix,
    );
  });

  test.each<[string, Partial<PoolOptions>, number, number, string]>([
    [
      "to a device that required standard jobs",
      {},
      0b101,
      4,
      "extended-channels-not-supported-for-standard-jobs",
    ],
    [
      "where only standard ones are served",
      { channels: "standard" },
      0b100,
      4,
      "extended-channels-not-supported",
    ],
    [
      "with more room than there is",
      { extranonceSize: 4 },
      0b100,
      5,
      "min-extranonce-size-too-large",
    ],
    ["to a stranger", { users: ["alice"] }, 0b100, 4, "unknown-user"],
  ])("%s is refused", async (_, options, flags, minExtranonceSize, errorCode) => {
    const bench = new PoolBench(options);
    const client = await bench.connect();
    client.setUp({ flags });
    client.openExtended(7, { minExtranonceSize });
    await bench.settle();
    expect(client.last("OpenMiningChannel.Error")).toMatchObject({ requestId: 7, errorCode });
  });

  test("all the room there is may be asked for", async () => {
    const bench = new PoolBench({ extranonceSize: 4 });
    const client = await bench.connect();
    client.setUp({ flags: 0b100 });
    client.openExtended(1, { minExtranonceSize: 4 });
    await bench.settle();
    expect(client.last("OpenExtendedMiningChannel.Success").extranonceSize).toBe(4);
  });

  test("channels: extended says so by flag and refuses standard ones", async () => {
    const bench = new PoolBench({ channels: "extended" });
    const client = await bench.proxy();
    expect(client.last("SetupConnection.Success").flags).toBe(0b10);
    client.open(2, 1);
    await bench.settle();
    expect(client.last("OpenMiningChannel.Error").errorCode).toBe(
      "standard-channels-not-supported",
    );
    expect(client.all("OpenExtendedMiningChannel.Success")).toHaveLength(1);
  });
});

describe("shares of an extended channel", () => {
  async function withTarget() {
    const bench = new PoolBench();
    const client = await bench.proxy();
    bench.pool.setTarget(1, 2, RARE_TARGET);
    bench.pool.newBlock();
    await bench.settle();
    const { extranoncePrefix } = client.last("OpenExtendedMiningChannel.Success");
    const { header, rootOf } = extendedJob(client);
    const root = rootOf(extranoncePrefix, EIGHT);
    const good = referenceSearch(header, root, (hash) => hash < RARE);
    const bad = referenceSearch(header, root, (hash) => hash >= RARE);
    return { bench, client, good, bad };
  }

  test("are judged by the root that an independent computation makes of the extranonce", async () => {
    const { bench, client, good, bad } = await withTarget();
    submit(client, { nonce: good });
    submit(client, { nonce: bad });
    await bench.settle();
    expect(client.last("SubmitShares.Success").newSubmitsAcceptedCount).toBe(1);
    expect(client.last("SubmitShares.Error").errorCode).toBe("difficulty-too-low");
  });

  test.each([
    ["an extranonce that is short", { extranonce: EIGHT.subarray(1) }, "bad-extranonce-size"],
    ["an extranonce that is long", { extranonce: new Uint8Array(9) }, "bad-extranonce-size"],
    ["a version bit outside the mask", { version: 0x20000001 }, "invalid-non-rollable-version-bit"],
    ["ntime a second ahead", { ntime: START_UNIX_SECONDS + 1 }, "invalid-share"],
    ["ntime a second early", { ntime: START_UNIX_SECONDS - 1 }, "invalid-share"],
    ["a job of the block before", { jobId: 1 }, "stale-share"],
    ["a job that never was", { jobId: 99 }, "invalid-job-id"],
    ["a sequence number again", { sequenceNumber: 0 }, "invalid-share"],
  ])("%s is refused as such", async (_, wrong, errorCode) => {
    const { bench, client, good } = await withTarget();
    submit(client, { nonce: good });
    submit(client, { nonce: good, ...wrong });
    await bench.settle();
    expect(client.last("SubmitShares.Error").errorCode).toBe(errorCode);
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 1 });
  });

  test("the same one twice is a duplicate, with another extranonce it is none", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy();
    submit(client, { nonce: 1 });
    submit(client, { nonce: 1 });
    submit(client, { nonce: 1, extranonce: new Uint8Array(8) });
    await bench.settle();
    expect(client.all("SubmitShares.Error").map(({ errorCode }) => errorCode)).toEqual([
      "duplicate-share",
    ]);
    expect(bench.pool.statistics().accepted).toBe(2);
  });

  test("a standard share on it, and an extended one on a standard channel, are on the wrong channel", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy();
    client.open(2, 1);
    await bench.settle();
    submit(client, { channelId: 3 });
    await bench.settle();
    expect(client.last("SubmitShares.Error")).toMatchObject({
      channelId: 3,
      errorCode: "invalid-channel-id",
    });
  });

  test("a new prefix counts from the next job on", async () => {
    const { bench, client, good, bad } = await withTarget();
    expect(() => bench.pool.setExtranoncePrefix(1, 2, new Uint8Array(7))).toThrow(/not 8/);
    const prefix = new Uint8Array(8).fill(0xaa);
    bench.pool.setExtranoncePrefix(1, 2, prefix);
    submit(client, { nonce: good });
    submit(client, { nonce: bad });
    await bench.settle();
    expect(client.last("SetExtranoncePrefix").extranoncePrefix).toEqual(prefix);
    expect(bench.pool.statistics()).toMatchObject({ accepted: 1, rejected: 1 });
    bench.pool.newTemplate();
    await bench.settle();
    const { header, rootOf } = extendedJob(client);
    const nonce = referenceSearch(header, rootOf(prefix, EIGHT), (hash) => hash < RARE);
    submit(client, { nonce });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 2, rejected: 1 });
  });

  test("jobs that forbid version rolling mean it", async () => {
    const bench = new PoolBench({ quirks: parseQuirks(["fixed-version-jobs"]) });
    const client = await bench.proxy();
    expect(client.last("NewExtendedMiningJob").versionRollingAllowed).toBe(false);
    submit(client, { version: 0x20002000 });
    submit(client, {});
    await bench.settle();
    expect(client.last("SubmitShares.Error").errorCode).toBe("version-rolling-not-allowed");
    expect(bench.pool.statistics().accepted).toBe(1);
  });
});

describe("groups (SV2 §5.2.3)", () => {
  test("one job and one previous hash reach all channels of a connection that takes extended jobs", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy();
    client.open(2, 1);
    await bench.settle();
    expect(names(client).slice(-4)).toEqual([
      "OpenStandardMiningChannel.Success",
      "NewMiningJob",
      "SetNewPrevHash",
      "SetGroupChannel",
    ]);
    const before = client.received.length;
    bench.pool.newBlock();
    bench.pool.newTemplate();
    await bench.settle();
    expect(client.received.slice(before).map(({ name }) => name)).toEqual([
      "NewExtendedMiningJob",
      "SetNewPrevHash",
      "NewExtendedMiningJob",
    ]);
    expect(client.received.slice(before)).toMatchObject([
      { channelId: 1, minNtime: undefined },
      { channelId: 1 },
      { channelId: 1, minNtime: START_UNIX_SECONDS },
    ]);
  });

  test("the standard channel's prefix is its whole extranonce, as long as that of the others", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy();
    client.open(2, 1);
    await bench.settle();
    bench.pool.setTarget(1, 3, RARE_TARGET);
    bench.pool.newBlock();
    await bench.settle();
    const { extranoncePrefix } = client.last("OpenStandardMiningChannel.Success");
    expect(extranoncePrefix).toHaveLength(16);
    const { job, header, rootOf } = extendedJob(client);
    const root = rootOf(extranoncePrefix);
    const good = referenceSearch(header, root, (hash) => hash < RARE);
    const bad = referenceSearch(header, root, (hash) => hash >= RARE);
    const share = { jobId: job.jobId, ntime: header.ntime, version: header.version };
    client.submit(3, { nonce: good, ...share });
    client.submit(3, { nonce: bad, ...share });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({
      accepted: 1,
      rejectedByReason: { "above-target": 1 },
    });
  });

  test("jobsTo: channel addresses every one by itself, and nobody hears of a group", async () => {
    const bench = new PoolBench({ jobsTo: "channel" });
    const client = await bench.proxy();
    client.open(2, 1);
    bench.pool.newBlock();
    await bench.settle();
    bench.pool.newBlock();
    await bench.settle();
    expect(client.all("SetGroupChannel")).toEqual([]);
    expect(client.received.slice(-4)).toMatchObject([
      { name: "NewExtendedMiningJob", channelId: 2 },
      { name: "NewMiningJob", channelId: 3 },
      { name: "SetNewPrevHash", channelId: 2 },
      { name: "SetNewPrevHash", channelId: 3 },
    ]);
  });

  test("a device that required standard jobs hears of none of it", async () => {
    const bench = new PoolBench();
    const client = await bench.miner(2);
    bench.pool.newBlock();
    await bench.settle();
    expect(client.all("SetGroupChannel")).toEqual([]);
    expect(client.all("NewExtendedMiningJob")).toEqual([]);
  });
});

describe("extensions", () => {
  const ask = async (extension: PoolOptions["extension"], requestedExtensions: number[]) => {
    const bench = new PoolBench({ extension });
    const client = await bench.proxy();
    client.send(encodeMessage(RequestExtensions, { requestId: 9, requestedExtensions }));
    await bench.settle();
    return { bench, client };
  };
  const answers = (client: ScriptedClient) =>
    client.received.filter(({ name }) => name.startsWith("RequestExtensions"));

  test.each([
    ["supported", [1, 2], { supportedExtensions: [1, 2] }],
    ["supported", [2, 0x4abc], { supportedExtensions: [2] }],
    ["supported", [3], { unsupportedExtensions: [3], requiredExtensions: [] }],
    ["none", [1, 2], { unsupportedExtensions: [1, 2], requiredExtensions: [] }],
    ["required", [1], { unsupportedExtensions: [], requiredExtensions: [2] }],
    ["required", [2], { supportedExtensions: [2] }],
  ] as const)("%s, asked for %j: %j", async (extension, requested, answer) => {
    const { client } = await ask(extension, [...requested]);
    expect(answers(client)).toMatchObject([{ requestId: 9, ...answer }]);
  });

  test("silent says nothing", async () => {
    const { client } = await ask("silent", [2]);
    expect(answers(client)).toEqual([]);
  });

  const nameTlv = (name: string) =>
    Buffer.concat([Uint8Array.of(2, 0, 1, name.length, 0), Buffer.from(name)]);

  test("the worker that a share names is who it counts for, once that was agreed on", async () => {
    const { bench, client } = await ask("supported", [2]);
    submit(client, { nonce: 1, tail: nameTlv("rig7") });
    submit(client, {
      nonce: 2,
      tail: Buffer.concat([Uint8Array.of(0xbc, 0x4a, 9, 1, 0, 5), nameTlv("rig8")]),
    });
    submit(client, { nonce: 3 });
    submit(client, { nonce: 3, tail: nameTlv("rig8") });
    submit(client, { nonce: 4, tail: Uint8Array.of(2, 0, 1, 200, 0, 65) });
    await bench.settle();
    expect(
      bench.pool.users().map(({ user, accepted, rejected }) => [user, accepted, rejected]),
    ).toEqual([
      ["rig7", 1, 0],
      ["rig8", 1, 1],
      ["user.1", 2, 0],
    ]);
  });

  test("without agreement the tail is ignored", async () => {
    const bench = new PoolBench();
    const client = await bench.proxy();
    submit(client, { nonce: 1, tail: nameTlv("rig7") });
    await bench.settle();
    expect(bench.pool.users()).toMatchObject([{ user: "user.1", accepted: 1 }]);
  });
});
