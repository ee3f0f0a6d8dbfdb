/** Sockets that somebody else has, and key files that are none. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Listeners, openListeners } from "../../../firmware/operator/http/listeners.ts";
import { tlsMaterial } from "../../../firmware/operator/http/tls.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { type Logger, silentLog } from "../../../src/lib/log.ts";
import { caller } from "./served.ts";

let folder: string;
let clock: VirtualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-listen-"));
  clock = new VirtualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(listen: readonly string[], unixSocket?: string, text = "ours") {
  const errors: string[] = [];
  const log: Logger = { ...silentLog, error: (_, message) => void errors.push(message) };
  const listeners = await openListeners((_request, response) => void response.end(text), {
    listen,
    unixSocket,
    tls: undefined,
    bounds: { ofAll: 10, ofOne: 10 },
    clock,
    log,
  });
  onTestFinished(() => listeners.close());
  return { listeners, errors };
}

const listensOn = (server: Server, where: string | number) =>
  new Promise<void>((resolve) => {
    if (typeof where === "string") server.listen(where, resolve);
    else server.listen(where, "127.0.0.1", resolve);
  });

describe("the Unix socket", () => {
  const socketPath = () => join(folder, "operator.sock");
  const answered = async () => (await caller({ socketPath: socketPath() })("GET /")).text;

  test("of somebody who answers stays theirs, and is a problem that is told", async () => {
    const other = createHttpServer((_request, response) => void response.end("theirs"));
    await listensOn(other, socketPath());
    onTestFinished(() => void other.close());
    const { listeners } = await open(["127.0.0.1:0"], socketPath());
    expect(listeners.addresses).toEqual([expect.stringMatching(/^http:/)]);
    expect(listeners.problems).toEqual([
      `${socketPath()}: another asicd answers there; it is left alone`,
    ]);
    expect(await answered()).toBe("theirs");
    await listeners.close();
    expect(await answered()).toBe("theirs");
  });

  test("that a dead process has left is replaced, and is gone at the end", async () => {
    const script = `require("net").createServer().listen(${JSON.stringify(socketPath())}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(() => execFileSync(process.execPath, ["-e", script])).toThrow();
    expect(statSync(socketPath()).isSocket()).toBe(true);
    const { listeners } = await open([], socketPath());
    expect([listeners.problems, statSync(socketPath()).mode & 0o777]).toEqual([[], 0o600]);
    expect(await answered()).toBe("ours");
    await listeners.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that has taken the place of ours is not removed with it", async () => {
    const { listeners } = await open([], socketPath());
    rmSync(socketPath());
    await open([], socketPath(), "the next one's");
    await listeners.close();
    expect(await answered()).toBe("the next one's");
  });
});

describe("a port that is taken", () => {
  const untilServed = async (listeners: Listeners, count: number) => {
    while (listeners.addresses.length < count) await new Promise((done) => setImmediate(done));
  };

  test("is tried again every 30 s, and is told once", async () => {
    const other = createServer();
    await listensOn(other, 0);
    const { port } = other.address() as AddressInfo;
    const { listeners, errors } = await open([`127.0.0.1:${port}`, "127.0.0.1:0"]);
    for (let time = 0; time < 3; time++) {
      await clock.advance(30_000);
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(listeners.problems).toEqual([expect.stringContaining("EADDRINUSE")]);
    expect(errors).toHaveLength(1);
    await new Promise((resolve) => other.close(resolve));
    await clock.advance(29_000);
    expect(listeners.addresses).toHaveLength(1);
    await clock.advance(1_000);
    await untilServed(listeners, 2);
    expect(listeners.addresses[1]).toBe(`http://127.0.0.1:${port}`);
    expect(listeners.problems).toEqual([]);
    expect((await caller({ port })("GET /")).text).toBe("ours");
  });

  test("is not taken any more after the end", async () => {
    const other = createServer();
    await listensOn(other, 0);
    const { port } = other.address() as AddressInfo;
    const { listeners } = await open([`127.0.0.1:${port}`]);
    await new Promise((resolve) => other.close(resolve));
    await clock.advance(30_000);
    await listeners.close();
    await clock.advance(60_000);
    await expect(caller({ port })("GET /")).rejects.toThrow("ECONNREFUSED");
  });
});

describe("an own certificate is a file of a size that certificates have, so not", () => {
  test.each([
    ["a device without an end", () => "/dev/zero", "is no regular file"],
    [
      "a pipe that nobody writes to",
      () => {
        execFileSync("mkfifo", [join(folder, "pipe")]);
        return join(folder, "pipe");
      },
      "is no regular file",
    ],
    ["a folder", () => folder, "is no regular file"],
    [
      "a file of many gigabytes",
      () => {
        writeFileSync(join(folder, "large"), "");
        truncateSync(join(folder, "large"), 2 ** 36);
        return join(folder, "large");
      },
      "has more than 64 kB",
    ],
  ])(
    "%s",
    async (_, make, expected) => {
      const file = make();
      const reasons: unknown[] = [];
      const made = await tlsMaterial({
        api: { tls: "own", certificateFile: file, keyFile: file },
        folder: join(folder, "own"),
        names: ["miner"],
        addresses: [],
        nowUnixSeconds: 1_790_000_000,
        log: {
          ...silentLog,
          error: (fields) => void reasons.push("reason" in fields && fields.reason),
        },
      });
      expect(reasons).toEqual([`${file} ${expected}`]);
      expect(made?.cert).toContain("BEGIN CERTIFICATE");
    },
    5_000,
  );
});
