/** What arrives on a chain's serial line: answers among noise, cut anywhere; and the tools that explain recordings. */
import { isDeepStrictEqual } from "node:util";
import { AnswerStream } from "../../../drivers/bm13xx/answer-stream.ts";
import { crc5OfAnswer } from "../../../drivers/bm13xx/crc.ts";
import { decodeAnswer } from "../../../drivers/bm1387/answer.ts";
import { explain, formatExplanation } from "../../../firmware/cli/decode.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { frameCorpus } from "../corpus.ts";
import { chunkSizes, cut, mutatedBytes } from "../mutate.ts";
import type { Random } from "../random.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

interface AnswersInput {
  readonly bytes: Uint8Array;
  readonly sizes: readonly number[];
  readonly isLong: boolean;
}

export const chipAnswers: FuzzTarget<AnswersInput> = {
  name: "chip-answers",
  about: "bytes from BM13xx chips",
  shortRuns: 4_000,
  make(random) {
    const isLong = random.chance(0.7);
    const clean = Array.from({ length: random.length(12) }, () => answer(random, isLong ? 11 : 9));
    const bytes = concatBytes(...clean);
    return {
      bytes: random.chance(0.3) ? bytes : mutatedBytes(random, bytes, [answer(random, 9)]),
      sizes: chunkSizes(random),
      isLong,
    };
  },
  run({ bytes, sizes, isLong }) {
    const whole = heard([bytes], isLong ? 11 : 9);
    const inParts = heard(cut(bytes, sizes), isLong ? 11 : 9);
    demand(isDeepStrictEqual(whole, inParts), "what is heard depends on how the bytes were cut");
    const { framesReceived, bytesDropped } = whole.counters;
    const accounted = framesReceived * (isLong ? 11 : 9) + bytesDropped + whole.heldLength;
    demand(accounted === bytes.length, () => `${accounted} of ${bytes.length} bytes accounted for`);
    for (let at = 0; at + 7 <= bytes.length; at++) decodeAnswer(bytes.subarray(at, at + 7));
  },
};

function heard(chunks: readonly Uint8Array[], length: 9 | 11) {
  const events: string[] = [];
  const stream = new AnswerStream(
    {
      onNonce: (...numbers) => events.push(`nonce ${numbers}`),
      onRegister: (...numbers) => events.push(`register ${numbers}`),
    },
    length,
  );
  for (const chunk of chunks) {
    const lent = chunk.slice();
    stream.push(lent);
    lent.fill(0xee);
  }
  return { events, counters: stream.counters, heldLength: stream.heldLength };
}

function answer(random: Random, length: 9 | 11): Uint8Array {
  const bytes = concatBytes(Uint8Array.of(0xaa, 0x55), random.bytes(length - 2));
  const type = random.pick([0, 4, 4, random.below(8)]);
  bytes[length - 1] = (type << 5) | crc5OfAnswer(bytes, 2, length - 1, type);
  return bytes;
}

interface RecordingInput {
  readonly text: string;
  readonly isSv2: boolean;
}

export const recordings: FuzzTarget<RecordingInput> = {
  name: "recordings",
  about: "bytes for asicd decode",
  shortRuns: 500,
  make(random) {
    const isSv2 = random.chance(0.5);
    const start = isSv2 ? random.pick(frameCorpus) : answer(random, random.pick([9, 11]));
    const bytes = mutatedBytes(random, start, frameCorpus);
    return { text: random.chance(0.9) ? toHex(bytes) : `${toHex(bytes)}g0`, isSv2 };
  },
  run({ text, isSv2 }) {
    const explained = attempt(() => explain(text, { sv2: isSv2 }), ConfigError);
    if ("error" in explained) return;
    const { parts, lengthBytes } = explained.value;
    const covered = parts.map(({ hex }) => hex).join("");
    demand(covered.length === 2 * lengthBytes, "a byte is in no part, or in two");
    formatExplanation(explained.value);
  },
};
