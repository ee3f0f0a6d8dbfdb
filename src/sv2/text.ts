/**
 * Text of the wire, without losing a byte: a STR0_255 is nominally UTF-8, but nothing enforces it (SV2 §3.1).
 *
 * A byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 + byte (as in Python's "surrogateescape"),
 * and back. So callers compare and print ordinary strings, and what a stranger sent can still be sent on unchanged.
 */
import { equalBytes } from "../lib/bytes.ts";

const ESCAPE = 0xdc00;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text of any bytes; never throws. */
export function decodeText(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes("\ufffd") ? decodeEscaping(bytes) : text;
}

/** The inverse of `decodeText`. Throws RangeError for a lone surrogate that stands for no byte. */
export function encodeText(text: string): Uint8Array {
  return /\p{Surrogate}/u.test(text) ? encodeEscaped(text) : encoder.encode(text);
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const character = bytes.subarray(at, at + sequenceLength(first));
    const decoded = decoder.decode(character);
    // Valid UTF-8 is exactly what encodes to the same bytes again.
    const isValid = equalBytes(encoder.encode(decoded), character);
    text += isValid ? decoded : String.fromCharCode(ESCAPE + first);
    at += isValid ? character.length : 1;
  }
  return text;
}

function encodeEscaped(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else if (code >= 0xd800 && code <= 0xdfff)
      throw new RangeError(`text: lone surrogate U+${code.toString(16)} stands for no byte`);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

function sequenceLength(firstByte: number): number {
  if (firstByte < 0xc0) return 1;
  if (firstByte < 0xe0) return 2;
  return firstByte < 0xf0 ? 3 : 4;
}
