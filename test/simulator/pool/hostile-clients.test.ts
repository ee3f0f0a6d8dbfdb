import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPoolOptions } from "../../../simulator/pool/options.ts";
import type { Frame } from "../../../src/sv2/codec.ts";
import { PoolBench } from "./pool-bench.ts";

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  // A channel id that exists, then anything: gets past the first check more often.
  fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.of(2, 0, 0, 0, ...rest)),
);
const frame: fc.Arbitrary<Frame> = fc.record({
  extensionType: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 0x4abc)),
  channelMessage: fc.boolean(),
  messageType: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 0x25 }) },
    fc.integer({ min: 0, max: 255 }),
  ),
  payload,
});

/** An honest device beside the hostile one still gets its work and its shares through. */
async function expectUnharmed(bench: PoolBench, honest: Awaited<ReturnType<PoolBench["miner"]>>) {
  const before = honest.all("SubmitShares.Success").length;
  bench.pool.newBlock();
  await bench.settle();
  honest.submit(2, { nonce: 1 });
  await bench.settle();
  expect(honest.all("SubmitShares.Success")).toHaveLength(before + 1);
  expect(honest.all("SubmitShares.Error")).toEqual([]);
  expect(honest.all("SetTarget")).toEqual([]);
  expect(honest.ended).toBe(false);
}

describe("hostile clients", () => {
  test("any bytes instead of a handshake harm nobody else (property)", async () => {
    const bench = new PoolBench({ authoritySecret: defaultPoolOptions.authoritySecret });
    const honest = await bench.miner();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
        async (chunks) => {
          const stream = await bench.network.dial("pool", 1, new AbortController().signal);
          stream.onData(() => {});
          for (const chunk of chunks) stream.write(chunk);
          await bench.settle();
          stream.destroy();
          await expectUnharmed(bench, honest);
        },
      ),
      { numRuns: 40 },
    );
    expect(bench.pool.statistics().openConnections).toBe(1);
  });

  test("any frames before and after the set-up harm nobody else (property)", async () => {
    const bench = new PoolBench();
    const honest = await bench.miner();
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(frame, { minLength: 1, maxLength: 12 }),
        async (isSetUp, frames) => {
          const client = isSetUp ? await bench.miner() : await bench.connect();
          for (const each of frames) client.send(each);
          await bench.settle();
          expect(client.failure).toBeUndefined();
          client.close();
          await expectUnharmed(bench, honest);
        },
      ),
      { numRuns: 300 },
    );
    expect(bench.pool.statistics().openConnections).toBe(1);
  });

  test("a frame that announces more than the pool takes ends that connection only", async () => {
    const bench = new PoolBench();
    const honest = await bench.miner();
    const client = await bench.miner();
    client.sendBytes(Uint8Array.of(0, 0, 0x1a, 0xff, 0xff, 0xff));
    await bench.settle();
    expect(client.ended).toBe(true);
    await expectUnharmed(bench, honest);
  });
});
