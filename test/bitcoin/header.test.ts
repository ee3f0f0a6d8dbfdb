import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeHeader, encodeHeader, hashHeader, toDisplayHex } from "../../src/bitcoin/header.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { equalBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

const knownBlocks = [
  {
    name: "the genesis block",
    header:
      "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
    hash: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
  },
  {
    name: "block 125552",
    header:
      "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
    hash: "00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d",
  },
];

describe("headers", () => {
  test.each(knownBlocks)("$name has its known hash", ({ header, hash }) => {
    expect(toDisplayHex(hashHeader(fromHex(header)))).toBe(hash);
  });

  test("every header of the chip vectors has its hash", () => {
    const jobs = vectors.jobs.filter((job) => "header" in job && job.header);
    expect(jobs.length).toBeGreaterThanOrEqual(5);
    for (const job of jobs)
      expect(toDisplayHex(hashHeader(fromHex(job.header as string)))).toBe(job.hash_be);
  });

  test("the fields lie where SV2 §5.3 puts them", () => {
    const header = fromHex(knownBlocks[1]?.header ?? "");
    expect(decodeHeader(header)).toEqual({
      version: 1,
      prevHash: fromHex("81cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000"),
      merkleRoot: fromHex("e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122b"),
      ntime: 0x4dd7f5c7,
      nbits: 0x1a44b9f2,
      nonce: 0x9546a142,
    });
  });

  test("any 80 bytes decode and encode to themselves", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), (header) =>
        equalBytes(encodeHeader(decodeHeader(header)), header),
      ),
    );
  });

  test("another length is refused by name", () => {
    expect(() => hashHeader(new Uint8Array(79))).toThrow("header: 79 bytes, not 80");
    expect(() =>
      encodeHeader({
        version: 1,
        prevHash: new Uint8Array(31),
        merkleRoot: new Uint8Array(32),
        ntime: 0,
        nbits: 0,
        nonce: 0,
      }),
    ).toThrow("previous hash: 31 bytes, not 32");
  });

  test("the double hash of nothing is the known one", () => {
    expect(toHex(sha256d(new Uint8Array()))).toBe(
      "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
    );
  });
});
