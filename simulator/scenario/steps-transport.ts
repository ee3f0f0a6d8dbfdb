/** Steps that do something to the connection itself: the handshake, its ends, and what happens to bytes on the way. */
import Type from "typebox";
import { certificateOf, certificateSchema } from "./certificates.ts";
import { showDuration } from "./duration.ts";
import { StepFailure } from "./failures.ts";
import type { FaultyStream } from "./faulty-stream.ts";
import { MAIN, type Step } from "./scenario.ts";
import { plain } from "./source.ts";
import type { Stage } from "./stage.ts";
import type { Handshake } from "./sv2-peer.ts";
import { byteCount, countOf, duration, placeName, textOf, timeOf, type Verb } from "./verb.ts";

const CLOSE_WITHIN_MS = 10_000;
/** Pauses between attempts grow; a minute is usual for a device that has failed for a while. */
const RECONNECT_WITHIN_MS = 120_000;

const handshake: Verb = {
  protocol: "sv2",
  argument: Type.Union([
    Type.Enum(["answer", "silence", "garbage", "close"]),
    Type.Object({ truncate: byteCount }, { additionalProperties: false }),
  ]),
  options: { certificate: certificateSchema },
  form: "answer | silence | garbage | close | { truncate: N }; certificate: …",
  does: "what the server does about act 1; without this step it is answered when the first message is due. truncate: N bytes of act 2, then the end",
  async run(step, stage) {
    const peer = await stage.sv2();
    const how = step.argument === undefined ? "answer" : (plain(step.argument) as Handshake);
    peer.handshake(how, certificateOf(step.option("certificate")) ?? undefined);
  },
};

const close: Verb = {
  form: "",
  does: "closes the connection in order",
  async run(_, stage) {
    (await stage.peer()).end("close");
  },
};

const reset: Verb = {
  form: "",
  does: "cuts the connection at once, whatever is still to be sent",
  async run(_, stage) {
    (await stage.peer()).end("reset");
  },
};

const planned = (what: "reset" | "stall" | "corrupt", does: string): Verb => ({
  argument: byteCount,
  form: "N",
  does,
  async run(step, stage) {
    (await stage.peer()).tap.plan(what, countOf(step, undefined, 0));
  },
});

const breakAtByte = planned("reset", "cuts the connection after N more bytes to the device");
const stallAtByte = planned(
  "stall",
  "after N more bytes nothing goes to the device any more; the connection stays open",
);
const corruptByte = planned("corrupt", "flips a bit of the byte after the next N to the device");

const split: Verb = {
  argument: Type.Union([
    Type.Enum(["every byte", "off"]),
    byteCount,
    Type.Array(Type.Integer({ minimum: 1, maximum: 0xffffff }), { minItems: 1, maxItems: 1_000 }),
  ]),
  form: "every byte | N | [N, M, …] | off",
  does: "from now on everything leaves in pieces of these sizes, a millisecond apart",
  async run(step, stage) {
    const value = step.argument === undefined ? "off" : plain(step.argument);
    const pieces =
      value === "every byte"
        ? [1]
        : Array.isArray(value)
          ? (value as number[])
          : typeof value === "number" && value > 0
            ? [value]
            : undefined;
    (await stage.peer()).tap.split(pieces);
  },
};

const coalesce: Verb = {
  argument: Type.Array(Type.Unknown(), { minItems: 1 }),
  steps: "argument",
  form: "[step, …]",
  does: "plays the steps and sends all that they send in one write",
  async run(step, stage) {
    const { tap } = await stage.peer();
    await together(tap, () => stage.runSteps(step.steps));
  },
};

/** What is written meanwhile goes out in one write; inside another call it joins that one's. */
export async function together(
  tap: FaultyStream,
  write: () => Promise<void> | void,
): Promise<void> {
  const isOutermost = tap.gather();
  try {
    await write();
  } finally {
    if (isOutermost) tap.release();
  }
}

const expectClose: Verb = {
  argument: duration,
  isArgumentOptional: true,
  form: "TIME (10s)",
  does: "waits for the device to end the connection",
  async run(step, stage) {
    const peer = await stage.peer();
    const withinMs = timeOf(step, undefined, CLOSE_WITHIN_MS);
    const ended = await stage.until(withinMs, () => (peer.isEnded ? true : undefined));
    if (ended === undefined)
      throw new StepFailure(`the device left the connection open for ${showDuration(withinMs)}`);
  },
};

const expectReconnect: Verb = {
  argument: duration,
  isArgumentOptional: true,
  options: { at: placeName, notBefore: duration },
  form: "TIME (2m); at: SERVER, notBefore: TIME",
  does: "waits for the next connection of the device, on which the following steps talk; one that came before notBefore is a failure",
  async run(step, stage) {
    const place = textOf(step, "at") ?? stage.current?.placeName ?? MAIN;
    const startMs = stage.clock.nowMs();
    const peer = await stage.nextConnection(place, timeOf(step, undefined, RECONNECT_WITHIN_MS));
    const afterMs = peer.openedMs - startMs;
    const notBeforeMs = timeOf(step, "notBefore", 0);
    if (notBeforeMs > 0 && afterMs < notBeforeMs)
      throw new StepFailure(
        `the device connected after ${showDuration(Math.max(0, afterMs))}, not before ${showDuration(notBeforeMs)} was allowed`,
      );
    stage.use(peer);
  },
};

const expectNoConnection: Verb = {
  argument: duration,
  options: { at: placeName },
  form: "TIME; at: SERVER",
  does: "fails if the device connects there within the time, or has done so unnoticed",
  async run(step, stage) {
    const place = stage.place(textOf(step, "at") ?? MAIN);
    const before = place.connections;
    if (place.hasWaiting) throw new StepFailure(`the device is connected to ${place.spec.name}`);
    const came = await stage.until(timeOf(step, undefined, 0), () =>
      place.connections > before ? true : undefined,
    );
    if (came === true) throw new StepFailure(`the device connected to ${place.spec.name}`);
  },
};

const use: Verb = {
  argument: placeName,
  form: "SERVER",
  does: "the following steps talk on the latest connection there that a step has taken",
  run(step, stage) {
    const name = textOf(step) ?? MAIN;
    const { peers } = stage.place(name);
    const taken = peers.filter((peer) => !peer.isEnded).at(-1) ?? peers.at(-1);
    if (taken === undefined) throw new StepFailure(`the device never connected to ${name}`);
    stage.use(taken);
  },
};

const listen: Verb = {
  argument: Type.Enum(["on", "off"]),
  options: { at: placeName },
  form: "on | off; at: SERVER",
  does: "off: connections there are refused from now on; open ones stay",
  async run(step, stage) {
    const place = placeOf(step, stage);
    if (textOf(step) === "on") await place.open();
    else await place.stopListening();
  },
};

function placeOf(step: Step, stage: Stage) {
  return stage.place(textOf(step, "at") ?? MAIN);
}

export const transportSteps = {
  handshake,
  close,
  reset,
  breakAtByte,
  stallAtByte,
  corruptByte,
  split,
  coalesce,
  expectClose,
  expectReconnect,
  expectNoConnection,
  use,
  listen,
};
