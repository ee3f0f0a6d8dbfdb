import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FaultyStream } from "../../../simulator/scenario/faulty-stream.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";

/** What reaches the device, write by write, and how it ends. */
function underTest() {
  const clock = new VirtualClock();
  const writes: Uint8Array[] = [];
  const ends: string[] = [];
  const inner: ByteStream = {
    remote: "device",
    write: (bytes) => void writes.push(bytes.slice()),
    onData: () => ({ [Symbol.dispose]() {} }),
    onEnd: () => ({ [Symbol.dispose]() {} }),
    close: () => void ends.push("close"),
    destroy: () => void ends.push("destroy"),
  };
  return { clock, writes, ends, stream: new FaultyStream(inner, clock) };
}

const counted = (length: number, from = 0) => Uint8Array.from({ length }, (_, i) => from + i);
const writesOf = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });

describe("bytes to the device", () => {
  test("arrive whole and in order, however they are split and gathered", async () => {
    await fc.assert(
      fc.asyncProperty(
        writesOf,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom("write", "gather", "release", "split", "whole"), {
          maxLength: 40,
        }),
        async (chunks, pieces, actions) => {
          const { clock, writes, ends, stream } = underTest();
          const rest = [...chunks];
          for (const action of actions) {
            if (action === "write") stream.write(rest.shift() ?? new Uint8Array(0));
            if (action === "gather") stream.gather();
            if (action === "release") stream.release();
            if (action === "split") stream.split(pieces);
            if (action === "whole") stream.split(undefined);
          }
          for (const chunk of rest) stream.write(chunk);
          stream.release();
          stream.close();
          await clock.advance(5_000);
          expect(concatBytes(...writes)).toEqual(concatBytes(...chunks));
          expect(ends).toEqual(["close"]);
        },
      ),
    );
  });

  test.each([
    ["stall", []],
    ["reset", ["destroy"]],
    ["close", ["close"]],
  ] as const)(
    "%s: exactly as many bytes as planned, wherever writes begin and end",
    (what, end) => {
      fc.assert(
        fc.property(writesOf, fc.nat(300), (chunks, after) => {
          const { writes, ends, stream } = underTest();
          stream.plan(what, after);
          for (const chunk of chunks) stream.write(chunk);
          const whole = concatBytes(...chunks);
          expect(concatBytes(...writes)).toEqual(whole.subarray(0, after));
          if (whole.length >= after) expect(ends).toEqual(end);
          else expect(ends).toEqual([]);
        }),
      );
    },
  );

  test("one bit of the byte that was named is flipped, and no other", () => {
    fc.assert(
      fc.property(writesOf, fc.nat(300), (chunks, at) => {
        const { writes, stream } = underTest();
        stream.plan("corrupt", at);
        for (const chunk of chunks) stream.write(chunk);
        const expected = concatBytes(...chunks);
        if (at < expected.length) expected[at] = (expected[at] as number) ^ 1;
        expect(concatBytes(...writes)).toEqual(expected);
      }),
    );
  });

  test("plans count from the moment they are made", () => {
    const { writes, ends, stream } = underTest();
    stream.write(counted(10));
    stream.plan("corrupt", 1);
    stream.plan("reset", 3);
    stream.write(counted(10, 10));
    expect(concatBytes(...writes)).toEqual(Uint8Array.of(...counted(10), 10, 11 ^ 1, 12));
    expect(ends).toEqual(["destroy"]);
  });

  test("the last writes can be sent again", () => {
    const { writes, stream } = underTest();
    for (const part of [counted(2), counted(3), counted(4)]) stream.write(part);
    stream.replay(2);
    expect(writes.map(({ length }) => length)).toEqual([2, 3, 4, 3, 4]);
  });
});
