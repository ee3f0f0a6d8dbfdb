/** Values of messages as people read them. */
import { toHex } from "../../src/lib/bytes.ts";

/** For a person. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) return shortHex(value);
  if (value === undefined) return "none";
  if (typeof value === "string") return value;
  if (typeof value === "object")
    return JSON.stringify(value, (_, part) =>
      part instanceof Uint8Array ? shortHex(part) : typeof part === "bigint" ? `${part}` : part,
    );
  return String(value);
}

function shortHex(bytes: Uint8Array): string {
  return bytes.length <= 80
    ? toHex(bytes)
    : `${toHex(bytes.subarray(0, 40))}… (${bytes.length} bytes)`;
}
