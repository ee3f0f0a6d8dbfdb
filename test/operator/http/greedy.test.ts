/** Connections that ask and do not read: they end, their memory is bounded, and nobody else waits for them. */
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { HistoryReader } from "../../../src/api/device.ts";
import { openStream } from "./event-stream.ts";
import { served, someHistory, until } from "./served.ts";

/** More than the kernel keeps of an answer on both ends for who does not read. */
const POINTS = 800_000;
const many: readonly number[] = Array<number>(POINTS).fill(1_000_000_000);
const longHistory: HistoryReader = {
  ...someHistory,
  query: () => Promise.resolve({ stepS: 60, unixSeconds: [], series: { hashrate: many } }),
};
const MB = 1 << 20;
const ASK = "GET /api/v1/history?series=hashrate HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const generous = { requests: { perSecond: 1_000_000, burst: 1_000_000 } };

/** Asks from an address of this machine, and reads nothing. */
function deaf(port: number, from: string, ask = ASK): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress: from });
    socket.on("error", () => {});
    socket.once("close", () => resolve(socket));
    socket.once("connect", () => {
      socket.write(ask);
      socket.pause();
      resolve(socket);
    });
  });
}

describe("who asks and reads nothing", () => {
  test("is closed after a time, however much it goes on to send", async () => {
    await using machine = await served({
      history: longHistory,
      limits: { ...generous, connections: { ofAll: 40, ofOne: 16, stalledMs: 300, sweepMs: 50 } },
    });
    const socket = await deaf(machine.port, "127.0.0.2");
    socket.write("GET / HTTP/1.1\r\nX-Slow: ");
    const more = setInterval(() => socket.write("x"), 20);
    await until(() => machine.server.connectionCount === 1);
    await until(() => machine.server.connectionCount === 0);
    clearInterval(more);
    socket.destroy();
  });

  test("is not who reads slowly, nor who listens to what seldom comes", async () => {
    await using machine = await served({
      history: longHistory,
      limits: { ...generous, connections: { ofAll: 40, ofOne: 16, stalledMs: 1_000, sweepMs: 50 } },
    });
    using stream = await openStream(machine.port);
    await stream.until(1);
    const slow = await deaf(
      machine.port,
      "127.0.0.2",
      ASK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    );
    let bytes = 0;
    slow.on("data", (part: Buffer) => {
      bytes += part.length;
      slow.pause();
      setTimeout(() => slow.resume(), 20);
    });
    const ended = new Promise((resolve) => slow.once("close", resolve));
    slow.resume();
    await ended;
    expect(bytes).toBeGreaterThan(POINTS * 10);
    expect(machine.server.connectionCount).toBe(1);
  });

  test("in hundreds from a few addresses keeps nobody waiting, and takes bounded memory", async () => {
    await using machine = await served({
      history: longHistory,
      limits: {
        ...generous,
        connections: { ofAll: 40, ofOne: 16, unsentBytes: 24 * MB, sweepMs: 200 },
      },
    });
    const before = process.memoryUsage().rss;
    const sockets: Socket[] = [];
    const waits: number[] = [];
    for (let i = 0; i < 60; i++) {
      sockets.push(await deaf(machine.port, `127.0.0.${2 + (i % 4)}`));
      if (i % 10 > 0) continue;
      const beganMs = performance.now();
      expect((await machine.call("GET /api/v1/status")).status).toBe(200);
      waits.push(performance.now() - beganMs);
    }
    expect(Math.max(...waits)).toBeLessThan(2_000);
    expect(machine.server.connectionCount).toBeLessThanOrEqual(40);
    // Of each, megabytes are more than the kernel takes.
    await until(() => machine.server.connectionCount <= 10);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * MB);
    for (const socket of sockets) socket.destroy();
  });

  test("and asks many times in one go has its waiting answers counted", async () => {
    await using machine = await served({
      history: longHistory,
      limits: {
        ...generous,
        connections: { ofAll: 40, ofOne: 16, unsentBytes: 24 * MB, sweepMs: 50 },
      },
    });
    const socket = await deaf(machine.port, "127.0.0.2", ASK.repeat(12));
    await until(() => machine.server.connectionCount === 1);
    await until(() => machine.server.connectionCount === 0);
    socket.destroy();
  });
});

describe("too many connections", () => {
  test("of one address end those of that address, not another's that is idle for longer", async () => {
    await using machine = await served({
      limits: { ...generous, connections: { ofAll: 12, ofOne: 12, sweepMs: 60_000 } },
    });
    const idle = await deaf(machine.port, "127.0.0.9", "");
    await until(() => machine.server.connectionCount === 1);
    let isClosed = false;
    idle.resume().once("close", () => {
      isClosed = true;
    });
    const sockets: Socket[] = [];
    for (let i = 0; i < 30; i++) sockets.push(await deaf(machine.port, "127.0.0.2", ""));
    expect((await machine.call("GET /api/v1/status")).status).toBe(200);
    expect((await machine.call("GET /api/v1/status")).status).toBe(200);
    expect(isClosed).toBe(false);
    for (const socket of [idle, ...sockets]) socket.destroy();
  });
});
