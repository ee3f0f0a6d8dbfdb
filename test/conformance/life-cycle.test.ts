/** Cases 100 to 107: redirects, closed channels, and an orderly end. */
import { describe, expect, test } from "vitest";
import { ChannelEndpointChanged, Reconnect } from "../../src/sv2/common-messages.ts";
import { RequestExtensionsSuccess } from "../../src/sv2/extension-messages.ts";
import {
  CloseChannel,
  NewExtendedMiningJob,
  SetExtranoncePrefix,
  SetNewPrevHash,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { connected, Device, HOST, PORT, stopped } from "./device.ts";
import {
  activeJob,
  block,
  FIRST_CHANNEL,
  futureJob,
  GROUP,
  hashOf,
  MIN_NTIME,
  prevHash,
} from "./frames.ts";

const redirect = (newHost: string, newPort: number) =>
  encodeMessage(Reconnect, { newHost, newPort });
const stranger = new Uint8Array(32).fill(5);

describe("redirects", () => {
  test.each([
    ["", 0, HOST, PORT],
    [`eu.${HOST}`, 0, `eu.${HOST}`, PORT],
    ["", 40_000, HOST, 40_000],
    [`eu.${HOST}`, 40_000, `eu.${HOST}`, 40_000],
  ])(
    "case 100 (§3.6.5): Reconnect(%j, %i) leads to %s:%i, with handshake, set-up and channels anew",
    async (newHost, newPort, host, port) => {
      const device = await connected();
      await device.tell(...block(1));
      if (host !== HOST || port !== PORT) device.listen({}, host, port);
      await device.tell(redirect(newHost, newPort));
      expect(device.hashing).toEqual([false]);
      expect(device.pools).toHaveLength(2);
      expect(device.pools[0]?.ended).toBe(true);
      expect(device.pool.act1).toHaveLength(64);
      expect(device.pool.act1).not.toEqual(device.pools[0]?.act1);
      expect(device.pool.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
      expect(device.pool.all("SetupConnection")).toMatchObject([
        { endpointHost: host, endpointPort: port },
      ]);
      await device.tell(...block(1, 0xbb));
      expect(device.hashing).toEqual([true]);
    },
  );

  test("case 101 (§3.6.5): where another authority answers, nothing is said, and the configured pool is resumed", async () => {
    const device = await connected({ hasJobs: true });
    device.listen({ certificate: { authoritySecret: stranger } }, `evil.${HOST}`);
    await device.tell(redirect(`evil.${HOST}`, 0));
    expect(device.pool.bytesReceived).toBe(64);
    expect(device.pool.ended).toBe(true);
    await device.run(120_000);
    expect(device.pools).toHaveLength(3);
    expect(device.pool.all("SetupConnection")).toMatchObject([{ endpointHost: HOST }]);
    expect(device.hashing).toEqual([true]);
  });

  test("case 102 (policy): two servers that send the device back and forth get a bounded number of visits", async () => {
    const device = new Device();
    const other = `b.${HOST}`;
    let asked = 0;
    for (const [here, there] of [
      [HOST, other],
      [other, HOST],
    ] as const)
      device.listen(
        {
          onMessage: (message, pool) => {
            if (message.name !== "OpenStandardMiningChannel") return false;
            asked++;
            pool.send(redirect(there, 0));
            return true;
          },
        },
        here,
      );
    await device.start();
    await device.run(900);
    expect(asked).toBeLessThanOrEqual(7);
    await device.run(600_000);
    expect(asked).toBeLessThan(60);
    expect(device.pools.filter(({ ended }) => !ended).length).toBeLessThanOrEqual(1);
  });

  test("case 103 (§3.3): a redirect to a server in plaintext gets act 1 and nothing more, ever", async () => {
    const device = await connected();
    await device.tell(...block(1));
    device.listen({ plaintext: true }, `plain.${HOST}`);
    await device.tell(redirect(`plain.${HOST}`, 0));
    const plain = device.pool;
    expect(plain.frames).toEqual([]);
    await device.run(60_000);
    expect(plain.bytesReceived).toBe(64);
    expect(plain.ended).toBe(true);
    expect(device.pool.all("SetupConnection")).toMatchObject([{ endpointHost: HOST }]);
  });
});

describe("channels that end", () => {
  test.each([
    ["the channel", FIRST_CHANNEL],
    ["its group", GROUP],
  ])(
    "case 104 (§5.3.9): CloseChannel to %s stops its chips in that tick, its shares too, and it is opened again",
    async (_, channelId) => {
      const device = await connected();
      await device.tell(...block(1));
      const late = device.chain.lastJob?.chipJobId ?? 0;
      await device.tell(encodeMessage(CloseChannel, { channelId, reasonCode: "maintenance" }));
      expect(device.chain.told.at(-1)).toBe("idle");
      expect(device.log.text).toContain("maintenance");
      device.chain.report(late, 7);
      // What still comes for it is nobody's.
      await device.tell(activeJob(2, MIN_NTIME));
      expect(device.hashing).toEqual([false]);
      expect(device.pool.shares).toEqual([]);
      await device.run(30_000);
      expect(device.pool.all("OpenStandardMiningChannel")).toHaveLength(2);
      await device.tell(...block(1, 0xbb, { channelId: FIRST_CHANNEL + 1 }));
      expect(device.hashing).toEqual([true]);
    },
  );

  test("case 105 (§5.3.9): at the end each channel gets its CloseChannel, with a printable reason, then TCP ends", async () => {
    const device = await connected({}, { chains: 2 });
    await device.tell(...block(1));
    await stopped(device);
    const closed = device.pool.received.slice(-2);
    expect(closed).toMatchObject([
      { name: "CloseChannel", channelId: FIRST_CHANNEL },
      { name: "CloseChannel", channelId: FIRST_CHANNEL + 1 },
    ]);
    for (const message of closed)
      expect("reasonCode" in message && message.reasonCode).toMatch(/^[\x20-\x7e]{1,32}$/);
    expect(device.pool.ended).toBe(true);
    await device.run(600_000);
    expect([device.pools.length, device.clock.pendingTimers, device.network.openEnds]).toEqual([
      1, 0, 0,
    ]);
  });

  test.each([0, 8, 32])(
    "case 106 (§5.3.10): SetExtranoncePrefix of %i bytes leaves job, shares and the next job as they are",
    async (length) => {
      const device = await connected();
      await device.tell(...block(1));
      const told = device.chain.told.length;
      await device.tell(
        encodeMessage(SetExtranoncePrefix, {
          channelId: FIRST_CHANNEL,
          extranoncePrefix: new Uint8Array(length).fill(7),
        }),
      );
      expect(device.chain.told).toHaveLength(told);
      await device.find(7);
      expect(device.pool.shares).toMatchObject([{ jobId: 1 }]);
      await device.tell(futureJob(2), prevHash(2, 0xbb));
      expect(device.chain.lastJob).toMatchObject({ prevHash: hashOf(0xbb), merkleRoot: hashOf(2) });
    },
  );
});

describe("the other end of a channel changes", () => {
  test("case 107 (§3.6.4): on a standard channel nothing was negotiated, and mining goes on", async () => {
    const device = await connected();
    await device.tell(
      ...block(1),
      encodeMessage(ChannelEndpointChanged, { channelId: FIRST_CHANNEL }),
    );
    await device.find(7);
    expect(device.pool.shares).toHaveLength(1);
    expect(device.pool.ended).toBe(false);
  });

  test("case 107 (§3.6.4): on an extended channel shares carry the worker's name until then, and not after", async () => {
    const device = await connected(
      {
        onMessage: (message, pool) => {
          if (message.name !== "RequestExtensions") return false;
          const { requestId, requestedExtensions } = message;
          const supportedExtensions = [...requestedExtensions];
          pool.send(encodeMessage(RequestExtensionsSuccess, { requestId, supportedExtensions }));
          return true;
        },
      },
      { channel: "extended", extensions: [2], workerName: "shelf-3" },
    );
    const job = { channelId: FIRST_CHANNEL, jobId: 1, version: 0x20000000 };
    await device.tell(
      encodeMessage(NewExtendedMiningJob, {
        ...job,
        minNtime: undefined,
        versionRollingAllowed: true,
        merklePath: [hashOf(3)],
        coinbaseTxPrefix: new Uint8Array(41).fill(1),
        coinbaseTxSuffix: new Uint8Array(60).fill(2),
      }),
      encodeMessage(SetNewPrevHash, {
        channelId: FIRST_CHANNEL,
        jobId: 1,
        prevHash: hashOf(0xaa),
        minNtime: MIN_NTIME,
        nbits: 0x1d00ffff,
      }),
    );
    await device.find(7);
    await device.tell(encodeMessage(ChannelEndpointChanged, { channelId: FIRST_CHANNEL }));
    await device.find(8);
    const named = device.pool.frames
      .filter(({ messageType }) => messageType === 0x1b)
      .map(({ payload }) =>
        new TextDecoder("latin1").decode(payload).endsWith("\u0002\0\u0001\u0007\0shelf-3"),
      );
    expect(named).toEqual([true, false]);
  });
});
