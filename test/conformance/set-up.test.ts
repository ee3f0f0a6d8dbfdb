/** Cases 46 to 61: the first words on a connection, and the opening of channels. */
import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  ChannelEndpointChanged,
  Reconnect,
  SetupConnectionError,
  SetupConnectionSuccess,
} from "../../src/sv2/common-messages.ts";
import {
  CloseChannel,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { connected, Device, HOST, PORT } from "./device.ts";
import { block, EASIEST, FIRST_CHANNEL, GROUP, hashOf, target } from "./frames.ts";
import type { PoolScript } from "./pool-end.ts";

const success = (usedVersion = 2, flags = 0) =>
  encodeMessage(SetupConnectionSuccess, { usedVersion, flags });

/** A pool that answers set-ups with this frame and nothing else. */
const answering = (frame: Frame): PoolScript => ({
  onMessage: (message, pool) => {
    if (message.name === "SetupConnection") pool.send(frame);
    return true;
  },
});

describe("SetupConnection", () => {
  test("case 46 (§3.6.1): it is the first frame, and there is one per connection", async () => {
    const device = await connected();
    await device.tell(...block(1));
    await device.find(7);
    device.network.severAll();
    await device.run(10_000);
    expect(device.pools).toHaveLength(2);
    for (const { frames, names } of device.pools) {
      expect([frames[0]?.extensionType, frames[0]?.messageType]).toEqual([0, 0x00]);
      expect(names.filter((name) => name === "SetupConnection")).toHaveLength(1);
    }
  });

  test("case 47 (§3.6.1, §5.3.1): protocol 0, version 2, flags 1 or 5, where it dialled, a vendor, no device id", async () => {
    const { pool } = await connected();
    const [setup] = pool.all("SetupConnection");
    expect(setup).toMatchObject({ protocol: 0, minVersion: 2, maxVersion: 2 });
    expect(setup).toMatchObject({ endpointHost: HOST, endpointPort: PORT, deviceId: "" });
    expect([0x1, 0x5]).toContain(setup?.flags);
    expect(setup?.vendor).not.toBe("");
  });

  test("case 47 (§3.6.1, §5.3.1): a device id goes out when the operator wants it", async () => {
    const { pool } = await connected({}, { deviceId: "rack-7" });
    expect(pool.all("SetupConnection")).toMatchObject([{ deviceId: "rack-7" }]);
  });

  test("case 48 (§3.6.1): jobs, channels, redirects and farewells before the answer move nothing", async () => {
    const opened = {
      requestId: 1,
      channelId: FIRST_CHANNEL,
      target: EASIEST,
      extranoncePrefix: new Uint8Array(8),
      groupChannelId: GROUP,
    };
    const device = await connected({ onMessage: () => true });
    await device.tell(
      encodeMessage(OpenStandardMiningChannelSuccess, opened),
      ...block(1),
      encodeMessage(Reconnect, { newHost: "elsewhere.test", newPort: 1 }),
      encodeMessage(CloseChannel, { channelId: FIRST_CHANNEL, reasonCode: "early" }),
      encodeMessage(ChannelEndpointChanged, { channelId: FIRST_CHANNEL }),
      target(hashOf(0)),
    );
    expect(device.pool.names).toEqual(["SetupConnection"]);
    expect(device.pool.ended).toBe(false);
    expect(device.chain.jobs).toHaveLength(0);
    await device.tell(success());
    expect(device.pool.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
  });

  test.each([0, 1, 3, 0xffff])(
    "case 49 (§3.6.2): used_version %i ends the connection",
    async (version) => {
      const device = await connected({ usedVersion: version });
      expect(device.pool.ended).toBe(true);
      expect(device.pool.names).toEqual(["SetupConnection"]);
      expect(device.told.reason).toContain(`version ${version}`);
    },
  );

  test("case 50 (§5.3.1): under a fixed version chips roll nothing and shares carry the job's version to the bit", async () => {
    const version = 0x3fffe004;
    const device = await connected({ flags: 0x1 });
    await device.tell(...block(1, 0xaa, { version }));
    expect(device.chain.versionMask).toBe(0);
    expect(device.chain.lastJob?.version).toBe(version);
    await device.find(7);
    await device.find(8, 0x2000);
    expect(device.pool.shares).toMatchObject([{ nonce: 7, version }]);
  });

  test("case 51 (§5.3.1): a fixed version against our flag is called a bug of the server; the default obeys", async () => {
    const device = await connected({ flags: 0x5 });
    expect(device.pool.all("SetupConnection")[0]?.flags).toBe(0x5);
    expect(device.log.about(/fixed version although version rolling was required/)).toHaveLength(1);
    await device.tell(...block(1));
    expect(device.chain.versionMask).toBe(0);
  });

  test("case 51 (§5.3.1): told to take it for an echo, the device rolls", async () => {
    const device = await connected({ flags: 0x5 }, { tolerateFlagEcho: true });
    expect(device.log.about(/fixed version although version rolling was required/)).toHaveLength(1);
    await device.tell(...block(1));
    expect(device.chain.versionMask).toBe(BIP320_MASK);
  });

  test("case 51 (§5.3.1): a chain too fast for a fixed version leaves the pool, and says why", async () => {
    const device = await connected({ flags: 0x5 }, { nominalHps: 1e14 });
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toMatch(/fixed version.*4\.3 GH\/s/);
  });

  test("case 52 (§5.3.1): REQUIRES_EXTENDED_CHANNELS, and no standard channel is asked for", async () => {
    const device = await connected({ flags: 0x2 });
    await device.run(300_000);
    for (const pool of device.pools) {
      expect(pool.names).not.toContain("OpenStandardMiningChannel");
      expect(pool.ended).toBe(true);
    }
    expect(device.told.reason).toContain("REQUIRES_EXTENDED_CHANNELS");
    expect(device.pools.length).toBeLessThan(10);
  });

  test.each([
    ["case 52 (§5.3.1): a pool without standard channels", { flags: 0x2 }],
    [
      "case 58 (§5.3.6): a pool that refuses every channel",
      {
        onMessage: (message, pool) => {
          if (message.name !== "OpenStandardMiningChannel") return false;
          const { requestId } = message;
          pool.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode: "no" }));
          return true;
        },
      },
    ],
  ] satisfies [string, PoolScript][])("%s is left for the next one", async (_, script) => {
    const device = new Device({ laterHosts: ["second.test"] });
    device.listen(script);
    device.listen({ hasJobs: true }, "second.test");
    await device.start();
    await device.run(15_000);
    expect(device.hashing).toEqual([true]);
    const [setup] = device.pool.all("SetupConnection");
    expect(setup?.endpointHost).toBe("second.test");
    await device.find(7);
    expect(device.pool.shares).toHaveLength(1);
  });

  test("case 53 (policy): every undefined flag bit at once changes nothing", async () => {
    const device = await connected({ flags: 0xfffffffc });
    await device.tell(...block(1));
    expect(device.told.phase).toBe("mining");
    expect(device.chain.versionMask).toBe(BIP320_MASK);
  });

  test.each([
    "unsupported-feature-flags",
    "unsupported-protocol",
    "protocol-version-mismatch",
    "missing-declare-tx-data-flag",
    "we-do-not-like-you",
    "",
  ])(
    "case 54 (§3.6.3, §3.5): SetupConnection.Error %j is logged, and not hammered at",
    async (errorCode) => {
      const error = encodeMessage(SetupConnectionError, { flags: 0x5, errorCode });
      const device = await connected(answering(error));
      expect(device.pool.ended).toBe(true);
      expect(device.log.text).toContain(`refused the set-up: ${errorCode}`);
      await device.run(10_000);
      expect(device.pools).toHaveLength(1);
      await device.run(600_000);
      expect(device.pools.length).toBeGreaterThan(2);
      expect(device.pools.length).toBeLessThan(10);
    },
  );

  test("case 55 (policy): a set-up without answer is given up after 10 s, and tried again", async () => {
    const device = await connected({ onMessage: () => true });
    await device.run(9_999);
    expect(device.pool.ended).toBe(false);
    await device.run(2);
    expect(device.pools[0]?.ended).toBe(true);
    expect(device.told.reason).toContain("SetupConnection within 10 s");
    await device.run(30_000);
    expect(device.pools.length).toBeGreaterThan(1);
  });
});

describe("opening channels", () => {
  test("case 56 (§5.3.2): each request has its own id, a finite positive rate, and the target that was configured", async () => {
    const maxTarget = hashOf(0x3c);
    const device = await connected({}, { chains: 3, nominalHps: 5e12, maxTarget });
    const requests = device.pool.all("OpenStandardMiningChannel");
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(3);
    for (const request of requests) {
      expect(request).toMatchObject({ userIdentity: "account.worker", maxTarget });
      expect(request.nominalHashRate).toBe(Math.fround(5e12));
    }
  });

  test("case 57 (§5.3.3): a channel for a foreign request is ignored, ours still opens", async () => {
    const device = await connected({
      onMessage: (message, pool) => {
        if (message.name !== "OpenStandardMiningChannel") return false;
        pool.send(
          encodeMessage(OpenStandardMiningChannelSuccess, {
            requestId: message.requestId + 1_000,
            channelId: 77,
            target: EASIEST,
            extranoncePrefix: new Uint8Array(8),
            groupChannelId: GROUP,
          }),
        );
        return false;
      },
    });
    await device.tell(...block(9, 0xee, { channelId: 77 }), ...block(1));
    expect(device.told.channels.map(({ channelId }) => channelId)).toEqual([FIRST_CHANNEL]);
    expect(device.chain.jobs.map(({ prevHash }) => prevHash[0])).toEqual([0xaa]);
  });

  test.each(["unknown-user", "max-target-out-of-range", "channel-capacity-exhausted", "hm"])(
    "case 58 (§5.3.6): %s: nothing is hashed, the device backs off and comes back",
    async (errorCode) => {
      let refusals = 0;
      const device = await connected({
        onMessage: (message, pool) => {
          if (message.name !== "OpenStandardMiningChannel") return false;
          refusals++;
          const { requestId } = message;
          pool.send(encodeMessage(OpenMiningChannelError, { requestId, errorCode }));
          return true;
        },
      });
      expect(device.told.reason).toContain(errorCode);
      await device.run(600_000);
      expect(device.chain.jobs).toHaveLength(0);
      expect(refusals).toBeGreaterThan(1);
      expect(refusals).toBeLessThan(10);
    },
  );

  test("case 59 (§5.2): jobs, targets and sequence numbers of two channels do not meet", async () => {
    const device = await connected({}, { chains: 2 });
    const [first, second] = device.chains;
    const [own, other] = [FIRST_CHANNEL, FIRST_CHANNEL + 1];
    if (first === undefined || second === undefined) return expect.unreachable();
    await device.tell(target(hashOf(0x7f), other));
    // The same job id twice, with other roots and tips.
    await device.tell(
      ...block(5, 0xaa, { channelId: own, merkleRoot: hashOf(1) }),
      ...block(5, 0xbb, { channelId: other, merkleRoot: hashOf(2) }),
    );
    expect(
      [first, second].map(({ lastJob }) => [lastJob?.prevHash[0], lastJob?.merkleRoot[0]]),
    ).toEqual([
      [0xaa, 1],
      [0xbb, 2],
    ]);
    const lucky = device.shareNonce(hashOf(0x7f), second);
    const unlucky = nonceAbove(device, hashOf(0x7f));
    await device.find(1, 0, first);
    await device.find(lucky, 0, second);
    await device.find(2, 0, first);
    await device.find(unlucky, 0, second);
    expect(
      device.pool.shares.map(({ channelId, sequenceNumber, jobId }) => [
        channelId,
        sequenceNumber,
        jobId,
      ]),
    ).toEqual([
      [own, 1, 5],
      [other, 1, 5],
      [own, 2, 5],
    ]);
    // A new block of one channel is none of the other's.
    const before = first.told.length;
    await device.tell(...block(6, 0xcc, { channelId: other }));
    expect(first.told).toHaveLength(before);
    expect(second.lastJob?.prevHash[0]).toBe(0xcc);
  });

  test.each([0, 8, 32])(
    "case 60 (§5.3.3): a prefix of %i bytes opens a channel that mines",
    async (length) => {
      const device = await connected({ extranoncePrefix: new Uint8Array(length).fill(9) });
      await device.tell(...block(1));
      await device.find(7);
      expect(device.pool.shares).toHaveLength(1);
    },
  );

  test("case 61 (§5.3.3): the first job has the target of the channel's opening, to the bit", async () => {
    for (const [delta, count] of [
      [0, 1],
      [-1, 0],
    ] as const) {
      const probe = await connected();
      await probe.tell(...block(1));
      const limit = probe.hash(7);
      limit[0] = (limit[0] ?? 0) + delta;
      const device = await connected({ target: limit });
      await device.tell(...block(1));
      await device.find(7);
      expect(device.pool.shares).toHaveLength(count);
    }
  });
});

function nonceAbove(device: Device, limit: Uint8Array): number {
  const chain = device.chains[1];
  for (let nonce = 0; ; nonce++)
    if ((device.hash(nonce, 0, chain)[31] ?? 0) > (limit[31] ?? 0)) return nonce;
}
