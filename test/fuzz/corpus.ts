/** Where inputs begin: our own vectors, values of every message, and foreign vector files where they exist. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fromHex } from "../../src/lib/bytes.ts";
import vectors from "../vectors/sv2-messages.json" with { type: "json" };

/** Plaintext SV2 frames, header included. */
export const frameCorpus: readonly Uint8Array[] = vectors.frames.map(({ frame }) => fromHex(frame));

/** Keys, handshakes and packets of other projects lie there where they may; they are read in place and never copied. */
export function foreignFolder(): string {
  return process.env["ASICD_FOREIGN_VECTORS"] ?? resolve("../shared/vectors/foreign");
}

const MAX_PIECES = 2_000;

/** All runs of hex digits, 8 bytes and longer, in the foreign files; empty where there are none. */
export function foreignPieces(folder = foreignFolder()): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (const text of textsIn(folder))
    for (const [hex] of text.matchAll(/\b(?:[0-9a-f]{2}){8,}\b/gi))
      if (pieces.length < MAX_PIECES) pieces.push(fromHex(hex));
  return pieces;
}

function textsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(csv|json)$/.test(name))
      .sort()
      .map((name) => readFileSync(join(folder, name), "latin1"));
  } catch {
    return [];
  }
}
