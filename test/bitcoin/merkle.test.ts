import { describe, expect, test } from "vitest";
import { foldMerklePath, merkleRoot } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, fromHex, reversed, toHex } from "../../src/lib/bytes.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

/** Block 100000: four transactions, display order. */
const BLOCK_100000_TXIDS = [
  "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
  "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
  "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
  "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
];
const BLOCK_100000_ROOT = "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766";

describe("merkle roots", () => {
  test("block 100000 has its known root", () => {
    const txids = BLOCK_100000_TXIDS.map((hex) => reversed(fromHex(hex)));
    expect(toHex(reversed(merkleRoot(txids)))).toBe(BLOCK_100000_ROOT);
  });

  test("a single transaction is its own root", () => {
    const txid = new Uint8Array(32).fill(7);
    expect(merkleRoot([txid])).toEqual(txid);
  });

  test("an odd row repeats its last hash", () => {
    const [a, b, c] = [1, 2, 3].map((value) => new Uint8Array(32).fill(value)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const ab = sha256d(concatBytes(a, b));
    const cc = sha256d(concatBytes(c, c));
    expect(merkleRoot([a, b, c])).toEqual(sha256d(concatBytes(ab, cc)));
  });

  test("no transactions are refused", () => {
    expect(() => merkleRoot([])).toThrow("no transactions");
  });

  test("folding a path equals the root of the whole tree", () => {
    const txids = BLOCK_100000_TXIDS.map((hex) => reversed(fromHex(hex)));
    const [coinbase, second, third, fourth] = txids as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const path = [second, sha256d(concatBytes(third, fourth))];
    expect(foldMerklePath(coinbase, path)).toEqual(merkleRoot(txids));
  });

  test("the captured Stratum job folds to the merkle root of its header", () => {
    const stratum = vectors.jobs.find((job) => job.name === "gamma-accepted-share")?.stratum;
    if (stratum === undefined) throw new Error("the vectors lack the captured share");
    const path = (stratum.notify_params[4] as string[]).map((hex) => fromHex(hex));
    const leaf = sha256d(fromHex(stratum.coinbase_hex));
    expect(toHex(foldMerklePath(leaf, path))).toBe(stratum.merkle_root_header_order);
  });
});
