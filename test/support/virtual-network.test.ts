import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const { signal } = new AbortController();

test("without a clock the far end hears before write returns", async () => {
  const { near, far } = await connected(new VirtualNetwork());
  const received: number[] = [];
  far.onData((chunk) => received.push(...chunk));
  await null;
  near.write(Uint8Array.of(1, 2));
  expect(received).toEqual([1, 2]);
});

test("an answer written from inside a listener does not overtake", async () => {
  const { near, far } = await connected(new VirtualNetwork());
  const log: string[] = [];
  far.onData((chunk) => {
    log.push(`far ${chunk[0]}`);
    if (chunk[0] === 1) near.write(Uint8Array.of(2));
    log.push(`far ${chunk[0]} done`);
  });
  await null;
  near.write(Uint8Array.of(1));
  expect(log).toEqual(["far 1", "far 1 done", "far 2", "far 2 done"]);
});

test("with a clock everything takes its latency", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, latencyMs: 30 });
  let far: ByteStream | undefined;
  network.listen("pool", 3333, (stream) => {
    far = stream;
  });
  const dialling = network.dial("pool", 3333, signal);
  await clock.advance(60);
  const near = await dialling;
  const log: string[] = [];
  near.onData(() => log.push(`data at ${clock.nowMs()}`));
  near.onEnd(() => log.push(`end at ${clock.nowMs()}`));
  far?.write(Uint8Array.of(1));
  far?.close();
  await clock.advance(29);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toEqual(["data at 90", "end at 90"]);
});

test("chunks are cut byte by byte, or all of one tick comes in one", async () => {
  const network = new VirtualNetwork({ chunking: "every-byte" });
  const { near, far } = await connected(network);
  const lengths: number[] = [];
  far.onData((chunk) => lengths.push(chunk.length));
  await null;
  near.write(new Uint8Array(3));
  expect(lengths).toEqual([1, 1, 1]);
  network.chunking = "coalesced";
  lengths.length = 0;
  near.write(new Uint8Array(3));
  near.write(new Uint8Array(4));
  await null;
  expect(lengths).toEqual([7]);
});

test("however the bytes are cut, they are the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 }),
      fc.array(fc.constantFrom(1, 2, 3, 7, 100), { minLength: 1 }),
      async (writes, cuts) => {
        let next = 0;
        const chunking = (bytes: Uint8Array) => {
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; ) {
            const length = cuts[next++ % cuts.length] ?? 1;
            chunks.push(bytes.slice(at, at + length));
            at += length;
          }
          return chunks;
        };
        const { near, far } = await connected(new VirtualNetwork({ chunking }));
        const received: number[] = [];
        far.onData((chunk) => received.push(...chunk));
        for (const bytes of writes) near.write(bytes);
        await null;
        await null;
        expect(received).toEqual(writes.flatMap((bytes) => [...bytes]));
      },
    ),
  );
});

test("a severed network ends every stream with a reset, once, and loses what was under way", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, latencyMs: 10 });
  const dialling = connected(network);
  await clock.advance(20);
  const { near, far } = await dialling;
  const ends: unknown[] = [];
  const received: Uint8Array[] = [];
  near.onEnd((reason) => ends.push((reason as NodeJS.ErrnoException).code));
  far.onEnd((reason) => ends.push((reason as NodeJS.ErrnoException).code));
  far.onData((chunk) => received.push(chunk));
  near.write(Uint8Array.of(1));
  network.severAll();
  network.severAll();
  await clock.advance(100);
  expect(ends).toEqual(["ECONNRESET", "ECONNRESET"]);
  expect(received).toEqual([]);
  expect(network.openEnds).toBe(0);
});

test("in silence nothing arrives and nobody can dial; afterwards all of it does", async () => {
  const network = new VirtualNetwork();
  const { near, far } = await connected(network);
  const log: string[] = [];
  far.onData((chunk) => log.push(`byte ${chunk[0]}`));
  far.onEnd(() => log.push("end"));
  await null;
  network.silent(true);
  near.write(Uint8Array.of(1));
  near.close();
  const dialling = network.dial("pool", 3333, signal).then((stream) => {
    log.push("dialled");
    return stream;
  });
  const aborted = network
    .dial("pool", 3333, AbortSignal.timeout(1))
    .catch(() => log.push("aborted"));
  await aborted;
  expect(log).toEqual(["aborted"]);
  network.silent(false);
  await dialling;
  expect(log).toEqual(["aborted", "byte 1", "end", "dialled"]);
});

test("a port is taken once, and free again when its listener is disposed of", async () => {
  const network = new VirtualNetwork();
  const listener = network.listen("pool", 0, () => {});
  expect(() => network.listen("pool", listener.port, () => {})).toThrow("EADDRINUSE");
  listener[Symbol.dispose]();
  network.listen("pool", listener.port, () => {});
});

async function connected(network: VirtualNetwork): Promise<{ near: ByteStream; far: ByteStream }> {
  return new Promise((resolve, reject) => {
    let far: ByteStream | undefined;
    network.listen("pool", 3333, (stream) => {
      far ??= stream;
    });
    network
      .dial("pool", 3333, signal)
      .then((near) => far !== undefined && resolve({ near, far }), reject);
  });
}
