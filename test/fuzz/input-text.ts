/** Inputs as one line of ASCII that a command line can carry, and back: bytes as {"hex"}, big integers as {"big"}. */
import { fromHex, toHex } from "../../src/lib/bytes.ts";

export function inputToText(input: unknown): string {
  const text = JSON.stringify(input, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return { hex: toHex(value) };
    if (typeof value === "bigint") return { big: value.toString() };
    return value;
  });
  // Invisible characters, and those that turn a line around, must survive a terminal and a clipboard.
  return text.replaceAll(/[\u007f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Throws SyntaxError or RangeError for text that no input has. */
export function inputFromText(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    const [first, ...others] = Object.entries(value);
    if (first === undefined || others.length > 0 || typeof first[1] !== "string") return value;
    if (first[0] === "hex") return fromHex(first[1]);
    return first[0] === "big" ? BigInt(first[1]) : value;
  });
}
