/** Type-length-value fields that extensions append to a message, after negotiation (SV2 §3.4.3, ext 0x0002). */
import { concatBytes } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import { ByteReader, ByteWriter } from "./byte-io.ts";
import type { Frame } from "./codec.ts";
import type { Fields, MessageSpec } from "./message.ts";

/** Worker-specific hashrate tracking: which worker of an account found a share. */
export const WORKER_TRACKING = 0x0002;
/** Its only field: UTF-8, without padding. */
export const USER_IDENTITY_FIELD = 0x01;
export const MAX_USER_IDENTITY_BYTES = 32;

export interface Tlv {
  readonly extension: number;
  readonly field: number;
  readonly value: Uint8Array;
}

/** The frame with fields appended, in order of their extension; its own extension type stays (SV2 §3.4.1). */
export function withTlvs(frame: Frame, ...tlvs: readonly Tlv[]): Frame {
  const ordered = [...tlvs].sort((a, b) => a.extension - b.extension);
  return { ...frame, payload: concatBytes(frame.payload, ...ordered.map(encodeTlv)) };
}

/**
 * What follows a message's own fields in its payload, in whatever order (ext 0x0002 §1.3); values are copies. Throws
 * WireError when the message or one of the fields is cut short.
 */
export function tlvsOf<Name extends string, F extends Fields>(
  spec: MessageSpec<Name, F>,
  payload: Uint8Array,
): Tlv[] {
  // The types of the wire have one encoding each, so that the length of the message itself is that of its values.
  const ownBytes = spec.encode(spec.decode(payload)).length;
  const tail = payload.subarray(ownBytes);
  const from = new ByteReader(tail);
  const tlvs: Tlv[] = [];
  for (let at = 0; at < tail.length; ) {
    const extension = from.u16();
    const field = from.u8();
    const lengthBytes = from.u16();
    tlvs.push({ extension, field, value: from.bytes(lengthBytes) });
    at += HEADER_BYTES + lengthBytes;
  }
  return tlvs;
}

/** Who found the share. Throws RangeError for a name of more than 32 bytes. */
export function userIdentityTlv(name: string): Tlv {
  const value = new TextEncoder().encode(name);
  if (value.length > MAX_USER_IDENTITY_BYTES)
    throw new RangeError(
      `worker name of ${value.length} bytes; allowed: at most ${MAX_USER_IDENTITY_BYTES}`,
    );
  return { extension: WORKER_TRACKING, field: USER_IDENTITY_FIELD, value };
}

/** The worker's name among the fields, `undefined` when there is none. Throws WireError when it is too long. */
export function userIdentityOf(tlvs: readonly Tlv[]): string | undefined {
  const found = tlvs.find(
    ({ extension, field }) => extension === WORKER_TRACKING && field === USER_IDENTITY_FIELD,
  );
  if (found === undefined) return undefined;
  if (found.value.length > MAX_USER_IDENTITY_BYTES)
    throw new WireError(
      "oversize",
      `user_identity holds at most ${MAX_USER_IDENTITY_BYTES} bytes, not ${found.value.length}`,
      { section: "ext 0x0002 §1" },
    );
  return new TextDecoder().decode(found.value);
}

/** Extension id and field number, then the length of the value. */
const HEADER_BYTES = 5;

function encodeTlv({ extension, field, value }: Tlv): Uint8Array {
  const out = new ByteWriter();
  // Little-endian like everything else; the extension's example shows the opposite, its rules and SRI do not.
  out.u16(extension);
  out.u8(field);
  out.u16(value.length);
  out.bytes(value);
  return out.finish();
}
