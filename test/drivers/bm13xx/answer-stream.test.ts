import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AnswerLength, AnswerStream } from "../../../drivers/bm13xx/answer-stream.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { capturedNonces, nonceAnswer, registerAnswer } from "./answer-frames.ts";

/** A stream that writes down what it was told, as frames again. */
function recordingStream(length: AnswerLength = 11) {
  const frames: string[] = [];
  const stream = new AnswerStream(
    {
      onNonce: (...numbers) => frames.push(toHex(nonceAnswer(...numbers))),
      onRegister: (...numbers) => frames.push(toHex(registerAnswer(...numbers))),
    },
    length,
  );
  return { frames, stream };
}

/** Captured [C]. */
const BM1397_NONCE = fromHex("aa5597c328b601639c");

/** Pieces of real answers, noise, and the bytes that look like a beginning. */
const wireBytes = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...capturedNonces, BM1397_NONCE) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(fromHex("aa"), fromHex("aa55"), fromHex("55"), fromHex("aaaa")),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...capturedNonces), fc.integer({ min: 0, max: 10 }))
          .map(([frame, length]) => frame.slice(0, length)),
      },
    ),
    { maxLength: 12 },
  )
  .map((parts) => concatBytes(...parts));

describe("the answer stream", () => {
  test.each(vectors.decoder_streams.cases)("$name", (vector) => {
    const { frames, stream } = recordingStream();
    stream.push(fromHex(vector.stream));
    expect(frames).toEqual(vector.frames);
    expect(stream.counters.bytesDropped).toBe(vector.bytes_dropped);
    expect(stream.heldLength).toBe(vector.bytes_left);
    expect(stream.counters.framesReceived).toBe(vector.frames.length);
  });

  const bm13xxAnswers = vectors.response_frames.filter((vector) => vector.frame.startsWith("aa55"));
  test.each(bm13xxAnswers)("$chip $kind answer $frame", (vector) => {
    const seen: unknown[] = [];
    const stream = new AnswerStream(
      {
        onNonce: (nonce, excess, id, field) => seen.push(["nonce", nonce, excess, id, field]),
        onRegister: (value, address, register) => seen.push(["register", value, address, register]),
      },
      vector.len as AnswerLength,
    );
    stream.push(fromHex(vector.frame));
    const number = (hex: string | undefined) => Number.parseInt(hex ?? "0", 16);
    expect(seen).toEqual(
      vector.kind === "register"
        ? [["register", number(vector.value), vector.chip_addr, vector.reg]]
        : [
            [
              "nonce",
              number(vector.nonce_be),
              vector.b4,
              number(vector.id_byte),
              number(vector.version_field),
            ],
          ],
    );
  });

  test("finds the same frames however the bytes are cut", () => {
    const length = fc.constantFrom<AnswerLength>(9, 11);
    const lengths = fc.infiniteStream(fc.integer({ min: 1, max: 13 }));
    fc.assert(
      fc.property(wireBytes, lengths, length, (bytes, cuts, answerLength) => {
        const whole = recordingStream(answerLength);
        whole.stream.push(bytes);
        const cut = recordingStream(answerLength);
        for (let at = 0; at < bytes.length; ) {
          const length = cuts.next().value;
          cut.stream.push(bytes.slice(at, at + length));
          at += length;
        }
        expect(cut.frames).toEqual(whole.frames);
        expect(cut.stream.counters).toEqual(whole.stream.counters);
      }),
      { numRuns: 500 },
    );
  });

  test("accounts for every byte", () => {
    fc.assert(
      fc.property(wireBytes, fc.constantFrom<AnswerLength>(9, 11), (bytes, length) => {
        const { stream } = recordingStream(length);
        stream.push(bytes);
        const { framesReceived, bytesDropped } = stream.counters;
        expect(length * framesReceived + bytesDropped + stream.heldLength).toBe(bytes.length);
      }),
    );
  });

  test("finds a good frame behind any noise that is not itself a frame", () => {
    const [frame] = capturedNonces as [Uint8Array];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const { frames, stream } = recordingStream();
        stream.push(noise);
        fc.pre(frames.length === 0 && stream.heldLength === 0);
        stream.push(frame);
        expect(frames).toEqual([toHex(frame)]);
      }),
    );
  });

  test("does not keep the caller's chunk", () => {
    const { frames, stream } = recordingStream();
    const [frame] = capturedNonces as [Uint8Array];
    const chunk = frame.slice(0, 6);
    stream.push(chunk);
    chunk.fill(0);
    stream.push(frame.slice(6));
    expect(frames).toEqual([toHex(frame)]);
  });

  test("counts a frame that passes CRC5 but is no answer", () => {
    const { frames, stream } = recordingStream();
    const odd = registerAnswer(0x13620300, 0, 0);
    odd[9] = 1;
    // The last byte that makes the CRC fit again.
    for (let last = 0; last < 256 && stream.counters.framesReceived === 0; last++) {
      odd[10] = last;
      stream.flush();
      stream.push(odd);
    }
    expect(frames).toEqual([]);
    expect(stream.counters).toMatchObject({ framesReceived: 1, unexpectedFrames: 1 });
  });

  test("of a BM1397 finds its nonces of 9 bytes between noise", () => {
    const { frames, stream } = recordingStream(9);
    stream.push(concatBytes(fromHex("ffaa"), BM1397_NONCE, fromHex("aa5597"), BM1397_NONCE));
    expect(frames).toHaveLength(2);
    expect(stream.counters).toMatchObject({ framesReceived: 2, bytesDropped: 5 });
  });

  test("reads 11-byte answers after a change from 9", () => {
    const { frames, stream } = recordingStream(9);
    stream.push(fromHex("aa5513700000000006"));
    stream.push(fromHex("aa55"));
    stream.answerLength = 11;
    stream.push(fromHex("aa55137000000000000010"));
    expect(frames).toHaveLength(2);
    expect(stream.counters.bytesDropped).toBe(2);
  });
});
