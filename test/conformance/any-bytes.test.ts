/** Case 110: whatever bytes a pool sends, a device answers with declared errors, and neither falls nor hangs. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WireError } from "../../src/lib/errors.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { PlainFrames } from "../../src/sv2/frame.ts";
import type { MessageSpec } from "../../src/sv2/message.ts";
import { decodeMessage, encodeMessage, protocolMessages } from "../../src/sv2/protocols.ts";
import { valuesOfMessage } from "../sv2/arbitraries.ts";
import { Device, stopped } from "./device.ts";
import { foreignFolder } from "./foreign-vectors.ts";
import { block, FIRST_CHANNEL, GROUP } from "./frames.ts";

const plain = { plaintext: true, host: "proxy.lan" } as const;

/** A device that mines on a pool without encryption, so that any bytes are frames or nearly so. */
async function mining(): Promise<Device> {
  const device = new Device(plain);
  device.listen({ plaintext: true, hasJobs: true });
  await device.start();
  expect(device.told.phase).toBe("mining");
  return device;
}

/** It still lives: after at most some minutes it mines on a pool that behaves. */
async function expectAlive(device: Device): Promise<void> {
  // Whatever it believes of the old connection is forgotten with it.
  device.network.severAll();
  for (let s = 0; s < 1_300 && device.hashing[0] === false; s += 10) await device.run(10_000);
  expect(device.hashing).toEqual([true]);
  await stopped(device);
  expect(device.network.openEnds).toBe(0);
}

const specs: readonly MessageSpec[] = protocolMessages.mining;

/** Messages that a device may get, with values of every kind; half of them to channels that it has. */
const anyMessage: fc.Arbitrary<Frame> = fc.constantFrom(...specs).chain((spec) =>
  fc
    .record({
      values: valuesOfMessage(spec),
      channelId: fc.constantFrom(FIRST_CHANNEL, GROUP, undefined, undefined),
      jobId: fc.constantFrom(1, 2, undefined),
    })
    .map(({ values, channelId, jobId }) => {
      const changed: Record<string, unknown> = { ...values };
      if (channelId !== undefined && "channelId" in changed) changed["channelId"] = channelId;
      if (jobId !== undefined && "jobId" in changed) changed["jobId"] = jobId;
      return encodeMessage(spec, changed);
    }),
);

/** Bytes that look like frames: right headers, wrong lengths, known types, nonsense inside. */
const almostFrames: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      extension: fc.constantFrom(0, 0x8000, 1, 0x8001, 0x4abc, 0xffff),
      type: fc.oneof(fc.constantFrom(0x01, 0x04, 0x11, 0x15, 0x18, 0x1d, 0x20, 0x21), fc.nat(255)),
      claimed: fc.oneof(fc.constant(undefined), fc.nat(70), fc.constantFrom(0xffffff, 0x80001)),
      payload: fc.uint8Array({ maxLength: 80 }),
    }),
    { maxLength: 6 },
  )
  .map((frames) =>
    Uint8Array.from(
      frames.flatMap(({ extension, type, claimed, payload }) => {
        const length = claimed ?? payload.length;
        return [
          ...[extension & 0xff, extension >> 8, type],
          ...[length & 0xff, (length >> 8) & 0xff, length >> 16],
          ...payload,
        ];
      }),
    ),
  );

const anyBytes = fc.oneof(
  almostFrames,
  fc.uint8Array({ maxLength: 300 }),
  anyMessage.map((frame) => new PlainFrames().encode(frame)),
);

describe("any bytes", { timeout: 120_000 }, () => {
  test("case 110 (policy): frames and messages of a generator are read, or refused with a WireError", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => expectDeclared(bytes)),
      { numRuns: 500 },
    );
  });

  test("case 110 (policy): a mining device takes any of them, in any pieces, and comes back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyBytes, { minLength: 1, maxLength: 12 }),
        fc.nat(40),
        async (chunks, cut) => {
          const device = await mining();
          for (const bytes of chunks) {
            device.pool.sendBytes(bytes.slice(0, cut));
            await device.run(7);
            device.pool.sendBytes(bytes.slice(cut));
            await device.run(1_000);
            if (device.chain.lastJob !== undefined) await device.find(cut);
          }
          await expectAlive(device);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("case 110 (policy): a mining device takes any history of well-formed messages, and comes back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            anyMessage,
            fc.nat(9).map((n) => block(n, n)[n % 2] as Frame),
          ),
          {
            minLength: 1,
            maxLength: 60,
          },
        ),
        async (frames) => {
          const device = await mining();
          for (const frame of frames) {
            if (device.pool.ended) break;
            await device.tell(frame);
            if (device.chain.lastJob !== undefined) await device.find(frames.length);
          }
          await device.run(5_000);
          await expectAlive(device);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("case 110 (policy): any first bytes of a server end the handshake, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 300 }),
          fc.uint8Array({ minLength: 234, maxLength: 234 }),
        ),
        async (bytes) => {
          const device = new Device();
          const liar = device.listen({ act2: () => bytes });
          await device.start();
          await device.run(11_000);
          expect(device.pools[0]?.ended).toBe(true);
          expect(device.pools[0]?.bytesReceived).toBe(64);
          liar[Symbol.dispose]();
          device.listen({ hasJobs: true });
          await expectAlive(device);
        },
      ),
      { numRuns: 8 },
    );
  });
});

const corpus = foreignFolder("stratum-fuzzing-corpus");

if (corpus === undefined) {
  test("case 110 (policy): the SRI fuzzing corpus: not run here, as its files are not here", () => {});
} else {
  test("case 110 (policy): the inputs of the SRI fuzzing corpus are read, or refused with a WireError", {
    timeout: 120_000,
  }, () => {
    const inputs = filesBelow(corpus);
    expect(inputs.length).toBeGreaterThan(1_000);
    for (const path of inputs) {
      const bytes = Uint8Array.from(readFileSync(path));
      // Their end-to-end inputs begin with a byte that chooses a message.
      for (const input of [bytes, bytes.subarray(1)]) expectDeclared(input);
    }
  });
}

function expectDeclared(bytes: Uint8Array): void {
  try {
    const codec = new PlainFrames();
    codec.receive(bytes, (frame) => void decodeMessage("mining", frame));
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
  for (const { type, extension } of protocolMessages.mining) {
    const header = { extensionType: extension, channelMessage: false, messageType: type };
    try {
      decodeMessage("mining", { ...header, payload: bytes });
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
    }
  }
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith(".")) return [];
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
