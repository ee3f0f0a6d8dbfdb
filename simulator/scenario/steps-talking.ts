/** Steps that exchange messages: expect, expectNothing, send, and bytes that are no message at all. */
import Type from "typebox";
import { describeMessage, StepFailure } from "./failures.ts";
import { mismatch } from "./matchers.ts";
import { readNumber } from "./numbers.ts";
import { noDeviation, type Peer, type Received } from "./peer.ts";
import { shown } from "./shown.ts";
import { plain, type SourceNode } from "./source.ts";
import type { Stage } from "./stage.ts";
import { TAIL } from "./sv2-messages.ts";
import { readBytes, readJson } from "./values.ts";
import {
  anyValue,
  byteCount,
  countOf,
  duration,
  messageName,
  textOf,
  timeOf,
  type Verb,
} from "./verb.ts";

const EXPECT_WITHIN_MS = 30_000;

/** Compares the fields that a step names, and remembers those that it wants remembered. */
export function checkFields(
  fields: SourceNode | undefined,
  message: Received,
  peer: Peer,
  stage: Stage,
): void {
  for (const [field, node] of fields?.kind === "map" ? fields.entries : []) {
    const isAbsentTail = field === TAIL && !(TAIL in message.fields);
    const value = isAbsentTail ? new Uint8Array(0) : message.fields[field];
    const wanted = mismatch(
      node,
      value,
      (literal, scope) => peer.literal(message, field, literal, scope),
      stage.scope,
      (name, captured) => stage.set(name, captured),
    );
    if (wanted !== undefined)
      throw new StepFailure(`${field}: expected ${wanted}, came ${shown(value)}`);
  }
}

const expect: Verb = {
  argument: messageName,
  options: { with: anyValue, within: duration },
  fields: "expected",
  form: "NAME; with: { field: value or matcher }, within: TIME (30s)",
  does: "waits for the device's next message, which must be this one; messages under `ignore` are passed over",
  async run(step, stage) {
    const message = await stage.expectOneOf(
      [textOf(step) ?? ""],
      timeOf(step, "within", EXPECT_WITHIN_MS),
    );
    checkFields(step.option("with"), message, await stage.peer(), stage);
  },
};

const expectNothing: Verb = {
  argument: duration,
  options: { except: Type.Array(messageName) },
  form: "TIME; except: [NAME, …]",
  does: "fails if any message comes within the time, shares included, or if the connection ends",
  async run(step, stage) {
    const peer = await stage.peer();
    const except = names(step.option("except"));
    const { ignore } = stage.scenario;
    // What came before the step and needs no step is no offence now.
    const kept = peer.unread.filter(({ name }) => !ignore.includes(name));
    peer.unread.splice(0, peer.unread.length, ...kept);
    const came = await stage.until(timeOf(step, undefined, 0), () => {
      if (peer.isEnded) throw new StepFailure(`the connection ended: ${peer.endReason}`);
      return peer.unread.find(({ name }) => !except.includes(name));
    });
    if (came !== undefined)
      throw new StepFailure(`expected nothing, came ${describeMessage(came)}`);
  },
};

const send: Verb = {
  argument: messageName,
  options: {
    with: anyValue,
    cut: byteCount,
    append: anyValue,
    channelBit: Type.Boolean(),
  },
  fields: "sent",
  form: "NAME; with: { field: value }, cut: N, append: BYTES, channelBit: true|false",
  does: "sends a message; fields that are not named get what a decent pool would send. cut drops the last N bytes, append adds some",
  async run(step, stage) {
    const peer = await stage.peer();
    const append = step.option("append");
    const bit = step.option("channelBit");
    peer.send(textOf(step) ?? "", step.option("with"), stage.scope, {
      cut: countOf(step, "cut", 0),
      append: append === undefined ? noDeviation.append : readBytes(append, stage.scope),
      channelBit: bit === undefined ? undefined : plain(bit) === true,
    });
  },
};

const sendFrame: Verb = {
  protocol: "sv2",
  argument: Type.Object(
    {
      extension: Type.Optional(anyValue),
      channelBit: Type.Optional(Type.Boolean()),
      type: anyValue,
      payload: Type.Optional(anyValue),
    },
    { additionalProperties: false },
  ),
  form: "{ extension: N, channelBit: true|false, type: N, payload: BYTES }",
  does: "sends any frame, sealed as usual; what is left out is 0, false or empty",
  async run(step, stage) {
    const peer = await stage.sv2();
    const entries = step.argument?.kind === "map" ? step.argument.entries : new Map();
    const number = (key: string) => {
      const node = entries.get(key);
      return node === undefined ? 0 : readNumber(node, stage.scope);
    };
    const bit = entries.get("channelBit");
    const payload = entries.get("payload");
    peer.sendFrame({
      extensionType: number("extension"),
      channelMessage: bit !== undefined && plain(bit) === true,
      messageType: number("type"),
      payload: payload === undefined ? new Uint8Array(0) : readBytes(payload, stage.scope),
    });
  },
};

const sendRaw: Verb = {
  argument: anyValue,
  form: "BYTES",
  does: "sends bytes as they are, past any encryption; random*100 is a hundred of them",
  async run(step, stage) {
    const peer = await stage.peer();
    const [, random] = /^random\*(\d{1,7})$/.exec(textOf(step) ?? "") ?? [];
    const bytes =
      random === undefined
        ? readBytes(step.argument as SourceNode, stage.scope)
        : stage.ports.entropy.randomBytes(Number(random));
    peer.sendRaw(bytes);
  },
};

const sendLine: Verb = {
  protocol: "sv1",
  argument: anyValue,
  form: "TEXT, or a JSON value",
  does: "sends a line as it is (text) or as JSON; nothing is remembered of what it means",
  async run(step, stage) {
    const peer = await stage.v1();
    const value = readJson(step.argument as SourceNode, stage.scope);
    peer.sendLine(typeof value === "string" ? value : JSON.stringify(value));
  },
};

const replay: Verb = {
  argument: Type.Integer({ minimum: 1, maximum: 16 }),
  form: "N",
  does: "sends the last N writes once more, byte by byte the same",
  async run(step, stage) {
    (await stage.peer()).tap.replay(countOf(step, undefined, 1));
  },
};

const set: Verb = {
  argument: anyValue,
  form: "{ name: value }",
  does: "gives names to values; numbers may be sums such as $job + 1",
  run(step, stage) {
    for (const [name, node] of step.argument?.kind === "map" ? step.argument.entries : [])
      stage.set(name, readJson(node, stage.scope));
  },
};

function names(node: SourceNode | undefined): readonly string[] {
  return node?.kind === "list" ? node.items.map((item) => String(plain(item))) : [];
}

export const talkingSteps = {
  expect,
  expectNothing,
  send,
  sendFrame,
  sendRaw,
  sendLine,
  replay,
  set,
};
