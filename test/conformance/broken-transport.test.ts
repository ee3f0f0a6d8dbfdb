/** Case 108: connections that are reset, half open or only dripping, in every state that a device can be in. */
import { describe, expect, test } from "vitest";
import { connected, Device, stopped } from "./device.ts";
import { block, rawFrame } from "./frames.ts";
import type { PoolScript } from "./pool-end.ts";

/** How a pool brings a device to a state and no further, and how long the device may bear it there. */
const states: Readonly<Record<string, { readonly script: PoolScript; readonly limitMs: number }>> =
  {
    handshake: { script: { act2: () => undefined }, limitMs: 10_000 },
    "setting-up": { script: { onMessage: () => true }, limitMs: 10_000 },
    opening: {
      script: { onMessage: ({ name }) => name !== "SetupConnection" },
      limitMs: 10_000,
    },
    "waiting-for-job": { script: {}, limitMs: 30_000 },
    mining: { script: { hasJobs: true }, limitMs: 300_000 },
  };

type Break = (device: Device, limitMs: number) => Promise<void>;

const ways: Readonly<Record<string, Break>> = {
  reset: async (device) => {
    device.network.severAll();
    await device.run(0);
  },
  "half-open": async (device, limitMs) => {
    device.network.silent(true);
    await device.run(limitMs + 2_000);
  },
  dripping: async (device, limitMs) => {
    const { pool } = device;
    // The beginning of something large, a byte at a time; before the handshake is over, of act 2.
    const bytes =
      device.told.phase === "handshake"
        ? new Uint8Array(233)
        : pool.seal(rawFrame(0x4abc, 1, { payload: new Uint8Array(4_000) }));
    for (let passedMs = 0, at = 0; passedMs < limitMs + 2_000; passedMs += 1_500) {
      pool.sendBytes(bytes.slice(at, ++at));
      await device.run(1_500);
    }
  },
};

describe("transport that fails", { timeout: 120_000 }, () => {
  const cells = Object.keys(states).flatMap((state) =>
    Object.keys(ways).map((way) => [way, state] as const),
  );

  test.each(cells)(
    "case 108 (policy): %s while %s: chips stop, attempts are bounded, and all is well again afterwards",
    async (way, state) => {
      const { script, limitMs } = states[state] ?? expect.unreachable(state);
      const device = new Device();
      const stuck = device.listen(script);
      await device.start();
      expect(device.told.phase).toBe(state);
      const [first] = device.pools;
      // Nobody else answers there: the pool stays away for ten minutes.
      stuck[Symbol.dispose]();
      const timers = device.clock.pendingTimers;
      await ways[way]?.(device, limitMs);
      expect(["backing-off", "connecting"]).toContain(device.told.phase);
      expect(device.hashing).toEqual([false]);
      expect(device.log.about(/pool lost/).length).toBeGreaterThan(0);
      const attempts = device.told.connects;
      await device.run(600_000);
      expect(device.told.connects - attempts).toBeLessThanOrEqual(30);
      expect(device.clock.pendingTimers).toBeLessThanOrEqual(timers + 2);

      device.network.silent(false);
      device.listen({ hasJobs: true });
      await device.run(120_000);
      expect(first?.ended).toBe(true);
      expect(device.hashing).toEqual([true]);
      expect(device.network.openEnds).toBe(2);
      await stopped(device);
      expect([device.network.openEnds, device.clock.pendingTimers]).toEqual([0, 0]);
    },
  );

  test("case 108 (policy): a dial that is never answered is given up after 10 s, and tried again with pauses", async () => {
    const device = new Device();
    device.listen({ hasJobs: true });
    device.network.silent(true);
    await device.start();
    await device.run(9_999);
    expect(device.told.phase).toBe("connecting");
    await device.run(2);
    expect(device.told).toMatchObject({ phase: "backing-off", connects: 1 });
    await device.run(600_000);
    expect(device.told.connects).toBeLessThanOrEqual(25);
    device.network.silent(false);
    await device.run(120_000);
    expect(device.hashing).toEqual([true]);
  });

  test("case 108 (policy): forty resets leave nothing behind", async () => {
    const device = await connected({ hasJobs: true });
    for (let i = 0; i < 40; i++) {
      device.network.severAll();
      await device.run(62_000);
    }
    expect(device.hashing).toEqual([true]);
    expect(device.network.openEnds).toBe(2);
    expect(device.clock.pendingTimers).toBeLessThan(20);
    await device.tell(...block(2, 0xbb));
    await device.find(7);
    expect(device.pool.shares).toHaveLength(1);
  });
});
