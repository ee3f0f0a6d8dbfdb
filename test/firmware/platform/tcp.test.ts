import { type AddressInfo, connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { dialTcp } from "../../../firmware/platform/tcp-dialer.ts";
import { listen } from "../../../firmware/platform/tcp-listener.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";

const { signal } = new AbortController();

test("a reset is an end with the system's error", async () => {
  const server = createServer((socket) => {
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const stream = await dialTcp("127.0.0.1", (server.address() as AddressInfo).port, signal);
  stream.onData(() => {});
  stream.write(Uint8Array.of(1));
  const reason = await endOf(stream);
  expect(reason).toMatchObject({ code: "ECONNRESET" });
});

test("a name that does not exist rejects with the resolver's error", async () => {
  await expect(dialTcp("pool.invalid", 3333, signal)).rejects.toThrow("pool.invalid");
});

test("a taken port rejects with the system's error", async () => {
  const listener = await listen("127.0.0.1", 0, () => {});
  onTestFinished(() => listener.close());
  await expect(listen("127.0.0.1", listener.port, () => {})).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("a listener that closes sends what its streams have queued, and waits for nobody who hangs", async () => {
  const listener = await listen("127.0.0.1", 0, (stream) => stream.write(Uint8Array.of(1, 2, 3)));
  const polite = await dialTcp("127.0.0.1", listener.port, signal);
  const received: number[] = [];
  polite.onData((chunk) => received.push(...chunk));
  const ended = endOf(polite);
  // Never reads, so it never learns that we want to close.
  const hung = connect({ host: "127.0.0.1", port: listener.port, allowHalfOpen: true });
  hung.on("error", () => {});
  onTestFinished(() => void hung.destroy());
  await new Promise((resolve) => hung.once("connect", resolve));
  await expect.poll(() => received).toEqual([1, 2, 3]);
  await Promise.all([listener.close(), listener.close()]);
  expect(await ended).toBeUndefined();
  await expect(dialTcp("127.0.0.1", listener.port, signal)).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
});

test("a far end that takes no more ends the stream with that reason, once", async () => {
  const server = createServer((socket) => {
    socket.pause();
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const stream = await dialTcp("127.0.0.1", (server.address() as AddressInfo).port, signal);
  onTestFinished(() => stream.destroy());
  const reasons: (string | undefined)[] = [];
  stream.onEnd((reason) => reasons.push(reason?.message));
  // More than the kernel can hold between two ends.
  for (let i = 0; i < 32; i++) stream.write(new Uint8Array(1 << 20));
  await expect.poll(() => reasons).toEqual(["the far end takes no more bytes"]);
});

test("both sides know each other's address", async () => {
  let accepted: ByteStream | undefined;
  const listener = await listen("127.0.0.1", 0, (stream) => {
    accepted = stream;
  });
  onTestFinished(() => listener.close());
  const stream = await dialTcp("127.0.0.1", listener.port, signal);
  await expect.poll(() => accepted?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(stream.remote).toBe(`127.0.0.1:${listener.port}`);
  stream.destroy();
});

function endOf(stream: ByteStream): Promise<Error | undefined> {
  return new Promise((resolve) => stream.onEnd(resolve));
}
