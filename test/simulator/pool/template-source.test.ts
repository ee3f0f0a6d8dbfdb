import { describe, expect, test } from "vitest";
import { withWitness } from "../../../simulator/pool/coinbase.ts";
import type {
  BlockTemplate,
  FoundBlock,
  TemplateSource,
} from "../../../simulator/pool/template-source.ts";
import { decodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { foldMerklePath } from "../../../src/bitcoin/merkle.ts";
import { sha256d } from "../../../src/bitcoin/sha256.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { Signal } from "../../../src/lib/signal.ts";
import { PoolBench, START_UNIX_SECONDS } from "./pool-bench.ts";
import { HALF, referenceHash, referenceRoot, referenceSearch } from "./reference-work.ts";

/** Stands where a node would: takes blocks and thinks about them as long as the test likes. */
class SlowNode implements TemplateSource {
  readonly found: FoundBlock[] = [];
  readonly #changed = new Signal<void>();
  current: BlockTemplate;

  constructor(block: Partial<BlockTemplate> = {}) {
    this.current = {
      height: 5,
      prevHash: new Uint8Array(32).fill(7),
      nbits: 0x207fffff,
      version: 0x20000000,
      valueSats: 5_000_000_000n,
      merklePath: [],
      ...block,
    };
  }

  onChange(listener: () => void): Disposable {
    return this.#changed.on(listener);
  }

  blockFound(block: FoundBlock): void {
    this.found.push(block);
  }

  offer(block: Partial<BlockTemplate>): void {
    this.current = { ...this.current, ...block };
    this.#changed.emit();
  }
}

const commitment = new Uint8Array(38).fill(0x6a);
const script = Uint8Array.of(0x51);

describe("a template source of somebody else's", () => {
  test("is told of a block with all that a node needs, and decides when the chain goes on", async () => {
    const node = new SlowNode({ merklePath: [new Uint8Array(32).fill(3)] });
    const template = node.current;
    const bench = new PoolBench({ coinbaseScript: script }, node);
    const heard: FoundBlock[] = [];
    bench.pool.onBlockFound((block) => heard.push(block));
    const client = await bench.miner();
    const { job, tip, ntime } = client.job(2);
    const parts = { version: job.version, prevHash: tip.prevHash, ntime, nbits: tip.nbits };
    const nonce = referenceSearch(parts, job.merkleRoot, (hash) => hash < HALF);
    client.submit(2, { nonce });
    await bench.settle();
    expect(node.found).toEqual(heard);
    const [block] = node.found as [FoundBlock];
    expect(block.template).toBe(template);
    expect(hashHeader(block.header)).toEqual(block.hash);
    const { merkleRoot } = decodeHeader(block.header);
    expect(foldMerklePath(sha256d(block.coinbase), template.merklePath)).toEqual(merkleRoot);
    expect(block.coinbaseInBlock).toEqual(block.coinbase);
    expect(client.all("SetNewPrevHash")).toHaveLength(1);
    expect(bench.pool.statistics()).toMatchObject({ blocksFound: 1, height: 5 });

    node.offer({ prevHash: block.hash, height: 6 });
    await bench.settle();
    expect(client.last("SetNewPrevHash").prevHash).toEqual(block.hash);
    node.offer({ valueSats: 5_000_000_001n });
    await bench.settle();
    expect(client.all("SetNewPrevHash")).toHaveLength(2);
    expect(client.last("NewMiningJob").minNtime).toBe(START_UNIX_SECONDS);
    expect(bench.events.filter(({ event }) => event === "block")).toEqual([
      { event: "block", height: 6, by: "source" },
    ]);
  });

  test("the coinbase pays the configured script, commits to witnesses, and is whole for extended channels and Stratum V1", async () => {
    const node = new SlowNode({ witnessCommitment: commitment });
    const bench = new PoolBench({ coinbaseScript: script }, node);
    const proxy = await bench.proxy();
    const v1 = await bench.minerV1();
    const job = proxy.last("NewExtendedMiningJob");
    expect(toHex(job.coinbaseTxSuffix)).toBe(
      `ffffffff02${"00f2052a01000000"}0151${"0000000000000000"}26${toHex(commitment)}00000000`,
    );
    const { header, merkleRoot } = v1.job();
    const extranonce2 = "00000000000000ff";
    const root = merkleRoot(extranonce2);
    const nonce = referenceSearch(header, root, (hash) => hash < HALF);
    v1.submit({ nonce, extranonce2 });
    await bench.settle();
    const [block] = node.found as [FoundBlock];
    expect(decodeHeader(block.header).merkleRoot).toEqual(Uint8Array.from(root));
    expect(BigInt(`0x${toHex(block.hash.slice().reverse())}`)).toBe(
      referenceHash(header, root, nonce),
    );
    expect(toHex(block.coinbase)).toContain(extranonce2);
    expect(block.coinbaseInBlock).toEqual(withWitness(block.coinbase));
    expect(
      referenceRoot({ prefix: block.coinbase, suffix: new Uint8Array(0), merklePath: [] }),
    ).toEqual(root);
  });

  test("witness, marker and flag stand where BIP141 wants them", () => {
    const coinbase = Uint8Array.of(2, 0, 0, 0, 1, 9, 9, 1, 8, 8, 0, 0, 0, 0);
    expect(toHex(withWitness(coinbase))).toBe(
      `02000000${"0001"}010909010808${"0120"}${"00".repeat(32)}00000000`,
    );
  });

  test("an extranonce or a script that the coinbase has no room for is refused at once", () => {
    expect(() => new PoolBench({ extranonceSize: 68 })).toThrow(/extranonce of 76 bytes/);
    expect(() => new PoolBench({ coinbaseScript: new Uint8Array(253) })).toThrow(/253 bytes/);
  });

  test("ntime is never earlier than the block allows", async () => {
    const bench = new PoolBench({}, new SlowNode({ minTime: START_UNIX_SECONDS + 500 }));
    const client = await bench.miner();
    expect(client.last("SetNewPrevHash").minNtime).toBe(START_UNIX_SECONDS + 500);
  });

  test("cannot be made to invent blocks, and the schedule leaves it alone", async () => {
    const bench = new PoolBench({ blockIntervalMs: 10, templateIntervalMs: 10 }, new SlowNode());
    await bench.clock.advance(1_000);
    expect(bench.events).toEqual([]);
    expect(() => bench.pool.newBlock()).toThrow(/invents nothing/);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
