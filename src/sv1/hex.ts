/** Hex as Stratum V1 servers write it: strict, and fast enough for the path from job to chip. */

const NO_DIGIT = 255;
const DIGIT_OF_CODE = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  DIGIT_OF_CODE[digit.charCodeAt(0)] = value;
  DIGIT_OF_CODE[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The bytes of an even number of hex digits and nothing else; `undefined` for any other text. */
export function hexBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = DIGIT_OF_CODE[text.charCodeAt(2 * i)] ?? NO_DIGIT;
    const low = DIGIT_OF_CODE[text.charCodeAt(2 * i + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** An unsigned 32-bit number as 1 to 8 hex digits, most significant first; `undefined` for any other text. */
export function hexU32(text: string): number | undefined {
  return /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Eight hex digits, most significant first. */
export function u32Hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
