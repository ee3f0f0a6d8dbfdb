import { describe, test } from "vitest";
import { dialTcp } from "../../firmware/platform/tcp-dialer.ts";
import { listen } from "../../firmware/platform/tcp-listener.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { type Chunking, VirtualNetwork } from "../support/virtual-network.ts";
import { byteStreamContract } from "./byte-stream.ts";

describe("TCP", () => {
  byteStreamContract(test, async () => {
    const host = "127.0.0.1";
    const accepted = acceptor();
    const listener = await listen(host, 0, accepted.accept);
    const unused = await listen(host, 0, () => {});
    await unused.close();
    const { signal } = new AbortController();
    const dialled: ByteStream[] = [];
    return {
      address: { host, port: listener.port },
      deafPort: unused.port,
      bulkBytes: 8 << 20,
      lateBytes: 1 << 20,
      dial: dialTcp,
      async connect() {
        const near = await dialTcp(host, listener.port, signal);
        dialled.push(near);
        return { near, far: await accepted.next() };
      },
      pass: () => new Promise((resolve) => setImmediate(resolve)),
      async [Symbol.asyncDispose]() {
        for (const stream of dialled) stream.destroy();
        await listener.close();
      },
    };
  });
});

describe("the virtual network, at once", () => {
  byteStreamContract(test, () => openVirtual("as-written"));
});

describe("the virtual network, byte by byte", () => {
  byteStreamContract(test, () => openVirtual("every-byte"));
});

describe("the virtual network under a virtual clock, everything under way in one chunk", () => {
  byteStreamContract(test, () => openVirtual("coalesced", new VirtualClock()));
});

async function openVirtual(chunking: Chunking, clock?: VirtualClock) {
  const network = new VirtualNetwork(
    clock === undefined ? { chunking } : { clock, chunking, latencyMs: 20 },
  );
  const accepted = acceptor();
  const listener = network.listen("pool", 3333, accepted.accept);
  const { signal } = new AbortController();
  return {
    address: { host: "pool", port: 3333 },
    deafPort: 1,
    bulkBytes: 64 << 10,
    lateBytes: 64 << 10,
    dial: (host: string, port: number, signal: AbortSignal) => network.dial(host, port, signal),
    async connect() {
      const dialling = network.dial("pool", 3333, signal);
      await clock?.advance(40);
      return { near: await dialling, far: await accepted.next() };
    },
    pass: () => clock?.advance(5) ?? new Promise<void>((resolve) => setImmediate(resolve)),
    async [Symbol.asyncDispose]() {
      listener[Symbol.dispose]();
    },
  };
}

/** Accepted connections as promises, in order. */
function acceptor() {
  const streams: ByteStream[] = [];
  const waiting: ((stream: ByteStream) => void)[] = [];
  return {
    accept(stream: ByteStream) {
      const wake = waiting.shift();
      if (wake === undefined) streams.push(stream);
      else wake(stream);
    },
    next(): Promise<ByteStream> {
      const stream = streams.shift();
      if (stream !== undefined) return Promise.resolve(stream);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
