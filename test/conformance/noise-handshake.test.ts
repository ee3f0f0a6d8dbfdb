/** Cases 21 to 32 and 41, 42: the handshake as a server sees it, and what ends it. */
import { createHash, hkdfSync } from "node:crypto";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { type KeyPair, keyPairOf, xOnlyKey } from "../../src/noise/ellswift.ts";
import { NxInitiator, NxResponder } from "../../src/noise/nx-handshake.ts";
import { SymmetricState } from "../../src/noise/symmetric-state.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };
import { connected, Device, UNIX_NOW } from "./device.ts";
import { block } from "./frames.ts";
import type { CertificateTerms, PoolScript } from "./pool-end.ts";

const { inputs, intermediates: v } = vectors;

/** The connection is over, nothing but act 1 was ever sent, and the device waits before it tries again. */
function expectGivenUp(device: Device, reason: RegExp): void {
  expect(device.pool.ended).toBe(true);
  expect(device.pool.bytesReceived).toBe(64);
  expect(device.told.phase).toBe("backing-off");
  expect(device.told.reason).toMatch(reason);
}

describe("first bytes and key schedule", () => {
  test("case 21 (§4.5.1): chaining key and hash begin with the constants of the suite's name", () => {
    const ck = fromHex("2eb47881208e9eee1f669f67c66ee70ea9ea88090d503fe830dc4bc83e29bf10");
    const state = new SymmetricState(nobleAead);
    expect(toHex(state.handshakeHash)).toBe(createHash("sha256").update(ck).digest("hex"));
    expect(toHex(state.handshakeHash)).toBe(
      "922fa32e4f487c0d59caa3bed7899ce3d98db7e13dbd3b7cf2d23dd433dc6104",
    );
    // The chaining key shows itself in what is derived from it.
    const derived = new Uint8Array(
      hkdfSync("sha256", new Uint8Array(0), ck, new Uint8Array(0), 64),
    );
    expect(toHex(concatBytes(...state.split()))).toBe(toHex(derived));
  });

  test("case 22 (§4.5.1): 64 bytes go unprompted, and nothing else for as long as the server is silent", async () => {
    const device = await connected({ act2: () => undefined });
    expect(device.pool.act1).toHaveLength(64);
    await device.run(9_900);
    expect(device.pool.bytesReceived).toBe(64);
  });

  test("case 23 (§4.4, §4.5): fixed keys give the transcript's acts, hashes and keys", () => {
    const pair = (secret: string, ellswift: string): KeyPair => ({
      secret: fromHex(secret),
      ellswift: fromHex(ellswift),
    });
    const seen: string[] = [];
    const spy: Aead = (key) => {
      seen.push(`key ${toHex(key)}`);
      const real = nobleAead(key);
      return {
        seal(nonce, associatedData, plain) {
          seen.push(`seal ${toHex(nonce)} ${toHex(associatedData)}`);
          return real.seal(nonce, associatedData, plain);
        },
        open(nonce, associatedData, sealed) {
          seen.push(`open ${toHex(nonce)} ${toHex(associatedData)}`);
          return real.open(nonce, associatedData, sealed);
        },
      };
    };
    const entropy = fixedEntropy();
    const initiator = new NxInitiator({
      entropy,
      aead: spy,
      ephemeral: pair(inputs.initiator_ephemeral_priv, inputs.initiator_ephemeral_ellswift),
    });
    expect(toHex(initiator.act1)).toBe(vectors.act1);
    const check = { authorityKey: fromHex(inputs.authority_pub), unixSeconds: inputs.now };
    const keys = initiator.finish(fromHex(vectors.act2), check);
    expect([toHex(keys.send), toHex(keys.receive)]).toEqual([v.c1_i2r, v.c2_r2i]);
    const nonce = "00".repeat(12);
    expect(seen.splice(0)).toEqual([
      `key ${v.k_after_ee}`,
      `open ${nonce} ${v.h_after_re}`,
      `key ${v.k_after_es}`,
      `open ${nonce} ${v.h_after_s}`,
    ]);
    const responder = new NxResponder({
      entropy,
      aead: spy,
      staticKey: pair(inputs.responder_static_priv, v.rs_ellswift),
      certificate: fromHex(v.signature_noise_message),
      ephemeral: pair(inputs.responder_ephemeral_priv, inputs.responder_ephemeral_ellswift),
    });
    expect(toHex(responder.respond(fromHex(vectors.act1)).act2)).toBe(vectors.act2);
    expect(seen).toEqual([
      `key ${v.k_after_ee}`,
      `seal ${nonce} ${v.h_after_re}`,
      `key ${v.k_after_es}`,
      `seal ${nonce} ${v.h_after_s}`,
    ]);
  });

  test("case 23 (§4.4, §4.5): the hash passes through each value of the transcript to the last", () => {
    const state = new SymmetricState(nobleAead);
    const hashes: string[] = [];
    const note = () => hashes.push(toHex(state.handshakeHash));
    state.mixHash(fromHex(vectors.act1));
    state.encryptAndHash(new Uint8Array(0));
    note();
    state.mixHash(fromHex(inputs.responder_ephemeral_ellswift));
    note();
    state.mixKey(fromHex(v.ecdh_ee));
    const act2 = fromHex(vectors.act2);
    expect(toHex(state.decryptAndHash(act2.subarray(64, 144)))).toBe(v.rs_ellswift);
    note();
    state.mixKey(fromHex(v.ecdh_es));
    expect(toHex(state.decryptAndHash(act2.subarray(144)))).toBe(v.signature_noise_message);
    note();
    expect(hashes).toEqual([v.h_after_act1, v.h_after_re, v.h_after_s, v.h_final]);
  });

  test("case 24 (§4.3.1.1): every connection begins with other bytes, even with the same secret", async () => {
    const secret = new Uint8Array(32).fill(5);
    const stuck = { randomBytes: () => secret, fraction: () => 0.5 };
    for (const entropy of [fixedEntropy(3), stuck]) {
      const device = await connected({}, { entropy });
      for (let i = 0; i < 3; i++) {
        device.network.severAll();
        await device.run(30_000);
      }
      const acts = device.pools.map(({ act1 }) => toHex(act1));
      expect(acts.length).toBeGreaterThanOrEqual(4);
      expect(new Set(acts).size).toBe(acts.length);
    }
  });
});

describe("act 2", () => {
  test("case 25 (§4.5.2): in pieces of one byte it is good", async () => {
    const device = new Device();
    device.network.chunking = "every-byte";
    device.listen();
    await device.start();
    await device.tell(...block(1));
    expect(device.told.phase).toBe("mining");
  });

  test("case 25 (§4.5.2): 233 bytes and the end are no handshake", async () => {
    const device = await connected({
      act2: (act2, pool) => {
        pool.sendBytes(act2.slice(0, 233));
        pool.stream.close();
        return undefined;
      },
    });
    expectGivenUp(device, /closed/);
  });

  test.each([
    ["the ephemeral key", 0, 63],
    ["the sealed static key", 64, 127],
    ["its tag", 128, 143],
    ["the sealed certificate", 144, 217],
    ["its tag", 218, 233],
  ])("case 26 (§4.5): one bit flipped in %s, bytes %i to %i", async (_, first, last) => {
    for (const [at, bit] of [
      [first, 0],
      [(first + last) >> 1, 3],
      [last, 7],
    ] as const) {
      const device = await connected({
        act2: (act2) => act2.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte)),
      });
      expectGivenUp(device, /does not decrypt/);
    }
  });

  test("case 41 (policy): a server that stalls is left after 10 s, and tried again later and later", async () => {
    const device = await connected({ act2: (act2) => act2.slice(0, 100) });
    await device.run(9_999);
    expect(device.told.phase).toBe("handshake");
    await device.run(2);
    expectGivenUp(device, /handshake within 10 s/);
    await device.run(600_000);
    expect(device.pools.length).toBeGreaterThan(5);
    expect(device.pools.length).toBeLessThan(25);
    expect(device.pools.filter(({ ended }) => !ended).length).toBeLessThanOrEqual(1);
  });

  test("case 41 (policy): a byte now and then does not win it more time", async () => {
    const device = await connected({ act2: () => undefined });
    for (let i = 0; i < 10; i++) {
      device.pool.sendBytes(Uint8Array.of(i));
      await device.run(1_001);
    }
    expectGivenUp(device, /handshake within 10 s/);
  });

  test("case 42 (policy): an answer of the obsolete protocol is called that", async () => {
    // U16 length, then 32 + 48 + 92 bytes, as Noise_NX_25519 with its certificate made them; more follows.
    const old = concatBytes(Uint8Array.of(172, 0), new Uint8Array(300).fill(0x5a));
    const device = await connected({ act2: () => old });
    expectGivenUp(device, /obsolete Noise protocol of the 2022 draft/);
    expect(device.log.text).toContain("obsolete Noise protocol");
  });

  test("case 42 (policy): a web server is not taken for a pool", async () => {
    const page = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(10));
    expectGivenUp(await connected({ act2: () => page }), /does not speak current Stratum V2/);
  });
});

describe("the certificate", () => {
  const stranger = new Uint8Array(32).fill(5);

  test("case 27 (§4.5.3): another authority ends it before anything is sent, and is not hammered at", async () => {
    const device = await connected({ certificate: { authoritySecret: stranger } });
    expectGivenUp(device, /not signed by the authority key 9auqWEzQ/);
    await device.run(14_000);
    expect(device.pools).toHaveLength(1);
  });

  /** The 74 bytes with a signature over what `signed` makes of the fields and the key. */
  const signedOver =
    (signed: (fields: Uint8Array, staticKey: KeyPair) => Uint8Array): PoolScript["certificate"] =>
    (staticKey) => {
      const terms = { validFrom: UNIX_NOW, notValidAfter: UNIX_NOW + 60 };
      const honest = issueCertificate({ authoritySecret: AUTHORITY.secret, staticKey, ...terms });
      const fields = honest.slice(0, 10);
      return concatBytes(fields, schnorr.sign(signed(fields, staticKey), AUTHORITY.secret));
    };
  const xOf = ({ ellswift }: KeyPair) => xOnlyKey(ellswift);

  test("case 28 (§4.5.3): a signature over the x-only key is good, one over its 64-byte encoding is not", async () => {
    const good = signedOver((fields, key) => sha256(concatBytes(fields, xOf(key))));
    expect((await connected({ certificate: good } as PoolScript)).told.phase).toBe(
      "waiting-for-job",
    );
    const bad = signedOver((fields, { ellswift }) => sha256(concatBytes(fields, ellswift)));
    expectGivenUp(await connected({ certificate: bad } as PoolScript), /not signed/);
  });

  test.each([
    [
      "with the authority's key in it",
      (fields: Uint8Array, key: KeyPair) =>
        sha256(concatBytes(fields, xOf(key), AUTHORITY.publicKey)),
    ],
    ["over unhashed fields", (fields: Uint8Array, key: KeyPair) => concatBytes(fields, xOf(key))],
  ])("case 29 (§4.5.3.1): a signature %s is refused", async (_, signed) => {
    const certificate = signedOver(signed);
    expectGivenUp(await connected({ certificate } as PoolScript), /not signed/);
  });

  const hour = 3_600;
  test.each<[string, CertificateTerms, RegExp | undefined]>([
    [
      "valid from 11 s ahead",
      { validFrom: UNIX_NOW + 11, notValidAfter: UNIX_NOW + hour },
      /certificate is valid from/,
    ],
    [
      "valid from 10 s ahead",
      { validFrom: UNIX_NOW + 10, notValidAfter: UNIX_NOW + hour },
      undefined,
    ],
    ["of this very second", { validFrom: UNIX_NOW, notValidAfter: UNIX_NOW }, undefined],
    ["10 s past its end", { validFrom: UNIX_NOW - hour, notValidAfter: UNIX_NOW - 10 }, undefined],
    [
      "11 s past its end",
      { validFrom: UNIX_NOW - hour, notValidAfter: UNIX_NOW - 11 },
      /certificate is valid from/,
    ],
  ])("case 30 (§4.5.3): a certificate %s", async (_, certificate, reason) => {
    const device = await connected({ certificate });
    if (reason === undefined) expect(device.told.phase).toBe("waiting-for-job");
    else expectGivenUp(device, reason);
  });

  test("case 31 (policy): version 1 is refused, however well it is signed", async () => {
    expectGivenUp(await connected({ certificate: { version: 1 } }), /has version 1; only 0/);
  });

  test("case 32 (§4.3.1.1): server keys with odd y serve as well as those with even y", async () => {
    const secrets = Array.from({ length: 12 }, (_, i) => new Uint8Array(32).fill(i + 1));
    const prefixes = new Set<number>();
    for (const secret of secrets) {
      prefixes.add(secp256k1.getPublicKey(secret, true)[0] ?? 0);
      const device = await connected({ staticKey: keyPairOf(secret) });
      expect(device.told.phase).toBe("waiting-for-job");
    }
    expect(prefixes).toEqual(new Set([2, 3]));
  });
});
