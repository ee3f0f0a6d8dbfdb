import { expect, test } from "vitest";
import { blockHex, type NodeTemplate, templateFromNode } from "./block.ts";

/** As bcoin 1.0.2 answers on regtest, shortened. */
const node: NodeTemplate = {
  version: 0x20000000,
  rules: ["csv", "!segwit", "testdummy"],
  height: 433,
  previousblockhash: `${"00".repeat(31)}0b`,
  bits: "207fffff",
  mintime: 1_795_275_944,
  coinbasevalue: 1_250_030_000,
  default_witness_commitment: `6a24aa21a9ed${"25".repeat(32)}`,
  transactions: [
    { data: "0201", txid: `${"00".repeat(31)}01` },
    { data: "0202", txid: `${"00".repeat(31)}02` },
  ],
};

test("hashes are turned to internal order, the coinbase's merkle path covers the transactions", () => {
  const template = templateFromNode(node);
  expect(template).toMatchObject({ height: 433, nbits: 0x207fffff, valueSats: 1_250_030_000n });
  expect(template.prevHash[0]).toBe(0x0b);
  expect(template.merklePath).toHaveLength(2);
  expect(template.merklePath[0]?.[0]).toBe(1);
});

test("a commitment counts only where the node says that witnesses are in force", () => {
  expect(templateFromNode(node).witnessCommitment?.length).toBe(38);
  expect(templateFromNode({ ...node, rules: ["csv"] }).witnessCommitment).toBeUndefined();
});

test("a block is its header, the number of its transactions, the coinbase and the others", () => {
  const found = { header: new Uint8Array(80), coinbaseInBlock: Uint8Array.of(0xcb) };
  const { transactions } = templateFromNode(node);
  expect(blockHex(found, transactions)).toBe(`${"00".repeat(80)}03cb02010202`);
  const many = Array.from({ length: 299 }, () => Uint8Array.of(1));
  expect(blockHex(found, many)).toBe(`${"00".repeat(80)}fd2c01cb${"01".repeat(299)}`);
});
