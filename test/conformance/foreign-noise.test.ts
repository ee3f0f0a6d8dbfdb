/** Cases 33 to 35: vectors of other projects for the cryptography under the handshake, BIP-324, BIP-340 and Wycheproof. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { elligatorSwift } from "@scure/btc-signer/p2p.js";
import { describe, expect, test } from "vitest";
import { nodeAead } from "../../firmware/node-aead.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";
import { sharedSecret, xOnlyKey } from "../../src/noise/ellswift.ts";
import { foreignFiles } from "./foreign-vectors.ts";

const files = {
  decode: "bip-0324-ellswift_decode_test_vectors.csv",
  inverse: "bip-0324-xswiftec_inv_test_vectors.csv",
  packets: "bip-0324-packet_encoding_test_vectors.csv",
  schnorr: "bip-0340-test-vectors.csv",
  aead: "wycheproof-chacha20_poly1305.json",
} as const;

const folder = foreignFiles(Object.values(files));

if (folder === undefined) {
  test("cases 33, 34, 35 (§4.4.2, §4.3.1, §4.3.3): not run here, as the vectors of other projects are not here", () => {
    const names = Object.values(files).join(", ");
    console.log(`not run: ${names}; ASICD_FOREIGN_VECTORS names the folder that holds them`);
  });
} else {
  registerEllSwift(folder);
  registerSchnorr(folder);
  registerAead(folder);
}

function registerEllSwift(folder: string): void {
  describe("case 33 (§4.4.2): ElligatorSwift (BIP-324)", () => {
    const decode = rowsOf(folder, files.decode);
    test(`all ${decode.length} encodings decode to their x`, () => {
      expect(decode.length).toBeGreaterThanOrEqual(76);
      for (const cell of decode) expect(toHex(xOnlyKey(fromHex(cell("ellswift"))))).toBe(cell("x"));
    });

    const inverse = rowsOf(folder, files.inverse);
    test(`each t of all ${inverse.length} rows is found, and decodes to its x again`, () => {
      expect(inverse.length).toBeGreaterThanOrEqual(32);
      for (const cell of inverse) {
        const [x, u] = [fromHex(cell("x")), fromHex(cell("u"))];
        for (let ellCase = 0; ellCase < 8; ellCase++) {
          const t = cell(`case${ellCase}_t`);
          const found = elligatorSwift._inv(bytesToNumberBE(x), bytesToNumberBE(u), ellCase);
          expect(found === undefined ? "" : toHex(numberToBytesBE(found, 32))).toBe(t);
          if (t !== "") expect(toHex(xOnlyKey(concatBytes(u, fromHex(t))))).toBe(cell("x"));
        }
      }
    });

    const packets = rowsOf(folder, files.packets);
    test(`the shared secrets of all ${packets.length} connections`, () => {
      expect(packets.length).toBeGreaterThanOrEqual(7);
      for (const cell of packets) {
        const ours = {
          secret: fromHex(cell("in_priv_ours")),
          ellswift: fromHex(cell("in_ellswift_ours")),
        };
        const theirs = fromHex(cell("in_ellswift_theirs"));
        const we = cell("in_initiating") === "1" ? "initiator" : "responder";
        expect(toHex(xOnlyKey(ours.ellswift))).toBe(cell("mid_x_ours"));
        expect(toHex(xOnlyKey(theirs))).toBe(cell("mid_x_theirs"));
        expect(toHex(sharedSecret(ours, theirs, we))).toBe(cell("mid_shared_secret"));
      }
    });
  });
}

function registerSchnorr(folder: string): void {
  describe("case 34 (§4.3.1): Schnorr signatures (BIP-340)", () => {
    const rows = rowsOf(folder, files.schnorr);
    test(`all ${rows.length} verify as they should, and are reproduced where the secret is known`, () => {
      expect(rows.length).toBeGreaterThanOrEqual(19);
      for (const cell of rows) checkSignature(cell);
    });
  });
}

function checkSignature(cell: Row): void {
  const message = fromHex(cell("message"));
  const signature = fromHex(cell("signature"));
  const verdict = schnorr.verify(signature, message, fromHex(cell("public key")));
  expect([cell("index"), verdict]).toEqual([cell("index"), cell("verification result") === "TRUE"]);
  if (cell("secret key") === "") return;
  const signed = schnorr.sign(message, fromHex(cell("secret key")), fromHex(cell("aux_rand")));
  expect(toHex(signed)).toBe(toHex(signature));
}

interface WycheproofCase {
  readonly tcId: number;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
  readonly result: "valid" | "invalid";
}

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly ivSize: number;
    readonly tests: readonly WycheproofCase[];
  }[];
}

function registerAead(folder: string): void {
  const file: WycheproofFile = JSON.parse(readFileSync(join(folder, files.aead), "utf8"));
  const cases = file.testGroups.filter(({ ivSize }) => ivSize === 96).flatMap(({ tests }) => tests);
  const implementations: readonly [string, Aead][] = [
    ["noble", nobleAead],
    ["node:crypto", nodeAead],
  ];
  describe.each(implementations)(
    "case 35 (§4.3.3): ChaCha20-Poly1305 by %s (Wycheproof)",
    (_, aead) => {
      test(`all ${cases.length} cases with 96-bit nonces`, () => {
        expect(cases.length).toBeGreaterThanOrEqual(300);
        for (const { tcId, result, ...one } of cases) {
          const key = aead(fromHex(one.key));
          const [nonce, associatedData] = [fromHex(one.iv), fromHex(one.aad)];
          const sealed = fromHex(one.ct + one.tag);
          const opened = key.open(nonce, associatedData, sealed);
          expect([tcId, opened && toHex(opened)]).toEqual([
            tcId,
            result === "valid" ? one.msg : undefined,
          ]);
          if (result === "valid")
            expect(toHex(key.seal(nonce, associatedData, fromHex(one.msg)))).toBe(one.ct + one.tag);
        }
      });
    },
  );
}

/** A row of a table, asked by column name. */
type Row = (column: string) => string;

/** These files quote nothing, and only their last column, a comment, may hold commas. */
function rowsOf(folder: string, name: string): Row[] {
  const [header = "", ...lines] = readFileSync(join(folder, name), "utf8").trim().split(/\r?\n/);
  const columns = header.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return (column) => {
      const value = values[columns.indexOf(column)];
      if (value === undefined) throw new Error(`${name}: no column "${column}" in ${line}`);
      return value;
    };
  });
}
