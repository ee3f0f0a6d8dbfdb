/**
 * Keys of releases: ed25519, one key in a text file. The public one is trusted by whoever has the file; the secret one is
 * the 32-byte seed of RFC 8032 §5.1.5. Lines that begin with # say for people whose it is.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { base64 } from "@scure/base";
import { UpdateError } from "./update-error.ts";

const KEY_BYTES = 32;

export function formatKey(key: Uint8Array, comment: string): string {
  return `# ${comment.replaceAll(/[\r\n]+/g, " ")}\n${base64.encode(key)}\n`;
}

/** `where` names the file in errors. Throws UpdateError. */
export function parseKey(text: string, where: string): Uint8Array {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const key = lines.length === 1 ? decoded(lines[0] ?? "") : undefined;
  if (key?.length !== KEY_BYTES)
    throw new UpdateError("no-keys", {
      path: where,
      problem: "is no ed25519 key",
      allowed: `one line with ${KEY_BYTES} bytes in base64, besides lines that begin with #`,
    });
  return key;
}

export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey);
}

function decoded(line: string): Uint8Array | undefined {
  try {
    return base64.decode(line);
  } catch {
    return undefined;
  }
}
