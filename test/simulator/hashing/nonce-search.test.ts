import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  byteSwapped,
  findNonces,
  headerWordsOf,
  hitMasks,
  leadingZeroBits,
  type NonceSearch,
  selfTest,
} from "../../../simulator/hashing/nonce-search.ts";
import {
  createPlainSearch,
  digestOf,
  midstateOf,
} from "../../../simulator/hashing/sha256d-plain.ts";
import {
  createSearch,
  searchModule,
  tryCreateSimdSearch,
} from "../../../simulator/hashing/sha256d-simd.ts";
import { assembleSearchModule } from "../../../simulator/hashing/wasm/assemble.ts";
import { hashHeader, toDisplayHex } from "../../../src/bitcoin/header.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

const word = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000),
);
const header = fc.uint8Array({ minLength: 76, maxLength: 76 });

function simdSearch(): NonceSearch {
  const search = tryCreateSimdSearch();
  if (search === undefined) throw new Error("this engine has no SIMD");
  return search;
}

describe("the plain hash", () => {
  test("agrees with the Bitcoin arithmetic on any header", () => {
    fc.assert(
      fc.property(header, word, (bytes, nonce) => {
        const words = headerWordsOf(bytes);
        const digest = digestOf(midstateOf(words), words.subarray(16), nonce);
        const whole = new Uint8Array(80);
        whole.set(bytes);
        new DataView(whole.buffer).setInt32(76, nonce);
        expect(bytesOf(digest)).toEqual(hashHeader(whole));
      }),
    );
  });

  test("gives the captured share its zero bits", () => {
    const job = vectors.jobs[0];
    const bytes = fromHex(job?.header ?? "");
    const words = headerWordsOf(bytes);
    const nonce = new DataView(bytes.buffer).getInt32(76);
    const digest = digestOf(midstateOf(words), words.subarray(16), nonce);
    expect(toDisplayHex(bytesOf(digest))).toBe(job?.hash_be);
    expect(leadingZeroBits(digest)).toBe(46);
  });

  test("refuses a header of another length by name", () => {
    expect(() => headerWordsOf(new Uint8Array(79))).toThrow("header: 79 bytes; allowed: 76 or 80");
  });
});

describe("the SIMD search", () => {
  test("works on this machine and is chosen", () => {
    expect(createSearch().name).toBe("simd");
  });

  test("finds what the plain one finds, on any four headers", () => {
    const simd = simdSearch();
    const plain = createPlainSearch();
    const four = fc.tuple(header, header, header, header);
    fc.assert(
      fc.property(
        four,
        fc.tuple(word, word, word, word),
        word,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 239 }),
        (headers, nonces, step, groups, zeroBits, quad) => {
          const midstates = headers.map((bytes) => midstateOf(headerWordsOf(bytes)));
          const tail = headerWordsOf(headers[0]).subarray(16);
          const { lastWord } = hitMasks(zeroBits, 0);
          const found = [simd, plain].map((search) => {
            search.prepare(quad, midstates, tail);
            const count = search.search(quad, nonces, step, groups, lastWord);
            return [...search.hits.subarray(0, count)];
          });
          expect(found[0]).toEqual(found[1]);
          if (zeroBits === 0) expect(found[0]).toHaveLength(4 * groups);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is what its generator writes today", () => {
    expect(Buffer.from(searchModule()).equals(Buffer.from(assembleSearchModule()))).toBe(true);
  });

  test("passes the self test that a wrong search fails", () => {
    expect(selfTest(simdSearch())).toBe(true);
    const plain = createPlainSearch();
    const forgetful: NonceSearch = {
      ...plain,
      search: (...what) => Math.max(0, plain.search(...what) - 1),
    };
    expect(selfTest(forgetful)).toBe(false);
  });
});

describe("the chip's test of a hash", () => {
  test("finds all nonces of a range with enough zero bits and no other", () => {
    const bytes = fromHex(vectors.jobs[0]?.header ?? "").subarray(0, 76);
    const words = headerWordsOf(bytes);
    const midstate = midstateOf(words);
    const first = 0xfffffff0;
    const expected: number[] = [];
    for (let i = 0; i < 5_001; i++) {
      const nonce = (first + i) >>> 0;
      const digest = digestOf(midstate, words.subarray(16), nonce);
      if (leadingZeroBits(digest) >= 7) expected.push(nonce);
    }
    expect(expected.length).toBeGreaterThan(20);
    for (const search of [createPlainSearch(), simdSearch()])
      expect(findNonces(search, bytes, first, 5_001, 7)).toEqual(expected);
    expect(findNonces(simdSearch(), bytes, 7, 5, 0)).toEqual([7, 8, 9, 10, 11]);
  });

  test.each(vectors.ticket_mask)(
    "asks for log2 of the ticket's difficulty $difficulty more zero bits",
    ({ difficulty, reg14 }) => {
      const bits = Math.log2(difficulty);
      for (const required of [0, 5, 31, 32]) {
        const masks = hitMasks(required, Number.parseInt(reg14, 16));
        const shown = [byteSwapped(masks.lastWord), byteSwapped(masks.wordBeforeLast)];
        const asText = shown.map((mask) => mask.toString(2).padStart(32, "0")).join("");
        expect(asText).toBe("1".repeat(required + bits).padEnd(64, "0"));
      }
    },
  );

  test("counts leading zero bits in display order", () => {
    const digest = new Int32Array(8);
    expect(leadingZeroBits(digest)).toBe(256);
    digest[0] = 0x01000000;
    expect(leadingZeroBits(digest)).toBe(255);
    digest[7] = 0x00000080;
    expect(leadingZeroBits(digest)).toBe(0);
    digest[7] = 0x01000000;
    expect(leadingZeroBits(digest)).toBe(31);
  });
});

function bytesOf(digest: Int32Array): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  digest.forEach((value, i) => {
    view.setInt32(4 * i, value);
  });
  return bytes;
}
