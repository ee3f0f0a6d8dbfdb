/** The test of a pool, against servers that go each a step further. */
import { describe, expect, test } from "vitest";
import { poolTester } from "../../firmware/operator/pool-test.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { PoolTestResult } from "../../src/api/pool-test.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { AUTHORITY, fixedEntropy, ServerConnection } from "../support/scripted-server.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import { ServerEnd } from "../sv1/support.ts";

const HOST = "pool.test";
const PORT = 34_254;
const URL_V2 = `stratum2+tcp://${HOST}:${PORT}/${AUTHORITY.text}`;
const URL_V1 = `stratum+tcp://${HOST}:${PORT}`;

function bench(
  listener?: (stream: ByteStream) => void,
  resolve?: () => Promise<readonly string[]>,
) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork();
  if (listener !== undefined) network.listen(HOST, PORT, listener);
  const tester = poolTester({
    clock,
    entropy: fixedEntropy(3),
    identity: { vendor: "asicd", hardwareVersion: "test", firmware: "0", deviceId: "" },
    dial: (host, port, signal) => network.dial(host, port, signal),
    resolve: resolve ?? (() => Promise.resolve(["192.0.2.9"])),
  });
  return { clock, network, tester };
}

async function tried(
  url: string,
  listener?: (stream: ByteStream) => void,
  resolve?: () => Promise<readonly string[]>,
): Promise<PoolTestResult> {
  const { clock, tester } = bench(listener, resolve);
  const result = tester({ url, user: "acct.worker" });
  await clock.advance(11_000);
  const told = await result;
  expect(clock.pendingTimers, "timers are left").toBe(0);
  if (told === "busy") throw new Error("busy");
  return told;
}

const stepsOf = ({ steps }: PoolTestResult) =>
  steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);

describe("a pool test", () => {
  test("ends with the job of a pool that works", async () => {
    const result = await tried(URL_V2, (stream) => {
      serveJob(new ServerConnection(stream, {}));
    });
    expect(stepsOf(result)).toEqual([
      "resolve ok",
      "connect ok",
      "handshake ok",
      "set-up ok",
      "channel ok",
      "job ok",
    ]);
    expect(result.ok).toBe(true);
  });

  test("says that a name does not exist", async () => {
    const result = await tried(URL_V2, undefined, () =>
      Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" })),
    );
    expect(stepsOf(result)).toEqual(["resolve failed"]);
    expect(result.steps[0]?.text).toBe(`there is no host ${HOST}`);
  });

  test("says that a name server does not answer, after ten seconds", async () => {
    const result = await tried(URL_V2, undefined, () => new Promise(() => {}));
    expect(stepsOf(result)).toEqual(["resolve failed"]);
    expect(result.steps[0]?.ms).toBe(10_000);
  });

  test("says that nobody listens", async () => {
    const result = await tried(URL_V2);
    expect(stepsOf(result)).toEqual(["resolve ok", "connect failed"]);
  });

  test("says that a server is silent in the handshake", async () => {
    const result = await tried(URL_V2, () => {});
    expect(stepsOf(result)).toEqual(["resolve ok", "connect ok", "handshake failed"]);
    expect(result.steps.at(-1)?.text).toMatch(/did not answer|nothing came within/);
  });

  test("says that the handshake fails on another key", async () => {
    const result = await tried(URL_V2, (stream) => {
      new ServerConnection(stream, { certificate: { secret: new Uint8Array(32).fill(7) } });
    });
    expect(stepsOf(result)).toEqual(["resolve ok", "connect ok", "handshake failed"]);
  });

  test("goes through Stratum V1 as well, whose steps are fewer", async () => {
    const result = await tried(URL_V1, (stream) => serveV1(stream));
    expect(stepsOf(result)).toEqual([
      "resolve ok",
      "connect ok",
      "set-up ok",
      "channel ok",
      "job ok",
    ]);
  });

  test("says that a Stratum V1 pool does not know the worker", async () => {
    const result = await tried(URL_V1, (stream) => serveV1(stream, false));
    expect(stepsOf(result)).toEqual(["resolve ok", "connect ok", "set-up failed"]);
    expect(result.steps.at(-1)?.text).toMatch(/acct.worker|authori/);
  });

  test("names what is wrong with an address before it dials", async () => {
    const { tester } = bench();
    for (const url of [
      "http://pool.test:80",
      "stratum2+tcp://pool.test:1/short",
      "x",
      "stratum+tcp://pool.test",
    ])
      await expect(tester({ url, user: "a" })).rejects.toThrow(ConfigError);
    await expect(tester({ url: URL_V1, user: "" })).rejects.toThrow(/user: is missing/);
  });

  test("is one at a time", async () => {
    const { clock, tester } = bench(() => {});
    const first = tester({ url: URL_V2, user: "a" });
    expect(await tester({ url: URL_V2, user: "a" })).toBe("busy");
    await clock.advance(11_000);
    await first;
    const again = tester({ url: URL_V2, user: "a" });
    await clock.advance(11_000);
    expect(await again).not.toBe("busy");
  });
});

function serveJob(server: ServerConnection): void {
  server.serve();
  const ordinary = server.onMessage;
  server.onMessage = (message, connection) => {
    ordinary(message, connection);
    if (message.name === "OpenStandardMiningChannel") connection.newBlock(2, 1, 5);
  };
}

function serveV1(stream: ByteStream, answersAuthorize = true): void {
  const server = new ServerEnd(stream);
  server.serve();
  const ordinary = server.onLine;
  server.onLine = (line, end) => {
    if (line.method !== "mining.authorize") return ordinary(line, end);
    end.answer(line, answersAuthorize);
    end.call("mining.set_difficulty", 1);
    end.notify();
  };
}
