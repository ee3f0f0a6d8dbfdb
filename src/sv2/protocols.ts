/** Which messages belong to which sub-protocol, and the way from a frame to a typed message and back. */
import type { Frame } from "./codec.ts";
import { commonMessages } from "./common-messages.ts";
import { extensionMessages } from "./extension-messages.ts";
import { jobDeclarationMessages } from "./job-declaration-messages.ts";
import type { Decoded, Fields, MessageSpec, ValuesOf } from "./message.ts";
import { miningMessages } from "./mining-messages.ts";
import { templateDistributionMessages } from "./template-distribution-messages.ts";

/** All messages of each sub-protocol, those of the common part and of extension 0x0001 included. */
export const protocolMessages = {
  mining: [...commonMessages, ...miningMessages, ...extensionMessages],
  "job-declaration": [...commonMessages, ...jobDeclarationMessages, ...extensionMessages],
  "template-distribution": [
    ...commonMessages,
    ...templateDistributionMessages,
    ...extensionMessages,
  ],
} as const;

export type Protocol = keyof typeof protocolMessages;

/** The value of SetupConnection's `protocol` field (SV2 §3.6.1). */
export const protocolNumbers: Readonly<Record<Protocol, number>> = {
  mining: 0,
  "job-declaration": 1,
  "template-distribution": 2,
};

/** Any message of one sub-protocol, a union told apart by `name`. */
export type ProtocolMessage<P extends Protocol> = Decoded<(typeof protocolMessages)[P][number]>;
export type MiningProtocolMessage = ProtocolMessage<"mining">;
export type JobDeclarationProtocolMessage = ProtocolMessage<"job-declaration">;
export type TemplateDistributionProtocolMessage = ProtocolMessage<"template-distribution">;

const specs: Readonly<Record<Protocol, ReadonlyMap<number, MessageSpec>>> = {
  mining: byKey(protocolMessages.mining),
  "job-declaration": byKey(protocolMessages["job-declaration"]),
  "template-distribution": byKey(protocolMessages["template-distribution"]),
};

/** The table entry for a pair of ids, or `undefined` for a message that we do not know. */
export function findMessage(
  protocol: Protocol,
  extensionType: number,
  messageType: number,
): MessageSpec | undefined {
  return specs[protocol].get(keyOf(extensionType, messageType));
}

/**
 * The message in a frame; `undefined` when its (extension, type) is unknown: to be ignored, not an error (SV2 §3.4.1).
 * The channel bit is not looked at, since the table of §8 changed over time. Throws WireError for a malformed payload.
 */
export function decodeMessage<P extends Protocol>(
  protocol: P,
  frame: Frame,
): ProtocolMessage<P> | undefined {
  const spec = findMessage(protocol, frame.extensionType, frame.messageType);
  return spec?.decode(frame.payload) as ProtocolMessage<P> | undefined;
}

/** The frame of a message. Throws RangeError naming the field whose value does not fit. */
export function encodeMessage<Name extends string, F extends Fields>(
  spec: MessageSpec<Name, F>,
  values: ValuesOf<F>,
): Frame {
  return {
    extensionType: spec.extension,
    channelMessage: spec.channel,
    messageType: spec.type,
    payload: spec.encode(values),
  };
}

function byKey(messages: readonly MessageSpec[]): ReadonlyMap<number, MessageSpec> {
  return new Map(messages.map((spec) => [keyOf(spec.extension, spec.type), spec]));
}

function keyOf(extensionType: number, messageType: number): number {
  return (extensionType << 8) | messageType;
}
