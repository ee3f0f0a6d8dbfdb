/** Payloads of every message of every sub-protocol, valid ones changed a little. */
import { isDeepStrictEqual } from "node:util";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { WireError } from "../../../src/lib/errors.ts";
import type { MessageSpec } from "../../../src/sv2/message.ts";
import {
  decodeMessage,
  findMessage,
  type Protocol,
  protocolMessages,
} from "../../../src/sv2/protocols.ts";
import { frameCorpus } from "../corpus.ts";
import { mutatedBytes } from "../mutate.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";
import { wireValue } from "./wire-values.ts";

interface MessageInput {
  readonly protocol: string;
  readonly extensionType: number;
  readonly messageType: number;
  readonly payload: Uint8Array;
}

const protocols = Object.keys(protocolMessages) as Protocol[];
const payloads = frameCorpus.map((frame) => frame.subarray(6));

export const messages: FuzzTarget<MessageInput> = {
  name: "messages",
  about: "payloads of all SV2 messages",
  shortRuns: 4_000,
  make(random) {
    const protocol = random.pick(protocols);
    const spec = random.pick<MessageSpec>(protocolMessages[protocol]);
    const valid = concatBytes(
      ...Object.values(spec.fields).map(({ dataType }) => wireValue(random, dataType)),
    );
    const isStrange = random.chance(0.02);
    return {
      protocol,
      extensionType: isStrange ? random.number(15) : spec.extension,
      messageType: isStrange ? random.below(256) : spec.type,
      payload: random.chance(0.3) ? valid : mutatedBytes(random, valid, payloads),
    };
  },
  run({ protocol, extensionType, messageType, payload }) {
    if (!protocols.includes(protocol as Protocol)) return;
    const known = protocol as Protocol;
    const frame = { extensionType, messageType, channelMessage: false, payload };
    const lent = { ...frame, payload: payload.slice() };
    const outcome = attempt(() => decodeMessage(known, lent), WireError);
    // Everything in a message is a copy of what was only lent.
    lent.payload.fill(0xee);
    if ("error" in outcome || outcome.value === undefined) return;
    const spec = findMessage(known, extensionType, messageType);
    if (spec === undefined) return;
    const values = outcome.value as Parameters<MessageSpec["encode"]>[0];
    demand(sizeOf(values) <= 64 * (payload.length + 64), "a message is larger than its bytes");
    // A hash rate that is no number is passed on to the reader and refused by the writer, as F32 says.
    const encoded = attempt(() => spec.encode(values), RangeError);
    if ("error" in encoded) {
      demand(encoded.error.message.includes("F32"), () => `not written: ${encoded.error.message}`);
      return;
    }
    demand(encoded.value.length <= payload.length, "a message grew by being read and written");
    demand(
      isDeepStrictEqual(spec.decode(encoded.value), values),
      "written and read is another one",
    );
  },
};

/** About how many bytes a decoded value holds. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.buffer.byteLength + 16;
  if (typeof value === "string") return 2 * value.length + 16;
  if (typeof value !== "object" || value === null) return 16;
  return Object.values(value).reduce<number>((sum, one) => sum + sizeOf(one), 16);
}
