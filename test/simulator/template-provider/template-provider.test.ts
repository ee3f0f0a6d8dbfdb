import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinbaseMerklePath } from "../../../simulator/template-provider/block-templates.ts";
import {
  SimulatedTemplateProvider,
  type TemplateProviderOptions,
} from "../../../simulator/template-provider/provider.ts";
import { output } from "../../../simulator/template-provider/transaction.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { encodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { foldMerklePath, merkleRoot } from "../../../src/bitcoin/merkle.ts";
import { sha256d } from "../../../src/bitcoin/sha256.ts";
import { meetsTarget } from "../../../src/bitcoin/target.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { nobleAead } from "../../../src/noise/aead.ts";
import { SetupConnection } from "../../../src/sv2/common-messages.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import {
  decodeMessage,
  encodeMessage,
  type TemplateDistributionProtocolMessage,
} from "../../../src/sv2/protocols.ts";
import {
  CoinbaseOutputConstraints,
  RequestTransactionData,
  SubmitSolution,
} from "../../../src/sv2/template-distribution-messages.ts";
import { fixedEntropy } from "../../support/scripted-server.ts";
import { VirtualNetwork } from "../../support/virtual-network.ts";

type Message = TemplateDistributionProtocolMessage;
type Named<Name> = Extract<Message, { name: Name }>;

async function opened(options: Partial<TemplateProviderOptions> = {}) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork();
  const provider = new SimulatedTemplateProvider(
    { clock, entropy: fixedEntropy(9), aead: nobleAead },
    { authoritySecret: undefined, nbits: 0x207fffff, ...options },
  );
  network.listen("tp", 1, provider.accept);
  const stream = await network.dial("tp", 1, new AbortController().signal);
  const codec = new PlainFrames();
  const received: Message[] = [];
  let ended = false;
  stream.onEnd(() => {
    ended = true;
  });
  stream.onData((chunk) =>
    codec.receive(chunk, (frame) => {
      const message = decodeMessage("template-distribution", frame);
      if (message !== undefined) received.push(message);
    }),
  );
  const send = async (frame: Parameters<typeof codec.encode>[0]) => {
    stream.write(codec.encode(frame));
    await clock.advance(0);
  };
  return {
    clock,
    provider,
    received,
    stream,
    send,
    get ended() {
      return ended;
    },
    last<Name extends Message["name"]>(name: Name): Named<Name> {
      return received.findLast(
        (message): message is Named<Name> => message.name === name,
      ) as Named<Name>;
    },
    setUp: (protocol = 2) =>
      send(
        encodeMessage(SetupConnection, {
          protocol,
          minVersion: 2,
          maxVersion: 2,
          flags: 0,
          endpointHost: "tp",
          endpointPort: 1,
          vendor: "test",
          hardwareVersion: "",
          firmware: "",
          deviceId: "",
        }),
      ),
    constrain: () =>
      send(
        encodeMessage(CoinbaseOutputConstraints, {
          coinbaseOutputMaxAdditionalSize: 100,
          coinbaseOutputMaxAdditionalSigops: 4,
        }),
      ),
  };
}

type Client = Awaited<ReturnType<typeof opened>>;

async function served(options: Partial<TemplateProviderOptions> = {}): Promise<Client> {
  const client = await opened(options);
  await client.setUp();
  await client.constrain();
  return client;
}

/** A coinbase as a pool would complete it, with its witness or stripped of it. */
function coinbaseOf(
  template: Named<"NewTemplate">,
  o: { valueSats?: bigint; script?: Uint8Array; segwit?: boolean } = {},
): Uint8Array {
  const script = o.script ?? concatBytes(template.coinbasePrefix, Uint8Array.of(4, 1, 2, 3, 4));
  const isSegwit = o.segwit ?? true;
  return concatBytes(
    Uint8Array.of(2, 0, 0, 0),
    isSegwit ? Uint8Array.of(0, 1) : new Uint8Array(0),
    Uint8Array.of(1),
    new Uint8Array(32),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, script.length),
    script,
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 2),
    output(o.valueSats ?? template.coinbaseTxValueRemaining, Uint8Array.of(0x51)),
    template.coinbaseTxOutputs,
    isSegwit ? Uint8Array.of(1, 32, ...new Uint8Array(32)) : new Uint8Array(0),
    new Uint8Array(4),
  );
}

/** Solves the newest template as a pool would, from what is on the wire alone. */
function solve(client: Client, coinbase = coinbaseOf(client.last("NewTemplate")), isBlock = true) {
  const template = client.last("NewTemplate");
  const tip = client.last("SetNewPrevHash");
  const txid = sha256d(coinbaseOf(template, { segwit: false }));
  for (let nonce = 0; ; nonce++) {
    const header = encodeHeader({
      version: template.version,
      prevHash: tip.prevHash,
      merkleRoot: foldMerklePath(txid, template.merklePath),
      ntime: tip.headerTimestamp,
      nbits: tip.nBits,
      nonce,
    });
    if (meetsTarget(hashHeader(header), tip.target) !== isBlock) continue;
    return {
      hash: hashHeader(header),
      frame: encodeMessage(SubmitSolution, {
        templateId: template.templateId,
        version: template.version,
        headerTimestamp: tip.headerTimestamp,
        headerNonce: nonce,
        coinbaseTx: coinbase,
      }),
    };
  }
}

const names = ({ received }: Client) => received.map(({ name }) => name);

describe("what a pool is told", () => {
  test("set-up, then after its constraints a future template and the previous hash that activates it", async () => {
    const client = await opened();
    await client.setUp();
    expect(names(client)).toEqual(["SetupConnection.Success"]);
    await client.constrain();
    expect(names(client)).toEqual(["SetupConnection.Success", "NewTemplate", "SetNewPrevHash"]);
    const template = client.last("NewTemplate");
    expect(template).toMatchObject({ futureTemplate: true, coinbaseTxOutputsCount: 1 });
    expect(client.last("SetNewPrevHash").templateId).toBe(template.templateId);
    // BIP34: height 840 is 0x0348.
    expect(template.coinbasePrefix).toEqual(Uint8Array.of(2, 0x48, 0x03));
  });

  test("another protocol is refused, and so is whoever skips the set-up", async () => {
    const wrong = await opened();
    await wrong.setUp(0);
    expect(wrong.last("SetupConnection.Error").errorCode).toBe("unsupported-protocol");
    const rude = await opened();
    await rude.constrain();
    expect([wrong.ended, rude.ended]).toEqual([true, true]);
  });

  test("better fees come as a template that is no future one, blocks as a future one and its previous hash", async () => {
    const client = await served({ templateIntervalMs: 10_000, blockIntervalMs: 30_000 });
    const first = client.last("NewTemplate");
    await client.clock.advance(10_000);
    const better = client.last("NewTemplate");
    expect(better.futureTemplate).toBe(false);
    expect(better.coinbaseTxValueRemaining).toBeGreaterThan(first.coinbaseTxValueRemaining);
    await client.clock.advance(20_000);
    expect(client.provider.statistics().height).toBe(841);
    expect(client.received.filter(({ name }) => name === "SetNewPrevHash")).toHaveLength(2);
    client.provider.stop();
    expect(client.clock.pendingTimers).toBe(0);
  });

  test("the transactions it gives out fold to the template's merkle path", async () => {
    const client = await served();
    for (let extra = 0; extra < 5; extra++) client.provider.newTemplate();
    await client.clock.advance(0);
    const { templateId, merklePath } = client.last("NewTemplate");
    await client.send(encodeMessage(RequestTransactionData, { templateId }));
    const { transactionList } = client.last("RequestTransactionData.Success");
    const leaf = new Uint8Array(32).fill(7);
    expect(transactionList).toHaveLength(8);
    expect(foldMerklePath(leaf, merklePath)).toEqual(
      merkleRoot([leaf, ...transactionList.map((transaction) => sha256d(transaction))]),
    );
  });

  test("transactions of a template that is over, or never was, are refused with the code that says which", async () => {
    const client = await served();
    const { templateId } = client.last("NewTemplate");
    client.provider.newBlock();
    for (const id of [templateId, 99_999n, 0n])
      await client.send(encodeMessage(RequestTransactionData, { templateId: id }));
    expect(
      client.received.flatMap((m) =>
        m.name === "RequestTransactionData.Error" ? [m.errorCode] : [],
      ),
    ).toEqual(["stale-template-id", "template-id-not-found", "template-id-not-found"]);
  });

  test("a merkle path fits the root of any number of transactions (property)", () => {
    const txid = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(txid, fc.array(txid, { maxLength: 20 }), (leaf, others) => {
        expect(foldMerklePath(leaf, coinbaseMerklePath(others))).toEqual(
          merkleRoot([leaf, ...others]),
        );
      }),
    );
  });
});

describe("solutions", () => {
  test("a good one is a block: counted, and the next block builds on its hash", async () => {
    const client = await served();
    const { hash, frame } = solve(client);
    await client.send(frame);
    expect(client.provider.statistics()).toMatchObject({ blocksFound: 1, height: 841 });
    expect(client.last("SetNewPrevHash").prevHash).toEqual(hash);
  });

  test("one for an earlier template of the same tip is good as well, one for an earlier tip is late", async () => {
    const client = await served();
    const earlier = solve(client).frame;
    client.provider.newTemplate();
    await client.send(earlier);
    expect(client.provider.statistics().blocksFound).toBe(1);
    await client.send(earlier);
    expect(client.provider.statistics()).toMatchObject({
      blocksFound: 1,
      solutionsLate: 1,
      solutionsRefused: 0,
    });
    // By now the news has long been there.
    await client.clock.advance(1_100);
    await client.send(earlier);
    expect(client.provider.statistics()).toMatchObject({ solutionsLate: 1, solutionsRefused: 1 });
  });

  test("one for the tip before the last is refused at once", async () => {
    const client = await served();
    const { frame } = solve(client);
    client.provider.newBlock();
    client.provider.newBlock();
    await client.send(frame);
    expect(client.provider.statistics()).toMatchObject({ solutionsLate: 0, solutionsRefused: 1 });
  });

  test("a hash above the target, a wrong height, too much money and bytes that are no transaction are refused", async () => {
    const client = await served();
    const verdicts: string[] = [];
    client.provider.onEvent((event) => {
      if (event.event === "solution") verdicts.push(event.verdict);
    });
    const template = client.last("NewTemplate");
    const tooMuch = template.coinbaseTxValueRemaining + 1n;
    const { commitmentless, ...bad } = {
      height: coinbaseOf(template, { script: Uint8Array.of(2, 0x49, 0x03) }),
      value: coinbaseOf(template, { valueSats: tooMuch }),
      coinbase: coinbaseOf(template).subarray(0, -1),
      commitmentless: coinbaseOf({
        ...template,
        coinbaseTxOutputs: output(0n, Uint8Array.of(0x6a)),
      }),
    };
    await client.send(solve(client, undefined, false).frame);
    for (const coinbase of [...Object.values(bad), commitmentless])
      await client.send(solve(client, coinbase).frame);
    expect(verdicts).toEqual(["target", "height", "value", "coinbase", "commitment"]);
    expect(client.provider.statistics()).toMatchObject({ blocksFound: 0, solutionsRefused: 5 });
  });

  test("any bytes as a coinbase are a verdict, never a crash (property)", async () => {
    const client = await served();
    const { templateId } = client.last("NewTemplate");
    const whole = coinbaseOf(client.last("NewTemplate"));
    const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
    const mutated = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255))
      .map(([at, value]) => whole.map((byte, i) => (i === at ? value : byte)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), cut, mutated), async (coinbaseTx) => {
        const nothing = { version: 0, headerTimestamp: 0, headerNonce: 0 };
        await client.send(encodeMessage(SubmitSolution, { templateId, coinbaseTx, ...nothing }));
        expect(client.ended).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
