/** The project's own Stratum V1 upstream on the project's own pool, which share no line of the protocol's code. */
import { describe, expect, test } from "vitest";
import { parseQuirks } from "../../../simulator/pool/quirks.ts";
import { encodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { meetsTarget } from "../../../src/bitcoin/target.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { V1Session } from "../../../src/sv1/session.ts";
import type { WorkChannel } from "../../../src/upstream/pool-link.ts";
import { ntimeAt, type Work } from "../../../src/work/work.ts";
import { fixedEntropy } from "../../support/scripted-server.ts";
import { PoolBench } from "./pool-bench.ts";

/** One hash in 64 is a share. */
const DIFFICULTY = 64 / 2 ** 32;

/** A session with one channel that sends a share whenever it is asked to. */
function device(bench: PoolBench) {
  let channel: WorkChannel | undefined;
  const rejected: string[] = [];
  let accepted = 0;
  const session: V1Session = new V1Session(
    {
      clock: bench.clock,
      entropy: fixedEntropy(4),
      dial: (host, port, signal) => bench.network.dial(host, port, signal),
    },
    {
      endpoint: { host: "pool", port: 2 },
      user: "user.1",
      password: "x",
      userAgent: "asicd/0",
      versionMask: 0x1fffe000,
      suggestDifficulty: DIFFICULTY,
      subscribeExtranonce: true,
      redirects: { allowed: [] },
    },
    {
      onReady: () => void session.openChannel(64),
      onDown() {},
      onChannelOpened(_requestId, opened) {
        channel = opened;
      },
      onChannelRefused() {},
      onWork() {},
      onChannelClosed() {
        channel = undefined;
      },
      onShareAccepted: () => void accepted++,
      onShareRejected: (_share, code) => void rejected.push(code),
      onSharesLost() {},
    },
    silentLog,
  );
  let rolled = 0;
  return {
    session,
    get accepted() {
      return accepted;
    },
    rejected,
    /** Each time with other version bits and another extranonce, where they are to be had. */
    mine() {
      const { clock } = bench;
      channel?.roll(clock.nowMs());
      const work = channel?.work;
      if (work === undefined) return;
      const ntime = ntimeAt(work, clock.nowMs());
      rolled = (rolled + 0x2000) % 0x20000000;
      const version = ((work.version & ~work.versionMask) | (rolled & work.versionMask)) >>> 0;
      session.submit(work, 0, findNonce(work, ntime, version), ntime, version);
    },
  };
}

function findNonce(work: Work, ntime: number, version: number): number {
  const { merkleRoot, tip, target } = work;
  const { prevHash, nbits } = tip;
  for (let nonce = 0; ; nonce++) {
    const header = encodeHeader({ version, prevHash, merkleRoot, ntime, nbits, nonce });
    if (meetsTarget(hashHeader(header), target)) return nonce;
  }
}

describe("the device's Stratum V1 on the simulated pool", () => {
  test.each([
    "",
    "v1-silent-configure",
    "v1-no-configure",
    "v1-no-version-rolling v1-no-extranonce-subscribe",
    "v1-error-objects v1-no-error-key v1-crlf v1-goal",
    "v1-error-strings v1-late-authorize",
    "v1-jobs-at-subscribe v1-difficulty-first",
    "v1-clean-always",
    "v1-clean-never v1-result-false",
    "immediate-target reference-vardiff",
  ])("quirks [%s]: every share is accepted, over blocks, templates and masks", async (names) => {
    const quirks = names.split(" ").filter((name) => name !== "");
    const bench = new PoolBench({
      quirks: parseQuirks(quirks),
      v1Difficulty: DIFFICULTY,
      blockIntervalMs: 7_000,
      templateIntervalMs: 3_000,
      vardiffPeriodMs: 15_000,
    });
    const rolls = !names.includes("configure") && !names.includes("rolling");
    const devices = [device(bench), device(bench)];
    for (const { session } of devices) session.start();
    await bench.clock.advance(15_000);
    for (let i = 0; i < 60; i++) {
      for (const each of devices) each.mine();
      if (i === 30 && rolls) bench.pool.v1(1).setVersionMask(0x00fe0000);
      await bench.clock.advance(500);
    }
    expect(devices.map(({ accepted, rejected }) => ({ accepted, rejected }))).toEqual([
      { accepted: 60, rejected: [] },
      { accepted: 60, rejected: [] },
    ]);
    expect(bench.pool.statistics()).toMatchObject({ accepted: 120, rejected: 0 });
    await Promise.all(devices.map(({ session }) => session.stop()));
    bench.pool.stop();
    await bench.clock.advance(1);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
