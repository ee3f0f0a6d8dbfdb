import { schnorr } from "@noble/curves/secp256k1.js";
import { describe, expect, test } from "vitest";
import type { CertificateScript } from "../../../simulator/pool/frame-link.ts";
import { poolUrl } from "../../../simulator/pool/main.ts";
import { defaultPoolOptions } from "../../../simulator/pool/options.ts";
import { parsePoolUrl } from "../../../src/upstream/pool-url.ts";
import { PoolBench } from "./pool-bench.ts";

const { authoritySecret } = defaultPoolOptions;

async function connectTo(certificate: CertificateScript) {
  const bench = new PoolBench({ authoritySecret });
  bench.pool.certificate = certificate;
  const client = await bench.connect();
  client.setUp();
  client.open(1, 1);
  await bench.settle();
  return { bench, client };
}

describe("the pool's handshake", () => {
  test("encrypted mining works with the default certificate", async () => {
    const { bench, client } = await connectTo({});
    client.submit(2, { nonce: 1 });
    await bench.settle();
    expect(client.failure).toBeUndefined();
    expect(client.last("SubmitShares.Success").newSubmitsAcceptedCount).toBe(1);
  });

  test("a static key with an odd y serves as well", async () => {
    const { client } = await connectTo({ oddY: true });
    expect(client.all("NewMiningJob")).toHaveLength(1);
  });

  test.each<[string, CertificateScript, string]>([
    ["of another authority", { signingSecret: new Uint8Array(32).fill(5) }, "bad-signature"],
    ["for another static key", { forAnotherKey: true }, "bad-signature"],
    ["that has expired", { validFromS: -100, notValidAfterS: -11 }, "certificate-time"],
    ["from the future", { validFromS: 11 }, "certificate-time"],
    ["of another version", { version: 1 }, "bad-certificate"],
  ])("a certificate %s can be shown, for clients to refuse", async (_, script, code) => {
    const { client } = await connectTo(script);
    expect(client.failure).toMatchObject({ code });
    expect(client.received).toEqual([]);
  });

  test("it can stay silent, answer garbage, or hang up", async () => {
    const bench = new PoolBench({ authoritySecret });
    bench.pool.handshake = "silence";
    const waiting = await bench.connect();
    bench.pool.handshake = "garbage";
    const confused = await bench.connect();
    bench.pool.handshake = "close";
    const dropped = await bench.connect();
    expect(waiting.ended).toBe(false);
    expect(confused.failure).toMatchObject({ code: "handshake" });
    expect(dropped.ended).toBe(true);
    await bench.clock.advance(10_001);
    expect(waiting.ended).toBe(true);
  });

  test("each connection has a static key and an ephemeral key of its own", async () => {
    const bench = new PoolBench({ authoritySecret });
    const acts = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const stream = await bench.network.dial("pool", 1, new AbortController().signal);
      stream.onData((chunk) => acts.add(chunk.slice(0, 64).join()));
      stream.write(new Uint8Array(64).fill(1));
      await bench.settle();
    }
    expect(acts.size).toBe(3);
  });

  test("the URL carries the authority key, or none in plaintext", () => {
    expect(poolUrl("127.0.0.1", 34254, authoritySecret)).toBe(
      "stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
    );
    expect(poolUrl("::1", 1, undefined)).toBe("stratum2+tcp+insecure://[::1]:1");
  });

  test("the URL can be given to the miner, whatever the pool listens on", () => {
    const authorityKey = schnorr.getPublicKey(authoritySecret ?? new Uint8Array());
    for (const [listensOn, host] of [
      ["0.0.0.0", "127.0.0.1"],
      ["::", "::1"],
      ["localhost", "localhost"],
    ] as const) {
      const secure = parsePoolUrl(poolUrl(listensOn, 7, authoritySecret));
      expect(secure).toEqual({ host, port: 7, authorityKey, secure: true });
      const plaintext = parsePoolUrl(poolUrl(listensOn, 7, undefined));
      expect(plaintext).toEqual({ host, port: 7, authorityKey: undefined, secure: false });
    }
  });
});
