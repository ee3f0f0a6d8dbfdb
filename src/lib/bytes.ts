/** Small operations on byte arrays; nothing here changes its arguments. */

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/** Lower-case hex of the bytes in the order in which they lie. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX_OF_BYTE[byte];
  return hex;
}

/** Bytes of a hex string; spaces, colons and a leading 0x are allowed. Throws RangeError naming the first bad place. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, "").replace(/[\s:]/g, "");
  const bad = digits.search(/[^0-9a-f]/i);
  if (bad >= 0) throw new RangeError(`hex: "${digits[bad]}" at digit ${bad} is not one of 0-9 a-f`);
  if (digits.length % 2 !== 0)
    throw new RangeError(`hex: ${digits.length} digits, an even number is needed`);
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Equality of content; not constant time, so not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A reversed copy. */
export function reversed(bytes: Uint8Array): Uint8Array {
  return bytes.slice().reverse();
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text for a log or a terminal: control characters and escapes of a stranger become visible and harmless. */
export function printable(bytes: Uint8Array | string, maxLength = 255): string {
  const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
  const clean = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu, "\ufffd");
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}
