import { createSocket } from "node:dgram";
import { Bonjour, type Service } from "bonjour-service";
import { describe, expect, test } from "vitest";
import { announcedPage, pageUrl } from "../../firmware/operator/announced-page.ts";
import { startMdns } from "../../firmware/operator/mdns.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { operatedDevice, sampleConfig } from "../support/operated-device.ts";

/** A group of our own on the loopback interface: nobody on the network hears these machines. */
async function privateNetwork() {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return { port, interface: "127.0.0.1", bind: "0.0.0.0" };
}

/** Waits of the probe are cut, those of the watch stay. */
function quickClock(): Clock {
  const clock = new SystemClock();
  return {
    nowMs: () => clock.nowMs(),
    unixSeconds: () => clock.unixSeconds(),
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
    after: (delayMs, run) => clock.after(delayMs === 1_000 ? 200 : delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };
}

type Network = Awaited<ReturnType<typeof privateNetwork>>;

async function machine(
  network: Network,
  mac: string,
  listening: readonly string[] = ["0.0.0.0:80"],
) {
  const operated = operatedDevice({ clock: new SystemClock(), facts: { mac } });
  const mdns = startMdns({
    device: operated.device,
    listening,
    clock: quickClock(),
    log: silentLog,
    network,
  });
  return {
    operated,
    mdns,
    async [Symbol.asyncDispose]() {
      await mdns.close();
      await operated[Symbol.asyncDispose]();
    },
  };
}

/** Somebody who looks for web pages on this network. */
function finder(network: Network) {
  const bonjour = new Bonjour(network as object);
  const found = new Map<string, Service>();
  const waiting = new Set<() => void>();
  const browser = bonjour.find({ type: "http" });
  const note = () => {
    for (const look of [...waiting]) look();
  };
  browser.on("up", (service) => {
    found.set(service.name, service);
    note();
  });
  browser.on("down", ({ name }) => {
    found.delete(name);
    note();
  });
  const ask = setInterval(() => browser.update(), 100);
  return {
    until: (isSo: (names: ReadonlyMap<string, Service>) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isSo(found)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    found,
    [Symbol.dispose]() {
      clearInterval(ask);
      browser.stop();
      bonjour.destroy();
    },
  };
}

test("a machine is found with what a finder of miners wants to know", async () => {
  const network = await privateNetwork();
  using finding = finder(network);
  await using _ = await machine(network, "02:00:00:12:34:56", ["127.0.0.1:1", "0.0.0.0:8080"]);
  await finding.until((found) => found.has("asicd"));
  const service = finding.found.get("asicd");
  expect(service).toMatchObject({ port: 8080, host: "asicd.local", type: "http" });
  expect(service?.txt).toMatchObject({
    id: "asicd_020000123456",
    firmware: "asicd",
    version: "0.1.0",
    api: "/api/v1",
    model: "Virtual machine of 3 × 126 BM1362",
  });
});

test("the second machine of one name takes another, and both say goodbye", async () => {
  const network = await privateNetwork();
  using finding = finder(network);
  const first = await machine(network, "02:00:00:00:00:01");
  await finding.until((found) => found.has("asicd"));
  const second = await machine(network, "02:00:00:00:00:02");
  await finding.until((found) => found.has("asicd-000002"));
  expect([...finding.found.keys()].sort()).toEqual(["asicd", "asicd-000002"]);
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await finding.until((found) => found.size === 0);
});

test("two machines that start at the same instant end up with two names", async () => {
  const network = await privateNetwork();
  using finding = finder(network);
  await using _first = await machine(network, "02:00:00:00:00:01");
  await using _second = await machine(network, "02:00:00:00:00:02");
  await finding.until((found) => found.size === 2);
});

test("a packet that makes no sense does not end the process", async () => {
  const network = await privateNetwork();
  await using _ = await machine(network, "02:00:00:12:34:56");
  const stranger = new Bonjour(network as object) as unknown as {
    readonly server: { readonly mdns: { respond(records: object, done: () => void): void } };
    destroy(): void;
  };
  const type = "_http._tcp.local";
  for (const name of ["x", ".", "a.b", "a.b.c.d.e", `${"y".repeat(60)}.${type}`])
    await new Promise<void>((resolve) =>
      stranger.server.mdns.respond(
        {
          answers: [
            { name: type, type: "PTR", ttl: 10, data: name },
            { name, type: "SRV", ttl: 10, data: { port: 1, target: "." } },
            { name, type: "TXT", ttl: 10, data: [Buffer.from([0xff]), Buffer.from("=x")] },
          ],
        },
        resolve,
      ),
    );
  stranger.destroy();
  using finding = finder(network);
  await finding.until((found) => found.has("asicd"));
});

test("a new name is announced in place of the old one", async () => {
  const network = await privateNetwork();
  using finding = finder(network);
  await using one = await machine(network, "02:00:00:12:34:56");
  await finding.until((found) => found.has("asicd"));
  one.operated.tellConfig(sampleConfig({ name: "shed.1" }));
  await finding.until((found) => found.has("shed-1") && !found.has("asicd"));
});

describe("what is announced", () => {
  test.each([
    [["0.0.0.0:80"], { port: 80, isTls: false }],
    [["127.0.0.1:8080", "192.0.2.7:81"], { port: 81, isTls: false }],
    [["https://[::]:8443/"], { port: 8443, isTls: true }],
    [["http://192.0.2.7"], { port: 80, isTls: false }],
    [["127.0.0.1:80", "[::1]:80", "localhost:80", "unix:/run/x"], null],
    [[], null],
  ])("of %j is %j", (listening, page) => {
    expect(announcedPage(listening)).toEqual(page);
  });

  test("is also a link that a person can open", () => {
    expect(pageUrl({ port: 80, isTls: false }, "192.0.2.7")).toBe("http://192.0.2.7/");
    expect(pageUrl({ port: 8443, isTls: true }, "192.0.2.7")).toBe("https://192.0.2.7:8443/");
    expect(pageUrl(null, "192.0.2.7")).toBeUndefined();
  });

  test("is nothing when only this machine can open the page", async () => {
    const operated = operatedDevice({ clock: new SystemClock() });
    const mdns = startMdns({
      device: operated.device,
      listening: ["127.0.0.1:80"],
      clock: new SystemClock(),
      log: silentLog,
    });
    await mdns.close();
    await operated[Symbol.asyncDispose]();
  });
});
