/** SHA256SUMS as `sha256sum --check` reads it, and its signature. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { base64 } from "@scure/base";
import { sha256Hex } from "./manifest.ts";

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One line each, sorted by name. */
export function formatSums(files: readonly NamedBytes[]): string {
  return files
    .map(({ name, bytes }) => ({ name, line: `${sha256Hex(bytes)}  ${name}\n` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ line }) => line)
    .join("");
}

/** By name. Throws Error for a line that is none. */
export function parseSums(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const match = /^([0-9a-f]{64}) {2}([^/]+)$/.exec(line);
      if (match === null) throw new Error(`SHA256SUMS: "${line.slice(0, 100)}" is no sum`);
      return [match[2] ?? "", match[1] ?? ""];
    }),
  );
}

/** 64 bytes of RFC 8032 in base64, with a line end. */
export function signSums(sums: string, secretKey: Uint8Array): string {
  return `${base64.encode(ed25519.sign(Buffer.from(sums), secretKey))}\n`;
}

export function verifySums(sums: string, signature: string, publicKey: Uint8Array): boolean {
  try {
    const bytes = base64.decode(signature.trim());
    return ed25519.verify(bytes, Buffer.from(sums), publicKey, { zip215: false });
  } catch {
    return false;
  }
}
