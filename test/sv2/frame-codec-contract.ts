/** What every FrameCodec promises, plain or encrypted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WireError } from "../../src/lib/errors.ts";
import type { Frame, FrameCodec } from "../../src/sv2/codec.ts";

const frame = fc.record({
  extensionType: fc.constantFrom(0, 1, 0x4abc, 0x7fff),
  channelMessage: fc.boolean(),
  messageType: fc.integer({ min: 0, max: 255 }),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(0, 1, 255, 256, 1_000).map((length) => new Uint8Array(length).fill(0x77)),
  ),
});

export function describeFrameCodec(
  name: string,
  pair: (options?: { maxPayloadBytes?: number }) => { sender: FrameCodec; receiver: FrameCodec },
): void {
  describe(name, () => {
    test("17: frames cut anywhere and joined are the same frames", () => {
      fc.assert(
        fc.property(
          fc.array(frame, { maxLength: 6 }),
          fc.array(
            fc.oneof(fc.constantFrom(0, 1, 5, 6, 7, 21, 22, 23), fc.integer({ min: 0, max: 300 })),
          ),
          (frames, cuts) => {
            const { sender, receiver } = pair();
            const bytes = joined(frames.map((one) => sender.encode(one)));
            expect(receiveAll(receiver, chunksOf(bytes, cuts))).toEqual(frames);
          },
        ),
        { numRuns: 150 },
      );
    });

    test("17: one byte at a time gives the same frames as all at once", () => {
      const frames: Frame[] = [
        {
          extensionType: 0,
          channelMessage: true,
          messageType: 0x20,
          payload: new Uint8Array(48).fill(3),
        },
        { extensionType: 1, channelMessage: false, messageType: 0, payload: new Uint8Array(0) },
        {
          extensionType: 0,
          channelMessage: false,
          messageType: 4,
          payload: Uint8Array.of(0, 0, 0),
        },
      ];
      for (const size of [1, 10_000]) {
        const { sender, receiver } = pair();
        const bytes = joined(frames.map((one) => sender.encode(one)));
        const sizes = Array.from({ length: bytes.length }, () => size);
        expect(receiveAll(receiver, chunksOf(bytes, sizes))).toEqual(frames);
      }
    });

    test("all frames of a chunk are delivered in order before receive returns", () => {
      const { sender, receiver } = pair();
      const bytes = joined([1, 2, 3].map((messageType) => sender.encode(small(messageType))));
      const seen: number[] = [];
      receiver.receive(bytes, ({ messageType }) => seen.push(messageType));
      expect(seen).toEqual([1, 2, 3]);
    });

    test("19: an empty payload of an unknown type leaves the stream in step", () => {
      const { sender, receiver } = pair();
      const empty = { ...small(0xfe), payload: new Uint8Array(0) };
      const bytes = joined([sender.encode(empty), sender.encode(small(1))]);
      expect(receiveAll(receiver, [bytes])).toEqual([empty, small(1)]);
    });

    test("18: a frame over the cap is refused at its header, before a byte of it is held", () => {
      const { sender, receiver } = pair({ maxPayloadBytes: 100 });
      const fits = { ...small(1), payload: new Uint8Array(100) };
      expect(receiveAll(receiver, [sender.encode(fits)])).toEqual([fits]);
      const tooLong = sender.encode({ ...small(2), payload: new Uint8Array(101) });
      expect(() => receiver.receive(tooLong.subarray(0, 22), unreachable)).toThrow(
        expect.objectContaining({ code: "oversize" }),
      );
    });

    test("18: payloads up to 512 KiB are taken unless told otherwise", () => {
      const { sender, receiver } = pair();
      const largest = { ...small(1), payload: new Uint8Array(512 * 1024).fill(9) };
      const bytes = sender.encode(largest);
      const received = receiveAll(receiver, chunksOf(bytes, [10, 70_000, 1, 200_000]));
      expect(received.map(({ payload }) => payload.length)).toEqual([512 * 1024]);
      expect(received[0]?.payload.every((byte) => byte === 9)).toBe(true);
      expect(() =>
        receiver.receive(
          sender.encode({ ...small(1), payload: new Uint8Array(512 * 1024 + 1) }),
          unreachable,
        ),
      ).toThrow(WireError);
    });

    test("a receiver that failed stays failed", () => {
      const { sender, receiver } = pair({ maxPayloadBytes: 1 });
      expect(() => receiver.receive(sender.encode(small(1)), unreachable)).toThrow(WireError);
      expect(() => receiver.receive(sender.encode(small(1)), unreachable)).toThrow(WireError);
    });

    test("an error of the listener passes through", () => {
      const { sender, receiver } = pair();
      const own = new Error("ours");
      expect(() =>
        receiver.receive(sender.encode(small(1)), () => {
          throw own;
        }),
      ).toThrow(own);
    });

    test("a Node Buffer as chunk gives payloads that are plain arrays", () => {
      const { sender, receiver } = pair();
      receiver.receive(Buffer.from(sender.encode(small(1))), ({ payload }) => {
        expect(Buffer.isBuffer(payload)).toBe(false);
      });
    });

    test.each([
      { extensionType: 0x8000 },
      { extensionType: -1 },
      { extensionType: 0.5 },
      { messageType: 256 },
      { messageType: -1 },
    ])("the encoder refuses %o", (wrong) => {
      expect(() => pair().sender.encode({ ...small(1), ...wrong })).toThrow(RangeError);
    });

    test("6: a payload of 2^24 bytes is refused by the encoder", () => {
      const tooLong = { ...small(1), payload: new Uint8Array(2 ** 24) };
      expect(() => pair().sender.encode(tooLong)).toThrow("at most 16777215");
    });

    test("110: any bytes give frames or a WireError", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(30)), (bytes, cuts) => {
          const { receiver } = pair({ maxPayloadBytes: 1_000 });
          try {
            receiveAll(receiver, chunksOf(bytes, cuts));
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        }),
      );
    });
  });
}

export function receiveAll(receiver: FrameCodec, chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    const borrowed = chunk.slice();
    receiver.receive(borrowed, (one) => frames.push({ ...one, payload: one.payload.slice() }));
    // The chunk is only lent: whoever still looks at it afterwards sees garbage.
    borrowed.fill(0xee);
  }
  return frames;
}

export function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(bytes.subarray(at));
  return chunks;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function small(messageType: number): Frame {
  return {
    extensionType: 0,
    channelMessage: true,
    messageType,
    payload: Uint8Array.of(1, 2, 3, 4),
  };
}

function unreachable(): never {
  return expect.unreachable("a frame came through");
}
