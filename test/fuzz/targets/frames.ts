/** Frames, plain and encrypted, damaged on their way and cut anywhere. */
import { nodeAead } from "../../../firmware/node-aead.ts";
import { concatBytes, equalBytes } from "../../../src/lib/bytes.ts";
import { WireError } from "../../../src/lib/errors.ts";
import { SecureFrames } from "../../../src/noise/secure-frames.ts";
import type { Frame, FrameCodec } from "../../../src/sv2/codec.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import { chunkSizes, cut } from "../mutate.ts";
import type { Random } from "../random.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

interface Damage {
  /** Of the whole stream, counted around its end. */
  readonly at: number;
  readonly do: "flip" | "drop" | "insert" | "repeat" | "end";
  readonly bytes: Uint8Array;
}

interface FramesInput {
  readonly maxPayloadBytes: number;
  readonly frames: readonly Frame[];
  readonly damage: readonly Damage[];
  readonly sizes: readonly number[];
}

export const plainFrames = framesTarget("frames", false, 1_500);
export const secureFrames = framesTarget("secure-frames", true, 700);

function framesTarget(name: string, isSecure: boolean, shortRuns: number): FuzzTarget<FramesInput> {
  return {
    name,
    about: isSecure ? "encrypted frames, damaged and cut" : "plain frames, damaged and cut",
    shortRuns,
    make: (random) => ({
      maxPayloadBytes: random.pick([1_000, 70_000, 512 * 1024]),
      frames: Array.from({ length: random.length(6) }, () => makeFrame(random)),
      damage: random.chance(0.4)
        ? []
        : Array.from({ length: random.between(1, 3) }, () => makeDamage(random)),
      sizes: chunkSizes(random),
    }),
    run: (input) => check(input, isSecure),
  };
}

function makeFrame(random: Random): Frame {
  const length = random.weighted([
    [6, () => random.length(120)],
    [2, () => random.pick([0, 1, 255, 256, 257, 999, 1_000, 1_001])],
    // Around one, two and many blocks of encryption, and around the most that is taken.
    [1, () => random.pick([65_518, 65_519, 65_520, 131_038, 131_039, 70_001, 524_288, 524_289])],
  ])();
  return {
    extensionType: random.pick([0, 0, 1, 2, random.below(0x8000)]),
    channelMessage: random.chance(0.5),
    messageType: random.below(256),
    payload: length > 1_001 ? new Uint8Array(length).fill(random.below(256)) : random.bytes(length),
  };
}

function makeDamage(random: Random): Damage {
  return {
    at: random.chance(0.5) ? random.below(30) : random.u32(),
    do: random.pick(["flip", "flip", "drop", "insert", "repeat", "end"] as const),
    bytes: random.bytes(random.between(1, 6)),
  };
}

function check({ maxPayloadBytes, frames, damage, sizes }: FramesInput, isSecure: boolean): void {
  const { sender, receiver } = pair(isSecure, maxPayloadBytes);
  const sent = frames.filter(isFrame);
  const clean = sent.map((frame) => sender.encode(frame));
  const bytes = damage.reduce(damaged, concatBytes(...clean));
  const received: Frame[] = [];
  const outcome = attempt(() => {
    for (const chunk of cut(bytes, sizes)) {
      const lent = chunk.slice();
      receiver.receive(lent, (frame) =>
        received.push({ ...frame, payload: frame.payload.slice() }),
      );
      lent.fill(0xee);
    }
  }, WireError);
  const tooLong = sent.findIndex(({ payload }) => payload.length > maxPayloadBytes);
  const isDamaged = !equalBytes(bytes, concatBytes(...clean));
  if (!isDamaged) {
    const arrived = tooLong < 0 ? sent : sent.slice(0, tooLong);
    demand(received.length === arrived.length, () => `${received.length} of ${arrived.length}`);
    demand("error" in outcome === tooLong >= 0, "refused and taken do not fit the longest payload");
  }
  // Nobody who lacks the keys can make a frame: what comes through is what was sent, from the first on.
  if (!isDamaged || isSecure) {
    demand(received.length <= sent.length, "more frames came than were sent");
    for (const [i, frame] of received.entries())
      demand(isSame(frame, sent[i]), () => `frame ${i} is not the one that was sent`);
  }
  for (const { payload } of received)
    demand(payload.length <= maxPayloadBytes, "a payload above the limit came through");
  if ("error" in outcome) {
    const again = attempt(() => receiver.receive(Uint8Array.of(0), () => {}), WireError);
    demand("error" in again, "a receiver that failed went on");
  }
}

function pair(
  isSecure: boolean,
  maxPayloadBytes: number,
): Record<"sender" | "receiver", FrameCodec> {
  if (!isSecure)
    return { sender: new PlainFrames(), receiver: new PlainFrames({ maxPayloadBytes }) };
  const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  return {
    sender: new SecureFrames({ send: one, receive: two }, nodeAead),
    receiver: new SecureFrames({ send: two, receive: one }, nodeAead, { maxPayloadBytes }),
  };
}

function damaged(bytes: Uint8Array, { at, do: what, bytes: extra }: Damage): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (what) {
    case "flip": {
      const changed = bytes.slice();
      for (const [i, byte] of extra.entries())
        if (place + i < changed.length) changed[place + i] = (changed[place + i] ?? 0) ^ byte;
      return changed;
    }
    case "drop":
      return concatBytes(before, after.subarray(extra.length));
    case "insert":
      return concatBytes(before, extra, after);
    case "repeat":
      return concatBytes(before, after.subarray(0, 22), after);
    case "end":
      return before;
    default:
      return bytes;
  }
}

function isFrame({ extensionType, messageType, payload }: Frame): boolean {
  return extensionType < 0x8000 && messageType < 256 && payload instanceof Uint8Array;
}

function isSame(a: Frame, b: Frame | undefined): boolean {
  return (
    b !== undefined &&
    a.extensionType === b.extensionType &&
    a.channelMessage === b.channelMessage &&
    a.messageType === b.messageType &&
    equalBytes(a.payload, b.payload)
  );
}
