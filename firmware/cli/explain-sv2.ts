/** Explains plaintext Stratum V2 frames. */
import { printable, reversed, toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, readFrameHeader } from "../../src/sv2/frame.ts";
import type { MessageSpec } from "../../src/sv2/message.ts";
import { findMessage, type Protocol, protocolMessages } from "../../src/sv2/protocols.ts";
import {
  countBytes,
  type ExplainedField,
  type ExplainedPart,
  type Explanation,
  type JsonValue,
} from "./explanation.ts";

/** Takes any bytes: what is no frame is said to be none. */
export function explainSv2Bytes(bytes: Uint8Array): Explanation {
  const parts: ExplainedPart[] = [];
  for (let at = 0; at < bytes.length; ) {
    const part = frameAt(bytes, at);
    parts.push(part);
    at += part.hex.length / 2;
  }
  return { protocol: "sv2", lengthBytes: bytes.length, chip: null, parts };
}

function frameAt(bytes: Uint8Array, offset: number): ExplainedPart {
  const rest = bytes.subarray(offset);
  const skipped = (why: string): ExplainedPart => ({
    offset,
    hex: toHex(rest),
    kind: "skipped",
    summary: why,
    crc: null,
    fields: [],
  });
  if (rest.length < FRAME_HEADER_BYTES)
    return skipped(`${countBytes(rest)}, a frame's header alone has ${FRAME_HEADER_BYTES}`);
  const header = readFrameHeader(rest, MAX_PAYLOAD_BYTES);
  const length = FRAME_HEADER_BYTES + header.payloadBytes;
  const { extensionType, messageType, channelMessage, payloadBytes } = header;
  if (rest.length < length)
    return skipped(
      `cut short: a frame of type ${hexByte(messageType)} with ${payloadBytes} bytes of payload, ${rest.length - FRAME_HEADER_BYTES} are here`,
    );
  const payload = rest.subarray(FRAME_HEADER_BYTES, length);
  const { kind, summary, fields } = messageIn(payload, extensionType, messageType);
  return {
    offset,
    hex: toHex(rest.subarray(0, length)),
    kind,
    summary,
    crc: null,
    fields: [
      { name: "extensionType", value: extensionType, text: `${extensionType}` },
      { name: "channelMessage", value: channelMessage, text: channelMessage ? "yes" : "no" },
      { name: "messageType", value: messageType, text: `0x${hexByte(messageType)}` },
      { name: "payloadBytes", value: payloadBytes, text: `${payloadBytes}` },
      ...fields,
    ],
  };
}

function messageIn(
  payload: Uint8Array,
  extensionType: number,
  messageType: number,
): Pick<ExplainedPart, "kind" | "summary" | "fields"> {
  const found = specOf(extensionType, messageType);
  if (found === undefined) {
    const summary = `unknown message 0x${hexByte(messageType)} of extension ${extensionType}`;
    return { kind: "unknown", summary, fields: [] };
  }
  const [protocol, spec] = found;
  const name: ExplainedField = { name: "message", value: spec.name, text: spec.name };
  try {
    const values = spec.decode(payload) as Readonly<Record<string, unknown>>;
    const fields = Object.entries(spec.fields).map(([key, { dataType }]) =>
      fieldOf(key, dataType, values[key]),
    );
    const sender = spec.from === "both" ? "either side" : `the ${spec.from}`;
    const summary = `${spec.name}, ${protocol} protocol, from ${sender} (SV2 ${spec.section})`;
    return { kind: "sv2-frame", summary, fields: [name, ...fields] };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { kind: "sv2-frame", summary: `malformed: ${error.message}`, fields: [name] };
  }
}

/** The sub-protocols share no message type but the common ones. */
function specOf(
  extensionType: number,
  messageType: number,
): readonly [Protocol, MessageSpec] | undefined {
  for (const protocol of Object.keys(protocolMessages) as Protocol[]) {
    const spec = findMessage(protocol, extensionType, messageType);
    if (spec !== undefined) return [protocol, spec];
  }
  return undefined;
}

function fieldOf(name: string, dataType: string, value: unknown): ExplainedField {
  const json = asJson(value);
  const text = typeof json === "string" ? json : JSON.stringify(json);
  if (value === undefined) return { name, value: json, text: "absent" };
  if (dataType.includes("U256") && value instanceof Uint8Array)
    return { name, value: json, text: `${text} (display order ${toHex(reversed(value))})` };
  return { name, value: json, text };
}

/** Bytes become hex, large integers decimal digits, strangers' text harmless. */
function asJson(value: unknown): JsonValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return printable(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(asJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]));
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
