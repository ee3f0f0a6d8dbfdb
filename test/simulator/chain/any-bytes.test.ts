import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Bm13xxChip,
  bm1362,
  bm1366,
  bm1368,
  bm1370,
  bm1372,
  bm1397,
} from "../../../drivers/bm13xx/chips.ts";
import { bitErrorRate } from "../../../simulator/chain/faults.ts";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, TestHost } from "./host.ts";

const command = fc.constantFrom(
  frames.readAll(0),
  frames.chainInactive,
  frames.setAddress(0),
  frames.setAddress(2),
  frames.writeAll(0xa4, 0x9000ffff),
  frames.writeAll(0x18, 0xf000c100),
  frames.writeAll(0x10, 0x1381),
  frames.writeAll(0x10, 0xffffffff),
  frames.writeAll(0x28, 0x11300000),
  frames.writeAll(0x28, 0x01301a00),
  frames.writeAll(0x28, 0xffffffff),
  frames.writeAll(0x08, 0),
  frames.writeAll(0x08, 0xffffffff),
  frames.writeOne(2, 0x0c, 0x8000ffff),
  frames.readOne(2, 0x8c),
  frames.writeAll(0x18, 0x00016731),
  frames.writeAll(0x20, 0),
  frames.writeAll(0x70, 0xffffffff),
  frames.writeAll(0xb0, 0x80000000),
  fromHex(vectors.exhaustive_nonces.job_frame),
  fromHex(vectors.exhaustive_nonces.job_frame_4midstate_bm1397),
);
const anything = fc.oneof(
  { weight: 4, arbitrary: command },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(command, fc.nat(87), fc.nat(7)).map(([frame, at, bit]) => {
      const broken = frame.slice();
      const place = at % frame.length;
      broken[place] = (broken[place] as number) ^ (1 << bit);
      return broken;
    }),
  },
);
const baudRate = fc.constantFrom(115_200, 1_000_000, 3_125_000);
const chip = fc.constantFrom<Bm13xxChip>(bm1362, bm1366, bm1368, bm1370, bm1372, bm1397);

interface Cut {
  readonly stream: Uint8Array;
  readonly at: readonly number[];
}

/** Everything that can be seen of a chain after it was fed and left alone for a while. */
async function seenAfter(
  { stream, at }: Cut,
  hostBaudRate: number,
  model: Bm13xxChip,
): Promise<unknown> {
  const host = new TestHost({
    chip: model,
    chipCount: 3,
    requiredZeroBits: 10,
    scale: 2 ** 26,
    faults: [bitErrorRate(0.0005)],
  });
  host.baudRate = hostBaudRate;
  let from = 0;
  for (const to of [
    ...at.map((place) => place % (stream.length + 1)).sort((a, b) => a - b),
    stream.length,
  ]) {
    host.send(stream.subarray(from, to));
    from = to;
  }
  await host.clock.advance(60);
  const registers = host.chain.chips.map((one) =>
    [0x08, 0x0c, 0x10, 0x18, 0x28, 0xa4].map((number) => one.register(number)),
  );
  return {
    answers: host.answers,
    counters: host.chain.counters,
    addresses: host.chain.chips.map(({ address, isAddressed }) => [address, isAddressed]),
    registers,
    done: host.chain.chips.map(({ index }) => host.chain.hashesDone(index)),
  };
}

describe("whatever the host sends", () => {
  test("nothing throws, and it does not matter where the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anything, { maxLength: 20 }).map((parts) => concatBytes(...parts)),
        fc.array(fc.nat(), { maxLength: 12 }),
        baudRate,
        chip,
        async (stream, at, rate, model) => {
          const whole = await seenAfter({ stream, at: [] }, rate, model);
          expect(await seenAfter({ stream, at }, rate, model)).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });
});
