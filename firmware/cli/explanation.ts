/** What `asicd decode` says, as data: the shape of its --json output, kept stable. */

export interface Explanation {
  readonly protocol: "bm13xx" | "sv2";
  readonly lengthBytes: number;
  /** The chip whose rules were used, named or recognised; null when neither. */
  readonly chip: string | null;
  /** In the order of the bytes; every byte is in exactly one part. */
  readonly parts: readonly ExplainedPart[];
}

export type PartKind =
  | "command"
  | "job"
  | "register-answer"
  | "nonce"
  | "sv2-frame"
  /** A frame that is not understood further. */
  | "unknown"
  /** Bytes that are no frame, or only a part of one. */
  | "skipped";

export interface ExplainedPart {
  /** Of its first byte in the input. */
  readonly offset: number;
  readonly hex: string;
  readonly kind: PartKind;
  /** One line for a person. */
  readonly summary: string;
  /** Null where there is no checksum. */
  readonly crc: ExplainedCrc | null;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainedCrc {
  readonly kind: "CRC5" | "CRC16";
  readonly ok: boolean;
  /** Hex. */
  readonly found: string;
  readonly expected: string;
}

export interface ExplainedField {
  /** Unit last, as everywhere. */
  readonly name: string;
  /** As a program wants it; null is unknown. */
  readonly value: JsonValue;
  /** As a person wants it. */
  readonly text: string;
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A number with its usual text. */
export function numberField(name: string, value: number, unit = ""): ExplainedField {
  return { name, value, text: unit === "" ? `${value}` : `${value} ${unit}` };
}

/** Bytes or a register value, in hex. */
export function hexField(name: string, value: string): ExplainedField {
  return { name, value, text: value };
}

export function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, "0");
}

/** "1 byte", "12 bytes". */
export function countBytes({ length }: { readonly length: number }): string {
  return length === 1 ? "1 byte" : `${length} bytes`;
}
