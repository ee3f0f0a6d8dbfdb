import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildCoinbase, coinbaseTxid, UNSPENDABLE_SCRIPT } from "../../simulator/pool/coinbase.ts";
import { encodeHeader, hashHeader, toDisplayHex } from "../../src/bitcoin/header.ts";
import { foldMerklePath } from "../../src/bitcoin/merkle.ts";
import { sha256d } from "../../src/bitcoin/sha256.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { coinbaseJobOf, readNotify, swappedWords } from "../../src/sv1/notify-job.ts";
import { merkleRootOf } from "../../src/upstream/coinbase-job.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };
import { filled, notifyParams } from "./support.ts";

/** A share of a real pool, recorded between the pool, the miner and its chip. */
const captured = vectors.jobs.find((job) => "stratum" in job && job.stratum !== undefined);

describe("mining.notify", () => {
  test("a recorded notification becomes the recorded header and its hash", () => {
    const { stratum, header, hash_be } = captured as NonNullable<typeof captured>;
    if (stratum === undefined) throw new Error("the capture is gone");
    const notify = readNotify(stratum.notify_params);
    const job = coinbaseJobOf(notify, 1, 0x1fffe000, fromHex(stratum.extranonce1));
    const merkleRoot = merkleRootOf(job, fromHex(stratum.extranonce2));
    expect(toHex(merkleRoot)).toBe(stratum.merkle_root_header_order);
    const [, , ntime, nonce, versionBits] = stratum.submit_params_after_user as string[];
    const built = encodeHeader({
      version: (notify.version & ~0x1fffe000) | Number.parseInt(versionBits ?? "", 16),
      prevHash: notify.prevHash,
      merkleRoot,
      ntime: Number.parseInt(ntime ?? "", 16),
      nbits: notify.nbits,
      nonce: Number.parseInt(nonce ?? "", 16),
    });
    expect(toHex(built)).toBe(header);
    expect(toDisplayHex(hashHeader(built))).toBe(hash_be);
  });

  test("the previous hash of block 125552 comes as words with their bytes swapped", () => {
    // As its pool would have sent it: the display form's words in reverse order.
    const display = "00000000000008a3a41b85b8b29ad444def299fee21793cd8b9e567eab02cd81";
    const words = display.match(/.{8}/g)?.reverse().join("") ?? "";
    expect(words).toBe("ab02cd818b9e567ee21793cddef299feb29ad444a41b85b8000008a300000000");
    const params = notifyParams();
    params[1] = words;
    expect(toHex(readNotify(params).prevHash)).toBe(
      "81cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000",
    );
  });

  test("swapping words is its own inverse", () => {
    const hash = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(toHex(swappedWords(hash)).slice(0, 16)).toBe("0302010007060504");
    expect(swappedWords(swappedWords(hash))).toEqual(hash);
  });

  test("the merkle root is that of the simulated pool's coinbase", () => {
    const coinbase = buildCoinbase({
      height: 812_345,
      valueSats: 625_000_000n,
      tag: "asicd",
      payoutScript: UNSPENDABLE_SCRIPT,
      witnessCommitment: undefined,
      extranonceBytes: 8,
    });
    const branches = [filled(7), filled(9)];
    const params = notifyParams({
      prefix: toHex(coinbase.prefix),
      suffix: toHex(coinbase.suffix),
      branches: branches.map(toHex),
    });
    const extranonce = fromHex("0102030405060708");
    const job = coinbaseJobOf(readNotify(params), 1, 0, extranonce.subarray(0, 4));
    const expected = foldMerklePath(coinbaseTxid(coinbase, extranonce), branches);
    expect(merkleRootOf(job, extranonce.subarray(4))).toEqual(expected);
  });

  test("a vector computed by hand: coinbase 01 02 03 04, no branches", () => {
    const job = coinbaseJobOf(
      readNotify(notifyParams({ prefix: "01", suffix: "04" })),
      1,
      0,
      Uint8Array.of(2),
    );
    const root = merkleRootOf(job, Uint8Array.of(3));
    expect(root).toEqual(sha256d(concatBytes(Uint8Array.of(1, 2), Uint8Array.of(3, 4))));
    expect(toHex(root)).toBe("8de472e2399610baaa7f84840547cd409434e31f5d3bd71e4d947f283874f9c0");
  });

  test.each([
    [true, true],
    [1, true],
    ["true", true],
    [false, false],
    [null, false],
    [undefined, false],
  ])("clean_jobs %s means %s", (value, clean) => {
    const params = notifyParams();
    params[8] = value;
    expect(readNotify(params).clean).toBe(clean);
  });

  test("numbers as job ids, and versions without leading zeros, are taken", () => {
    const params = notifyParams({ name: 17, version: "2" });
    expect(readNotify(params)).toMatchObject({ name: 17, version: 2 });
  });

  test.each([
    [0, {}, "job id"],
    [0, "x".repeat(257), "job id"],
    [1, "00", "previous hash"],
    [1, 5, "previous hash"],
    [2, "0", "coinbase part 1"],
    [3, "zz", "coinbase part 2"],
    [4, "none", "merkle branches"],
    [4, ["00"], "merkle branch 0"],
    [4, Array.from({ length: 33 }, () => "00".repeat(32)), "merkle branches"],
    [5, "123456789", "version"],
    [5, 536_870_912, "version"],
    [6, "", "nbits"],
    [6, "ff7fffff", "more than 256 bits"],
    [6, "1d80ffff", "negative"],
    [7, "0x650000", "ntime"],
  ])("parameter %d as %.40s is refused by name", (at, value, name) => {
    const params = notifyParams();
    params[at] = value;
    expect(() => readNotify(params)).toThrow(WireError);
    expect(() => readNotify(params)).toThrow(name);
  });

  test("any parameters are a job or a WireError", () => {
    const params = fc.oneof(
      fc.array(fc.anything()),
      fc
        .tuple(
          fc.nat(8),
          fc.oneof(fc.anything(), fc.string({ unit: fc.constantFrom(..."0123456789abcdefg") })),
        )
        .map(([at, value]) => {
          const job = notifyParams();
          job[at] = value;
          return job;
        }),
    );
    fc.assert(
      fc.property(params, (given) => {
        try {
          const job = coinbaseJobOf(readNotify(given), 1, 0, new Uint8Array(4));
          expect(merkleRootOf(job, new Uint8Array(4))).toHaveLength(32);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});
