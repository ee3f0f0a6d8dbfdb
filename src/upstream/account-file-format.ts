/**
 * A small file that says whether it is whole: one line with its kind, generation, length and SHA-256, then JSON. Whatever
 * a loss of power leaves of it is either all of it or is recognised.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, toHex } from "../lib/bytes.ts";

/** The largest that is read: many times what is ever written. */
export const MAX_SEALED_BYTES = 1 << 20;

export type Opened =
  | { readonly is: "whole"; readonly generation: number; readonly content: unknown }
  | { readonly is: "damaged"; readonly problem: string };

/** `content` must be what JSON can say. */
export function sealFile(kind: string, generation: number, content: unknown): Uint8Array {
  const body = utf8(`${JSON.stringify(content)}\n`);
  const title = `${kind} ${generation} ${body.length}`;
  return concatBytes(utf8(`${title} ${digestOf(title, body)}\n`), body);
}

/** Never throws. */
export function openSealedFile(kind: string, bytes: Uint8Array): Opened {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(LINE_FEED);
  const header = end < 0 ? null : HEADER.exec(text(bytes.subarray(0, end)));
  if (header === null) return damaged("it does not begin as it should");
  const [, name, generationText = "", length, digest] = header;
  if (name !== kind) return damaged(`it is of another kind, "${name}"`);
  const body = bytes.subarray(end + 1);
  if (body.length !== Number(length)) return damaged(`it has ${body.length} of ${length} bytes`);
  if (digest !== digestOf(`${name} ${generationText} ${length}`, body))
    return damaged("its content was changed");
  const generation = Number(generationText);
  if (!Number.isSafeInteger(generation)) return damaged("its generation is no number");
  try {
    return { is: "whole", generation, content: JSON.parse(text(body)) as unknown };
  } catch {
    return damaged("its content is not JSON");
  }
}

const LINE_FEED = 0x0a;
const MAX_HEADER_BYTES = 160;
const HEADER = /^([a-z][a-z0-9-]{0,31}) (0|[1-9]\d{0,15}) (\d{1,7}) ([0-9a-f]{64})$/;

function digestOf(title: string, body: Uint8Array): string {
  return toHex(sha256(concatBytes(utf8(title), body)));
}

function damaged(problem: string): Opened {
  return { is: "damaged", problem };
}

function utf8(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
