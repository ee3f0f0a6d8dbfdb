/** Changes to valid inputs that keep most of their structure: what gets past the first check reaches the second. */
import { concatBytes } from "../../src/lib/bytes.ts";
import type { Random } from "./random.ts";

/** Between one and four changes; `others` are donors for splices. */
export function mutatedBytes(
  random: Random,
  bytes: Uint8Array,
  others: readonly Uint8Array[] = [],
): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let left = random.between(1, 4); left > 0; left--)
    changed = onceMutated(random, changed, others);
  return changed;
}

function onceMutated(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const { length } = bytes;
  const at = random.below(length + 1);
  const changed = bytes.slice();
  switch (random.below(9)) {
    case 0:
      if (at < length) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    case 1:
      return changed.slice(0, at);
    case 2:
      return concatBytes(bytes, random.bytes(random.length(40)));
    case 3: {
      const to = Math.min(length, at + random.between(1, 8));
      return concatBytes(bytes.subarray(0, at), bytes.subarray(to));
    }
    case 4:
      return concatBytes(bytes.subarray(0, at), random.bytes(random.length(8)), bytes.subarray(at));
    case 5: {
      // A number of one to four bytes, little-endian, as lengths, counts and types are.
      const size = Math.min(random.between(1, 4), length - at);
      const value = random.number(8 * size);
      for (let i = 0; i < size; i++) changed[at + i] = Math.floor(value / 256 ** i) & 0xff;
      return changed;
    }
    case 6: {
      const part = bytes.subarray(at, at + random.between(1, 32));
      const copies = Array.from({ length: random.pick([1, 2, 30]) }, () => part);
      return concatBytes(bytes.subarray(0, at), ...copies, bytes.subarray(at));
    }
    case 7: {
      if (others.length === 0) return changed;
      const other = random.pick(others);
      return concatBytes(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    }
    default:
      return changed.fill(random.pick([0, 0xff, 0x7f]), at, at + random.between(1, 8));
  }
}

/** Text that breaks parsers: empty, long, controls, bidi, lone surrogates, prototype names, numbers at their limits. */
export const AWKWARD_TEXTS: readonly string[] = [
  ...["", " ", "\u0000", "\n", "\r\n", "\ufeff", "\u202e", "\ud800", "\udfff", "😀", "é", "%00"],
  ..."__proto__ constructor toString hasOwnProperty null undefined NaN true".split(" "),
  ..."-1 -0 0x10 1e999 1e-7 4294967296 18446744073709551616 9007199254740993".split(" "),
  ..."../.. // :// [ ] { } \" ' \\ @ : # ?".split(" "),
  "a".repeat(300),
];

/** Between one and four changes; `words` are what the grammar is made of. */
export function mutatedText(random: Random, text: string, words: readonly string[] = []): string {
  let changed = text;
  for (let left = random.between(1, 4); left > 0; left--) {
    const at = random.below(changed.length + 1);
    const to = at + random.between(1, 6);
    const insert = random.pick(random.chance(0.6) && words.length > 0 ? words : AWKWARD_TEXTS);
    changed = random.pick([
      () => changed.slice(0, at) + insert + changed.slice(at),
      () => changed.slice(0, at) + insert + changed.slice(to),
      () => changed.slice(0, at) + changed.slice(to),
      () => changed.slice(0, at) + changed.slice(at, to).repeat(random.pick([2, 3, 40])),
      () => changed.slice(0, at),
      () => changed.slice(0, at) + String.fromCharCode(random.below(0x180)) + changed.slice(at + 1),
    ])();
  }
  return changed;
}

/** Where a sender's bytes are cut on their way: sizes of chunks, the rest in one. */
export function chunkSizes(random: Random): number[] {
  if (random.chance(0.3)) return [];
  if (random.chance(0.1)) return Array.from({ length: 300 }, () => 1);
  return Array.from({ length: random.length(20) }, () =>
    random.pick([0, 1, 1, 2, 5, 6, 7, 21, 22, 23, random.below(300)]),
  );
}

export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    if (!(size >= 0)) continue;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(bytes.subarray(at));
  return chunks;
}
