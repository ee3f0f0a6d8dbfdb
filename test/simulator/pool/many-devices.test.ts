import { describe, expect, test } from "vitest";
import { JobBook } from "../../../simulator/pool/job-book.ts";
import { OTHERS, UserBook } from "../../../simulator/pool/user-book.ts";
import { PoolBench } from "./pool-bench.ts";
import type { ScriptedV1Client } from "./scripted-v1-client.ts";

describe("many devices", () => {
  test("a new block is told in turns, whoever waits hears of the newest alone, and nobody is forgotten", async () => {
    const bench = new PoolBench();
    const clients: ScriptedV1Client[] = [];
    for (let i = 0; i < 150; i++) clients.push(await bench.minerV1());
    bench.pool.newBlock();
    const told = () => clients.filter((client) => client.all("mining.notify").length > 1).length;
    expect(told()).toBe(64);
    bench.pool.newTemplate();
    bench.pool.newBlock();
    await bench.settle();
    expect(told()).toBe(150);
    expect(new Set(clients.map((client) => client.job().id)).size).toBe(1);
    // The last ones skipped what was over before their turn came.
    expect(clients.at(-1)?.all("mining.notify")).toHaveLength(2);
    expect(clients.every((client) => client.job().cleanJobs)).toBe(true);
    const ids = clients.map((client) => client.submit({ nonce: 1 }));
    await bench.settle();
    expect(clients.every((client, index) => client.answer(ids[index] ?? 0).result === true)).toBe(
      true,
    );
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("who opens a channel before its turn has the new job once", async () => {
    const bench = new PoolBench();
    for (let i = 0; i < 64; i++) await bench.minerV1();
    const late = await bench.miner();
    bench.pool.newBlock();
    late.open(2, 1);
    await bench.settle();
    expect(late.received.slice(-5).map(({ name }) => name)).toEqual([
      "NewMiningJob",
      "SetNewPrevHash",
      "OpenStandardMiningChannel.Success",
      "NewMiningJob",
      "SetNewPrevHash",
    ]);
    for (const channelId of [2, 3]) late.submit(channelId, { nonce: 1 });
    await bench.settle();
    expect(bench.pool.statistics()).toMatchObject({ accepted: 2, rejected: 0 });
  });

  test("no more connections than allowed, and no more channels of one", async () => {
    const bench = new PoolBench({ maxConnections: 2 });
    const first = await bench.miner();
    await bench.connect();
    const third = await bench.connect();
    expect(third.ended).toBe(true);
    expect(bench.pool.totals()).toMatchObject({ connections: 2, turnedAway: 1 });
    for (let requestId = 2; requestId <= 1_001; requestId++) first.open(requestId, 1);
    await bench.settle();
    expect(first.last("OpenMiningChannel.Error")).toMatchObject({
      requestId: 1_001,
      errorCode: "channel-capacity-exhausted",
    });
  });

  test("users that are invented fill no memory", () => {
    const book = new UserBook();
    for (let i = 0; i < 20_000; i++)
      book.note(
        {
          event: "share-rejected",
          connection: 1,
          channel: 1,
          jobId: 1,
          user: `u${i}`,
          code: "",
          reason: "malformed",
          detail: "",
        },
        0,
      );
    expect(book.size).toBe(10_000);
    expect(book.list().at(-1)).toMatchObject({ user: OTHERS, rejected: 10_001 });
  });

  test("a tip that never ends fills no memory with jobs and shares", async () => {
    const bench = new PoolBench();
    await bench.miner();
    const client = await bench.minerV1();
    const first = client.job();
    for (let i = 0; i < 400; i++) bench.pool.newTemplate();
    await bench.settle();
    const [stale, fresh] = [
      client.submit({ nonce: 1, job: first.id, ntime: first.ntimeHex }),
      client.submit({ nonce: 1 }),
    ];
    await bench.settle();
    expect([stale, fresh].map((id) => client.answer(id).error)).toEqual([
      [21, "Job not found", null],
      null,
    ]);
    const book = new JobBook();
    for (let i = 0; i < 20_000; i++) book.remember(`${i}`);
    expect([book.isKnown("0"), book.isKnown("19999")]).toEqual([false, true]);
  });
});

describe("devices and users", () => {
  test("each device tells who it is and what it brought in; users are counted over all of them", async () => {
    const bench = new PoolBench();
    const sv2 = await bench.miner();
    const v1 = await bench.minerV1();
    sv2.submit(2, { nonce: 1 });
    sv2.submit(2, { nonce: 1 });
    v1.submit({ nonce: 1 });
    await bench.clock.advance(2_000);
    expect(bench.pool.devices()).toMatchObject([
      {
        connection: 1,
        protocol: "sv2",
        vendor: "asicd test",
        accepted: 1,
        rejected: 1,
        connectedS: 2,
      },
      { connection: 2, protocol: "v1", vendor: "asicd test/0", accepted: 1, rejected: 0 },
    ]);
    expect(bench.pool.devices(1, 5)).toHaveLength(1);
    expect(bench.pool.users()).toMatchObject([
      { user: "user.1", accepted: 2, rejected: 1, lastShareUnixS: bench.clock.unixSeconds() - 2 },
    ]);
    sv2.close();
    await bench.settle();
    expect(bench.pool.devices()).toHaveLength(1);
    expect(bench.pool.users()).toMatchObject([{ accepted: 2 }]);
  });

  test("only named users open channels, alone or with a worker's name", async () => {
    const bench = new PoolBench({ users: ["alice"] });
    const client = await bench.connect();
    client.setUp();
    for (const [index, user] of ["alice", "alice.rig", "bob", "alicex.rig"].entries())
      client.open(index, 1, new Uint8Array(32).fill(0xff), user);
    await bench.settle();
    expect(client.all("OpenStandardMiningChannel.Success").map((m) => m.requestId)).toEqual([0, 1]);
    expect(client.all("OpenMiningChannel.Error")).toMatchObject([
      { requestId: 2, errorCode: "unknown-user" },
      { requestId: 3, errorCode: "unknown-user" },
    ]);
  });
});
