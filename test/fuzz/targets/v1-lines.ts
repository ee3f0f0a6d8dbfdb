/** Lines of Stratum V1: their codec, and every reader of what they say. */
import { isDeepStrictEqual } from "node:util";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { WireError } from "../../../src/lib/errors.ts";
import { targetOfDifficulty } from "../../../src/sv1/difficulty.ts";
import { parseRpc, type RpcMessage } from "../../../src/sv1/json-rpc.ts";
import { LineAssembler, MAX_LINE_BYTES } from "../../../src/sv1/line-codec.ts";
import {
  readConfiguration,
  readExtranonce,
  readMask,
  readReconnect,
  readShownMessage,
  readSubscription,
} from "../../../src/sv1/messages.ts";
import { coinbaseJobOf, readNotify } from "../../../src/sv1/notify-job.ts";
import { decideRedirect } from "../../../src/sv1/redirect.ts";
import { rejectionOf } from "../../../src/sv1/shares.ts";
import { merkleRootOf } from "../../../src/upstream/coinbase-job.ts";
import { BIP320_MASK } from "../../../src/work/work.ts";
import { chunkSizes, cut } from "../mutate.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";
import { serverLine } from "./v1-words.ts";

interface LinesInput {
  readonly lines: readonly string[];
  /** Between lines; anything else than a newline glues them together. */
  readonly ends: readonly string[];
  readonly sizes: readonly number[];
}

export const v1Lines: FuzzTarget<LinesInput> = {
  name: "v1-lines",
  about: "lines of Stratum V1 and their readers",
  shortRuns: 600,
  make(random) {
    const count = random.between(1, 4);
    const lines = Array.from({ length: count }, () =>
      random.chance(0.01) ? "x".repeat(MAX_LINE_BYTES + random.between(-2, 2)) : serverLine(random),
    );
    const ends = lines.map(() =>
      random.pick(["\n", "\n", "\n", "\r\n", "\n\n", "\r", "\u0000", ""]),
    );
    return { lines, ends, sizes: chunkSizes(random) };
  },
  run({ lines, ends, sizes }) {
    const bytes = concatBytes(
      ...lines.map((line, i) => new TextEncoder().encode(line + (ends[i] ?? "\n"))),
    );
    const whole = linesIn([bytes]);
    const inParts = linesIn(cut(bytes, sizes));
    demand(isDeepStrictEqual(whole, inParts), "what is heard depends on how the bytes were cut");
    for (const line of whole.lines) readAll(line);
  },
};

function linesIn(chunks: readonly Uint8Array[]) {
  const lines: string[] = [];
  const assembler = new LineAssembler();
  const outcome = attempt(() => {
    for (const chunk of chunks) {
      const lent = chunk.slice();
      assembler.receive(lent, (line) => lines.push(line));
      lent.fill(0xee);
    }
  }, WireError);
  for (const line of lines)
    demand(line.length <= MAX_LINE_BYTES, "a line above the limit came through");
  return { lines, failed: "error" in outcome };
}

/** Every reader may be given any message: which one a server meant is for nobody to know. */
function readAll(line: string): void {
  const parsed = attempt(() => parseRpc(line), WireError);
  if ("error" in parsed) return;
  const message: RpcMessage = parsed.value;
  if (message.kind === "call") {
    const { params } = message;
    const notify = attempt(() => readNotify(params), WireError);
    if ("value" in notify) {
      const job = coinbaseJobOf(notify.value, 1, BIP320_MASK, Uint8Array.of(1, 2, 3, 4));
      demand(merkleRootOf(job, new Uint8Array(4)).length === 32, "a merkle root has 32 bytes");
    }
    const target = attempt(() => targetOfDifficulty(params[0]), WireError);
    if ("value" in target)
      demand(target.value.length === 32 && target.value.some((byte) => byte > 0), "no such target");
    attempt(() => readExtranonce("fuzz", params[0], params[1]), WireError);
    const mask = attempt(() => readMask("fuzz", params[0]), WireError);
    if ("value" in mask) demand(mask.value >>> 0 === mask.value, "a mask has 32 bits");
    const reconnect = attempt(() => readReconnect(params), WireError);
    if ("value" in reconnect) {
      const decision = decideRedirect(reconnect.value, {
        configuredHost: "pool.example.com",
        current: { host: "pool.example.com", port: 3_333 },
        allowed: [],
        followed: 0,
      });
      if (decision.follow) {
        demand(decision.waitMs >= 0 && decision.waitMs <= 60_000, "a wait without bound");
        demand(/(^|\.)example\.com\.?$/i.test(decision.host), () => `led to ${decision.host}`);
      }
    }
    isHarmless(readShownMessage(params));
    return;
  }
  attempt(() => readSubscription(message.result), WireError);
  const configuration = attempt(() => readConfiguration(message.result, BIP320_MASK), WireError);
  if ("value" in configuration) configuration.value.refused.forEach(isHarmless);
  const rejection = rejectionOf(message.result, message.error);
  if (rejection !== undefined) isHarmless(rejection);
}

function isHarmless(text: string): void {
  demand(text.length <= 1_000, "text for a log without end");
  demand(!/[\p{Cc}\p{Bidi_Control}]/u.test(text), "text that can paint a terminal");
}
