import { describe, expect, onTestFinished, test } from "vitest";
import { serveStats } from "../../../simulator/pool/stats-server.ts";
import { PoolBench } from "./pool-bench.ts";

async function served() {
  const bench = new PoolBench();
  const client = await bench.miner();
  await bench.minerV1();
  client.submit(2, { nonce: 1 });
  await bench.settle();
  const server = await serveStats(bench.pool, "127.0.0.1", 0);
  onTestFinished(() => server.close());
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(new URL(path, server.url), init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { server, get };
}

describe("the figures of the pool as JSON", () => {
  test("/ has the totals, with memory and the lateness of the event loop", async () => {
    const { get } = await served();
    expect(await get("/")).toMatchObject({
      status: 200,
      body: {
        connections: 2,
        openConnections: 2,
        accepted: 1,
        rejected: 0,
        users: 1,
        memory: { rssBytes: expect.any(Number) },
        eventLoop: { p99Ms: expect.any(Number), maxMs: expect.any(Number) },
      },
    });
  });

  test("/devices and /users give rows from a start on", async () => {
    const { get } = await served();
    expect((await get("/devices")).body).toMatchObject({
      total: 2,
      devices: [{ protocol: "sv2" }, { protocol: "v1" }],
    });
    expect((await get("/devices?start=1&count=1")).body).toMatchObject({
      start: 1,
      devices: [{ protocol: "v1" }],
    });
    expect((await get("/users?count=nonsense")).body).toMatchObject({
      total: 1,
      users: [{ user: "user.1", accepted: 1 }],
    });
  });

  test("anything else gets an error that says what there is", async () => {
    const { get } = await served();
    expect(await get("/nothing")).toMatchObject({
      status: 404,
      body: { allowed: expect.stringContaining("/devices") },
    });
    expect(await get("/", { method: "POST" })).toMatchObject({ status: 405 });
  });

  test("a port that is taken is an error of the system", async () => {
    const { server } = await served();
    await expect(serveStats(new PoolBench().pool, "127.0.0.1", server.port)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});
