/** What a search over nonces can do, however it hashes, and what is the same for all of them. */
import { digestOf, midstateOf } from "./sha256d-plain.ts";

/**
 * Searches four headers side by side. A header is 19 big-endian words and the nonce; nonces are the header's last four
 * bytes read big-endian, which is how the chips count them.
 */
export interface NonceSearch {
  readonly name: "plain" | "simd";
  /** How many quads can be prepared at a time. */
  readonly quadCapacity: number;
  /** Where `search` leaves its hits, as `group << 2 | lane`, ascending. */
  readonly hits: Uint32Array;
  /** Fills quad number `quad`: one midstate per lane, and words 16 to 18 of the header. */
  prepare(quad: number, midstates: readonly Int32Array[], tail: ArrayLike<number>): void;
  /**
   * Hashes `groups` times four headers: lane i takes nonce `nonces[i] + group × step`. Returns how many have a digest
   * whose last word is zero under `hitMask`. At most `maxGroups` groups at a time.
   */
  search(
    quad: number,
    nonces: ArrayLike<number>,
    step: number,
    groups: number,
    hitMask: number,
  ): number;
}

/** Upper limit of `groups` in one call of `search`. */
export const maxGroups = 1024;

/** The 19 big-endian words of a header without its nonce. Throws RangeError when it is not 76 or 80 bytes long. */
export function headerWordsOf(header: Uint8Array): Int32Array {
  if (header.length !== 76 && header.length !== 80)
    throw new RangeError(`header: ${header.length} bytes; allowed: 76 or 80`);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return Int32Array.from({ length: 19 }, (_, i) => view.getInt32(4 * i));
}

/** All nonces of `first … first + count - 1` whose hash has at least `zeroBits` (0 to 32) leading zero bits, in order. */
export function findNonces(
  search: NonceSearch,
  header: Uint8Array,
  first: number,
  count: number,
  zeroBits: number,
): number[] {
  const words = headerWordsOf(header);
  const midstate = midstateOf(words);
  search.prepare(0, [midstate, midstate, midstate, midstate], words.subarray(16));
  const { lastWord } = hitMasks(zeroBits, 0);
  const found: number[] = [];
  for (let done = 0; done < count; done += 4 * maxGroups) {
    const start = first + done;
    const groups = Math.min(maxGroups, Math.ceil((count - done) / 4));
    const hitCount = search.search(
      0,
      [start, start + 1, start + 2, start + 3],
      4,
      groups,
      lastWord,
    );
    for (let i = 0; i < hitCount; i++) {
      const at = done + (search.hits[i] as number);
      if (at < count) found.push((first + at) >>> 0);
    }
  }
  return found;
}

/** What the last two words of a digest must be zero under. */
export interface HitMasks {
  readonly lastWord: number;
  readonly wordBeforeLast: number;
}

/**
 * The chip's test as masks: `zeroBits` (0 to 32) leading zero bits, then every bit of the ticket mask, which is register
 * 0x14 as written [C]. A real chip has 32 zero bits, so that its ticket mask meets exactly the word before the last.
 */
export function hitMasks(zeroBits: number, ticketMask: number): HitMasks {
  const ticket = BigInt(byteSwapped(ticketMask));
  const required = zeroBits === 0 ? 0n : ((1n << BigInt(zeroBits)) - 1n) << BigInt(64 - zeroBits);
  const mask = required | (ticket << BigInt(32 - zeroBits));
  return {
    lastWord: byteSwapped(Number(mask >> 32n)) | 0,
    wordBeforeLast: byteSwapped(Number(mask & 0xffffffffn)) | 0,
  };
}

/** Leading zero bits of a digest in display order, where its last byte comes first. */
export function leadingZeroBits(digest: Int32Array): number {
  let bits = 0;
  for (let i = 7; i >= 0; i--) {
    const word = byteSwapped(digest[i] as number);
    bits += Math.clz32(word);
    if (word !== 0) break;
  }
  return bits;
}

/** Finds where a search that claims to be faster disagrees with the plain hash, over some thousands of headers. */
export function selfTest(search: NonceSearch): boolean {
  const lanes = [1, 2, 3, 4].map((seed) => midstateOf(testWords(seed)));
  const tail = testWords(5).subarray(0, 3);
  const nonces = [0, 0x7fffff00, 0x12345678, 0xfffffff0];
  const step = 0x01000193;
  const groups = 256;
  const { lastWord } = hitMasks(6, 0);
  const expected: number[] = [];
  for (let group = 0; group < groups; group++) {
    lanes.forEach((midstate, lane) => {
      const nonce = ((nonces[lane] as number) + Math.imul(step, group)) | 0;
      const digest = digestOf(midstate, tail, nonce);
      if (((digest[7] as number) & lastWord) === 0) expected.push((group << 2) | lane);
    });
  }
  search.prepare(0, lanes, tail);
  const count = search.search(0, nonces, step, groups, lastWord);
  return count === expected.length && expected.every((hit, i) => search.hits[i] === hit);
}

function testWords(seed: number): Int32Array {
  return Int32Array.from({ length: 19 }, (_, i) => Math.imul(seed * 19 + i + 1, 0x9e3779b1));
}

/** The four bytes of a word in the other order, unsigned. */
export function byteSwapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
