import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeAead } from "../../firmware/node-aead.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { keyPairOf } from "../../src/noise/ellswift.ts";
import { ACT1_BYTES, ACT2_BYTES, NxInitiator, NxResponder } from "../../src/noise/nx-handshake.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };
import {
  authorityKey,
  authoritySecret,
  initiatorEphemeral,
  repeatableEntropy,
  responderEphemeral,
  responderStatic,
} from "./support.ts";

const { intermediates: v } = vectors;
const entropy = repeatableEntropy();
const act2 = fromHex(vectors.act2);
const check = { authorityKey, unixSeconds: vectors.inputs.now };
const implementations: readonly [string, Aead][] = [
  ["noble", nobleAead],
  ["node:crypto", nodeAead],
];
const certificate = fromHex(v.signature_noise_message);
const initiator = () =>
  new NxInitiator({ entropy, aead: nobleAead, ephemeral: initiatorEphemeral });

describe.each(implementations)("23: the fixed-key transcript, by %s", (_, aead) => {
  test("the initiator reproduces act 1 and the transport keys", () => {
    const initiator = new NxInitiator({ entropy, aead, ephemeral: initiatorEphemeral });
    expect(toHex(initiator.act1)).toBe(vectors.act1);
    const keys = initiator.finish(act2, check);
    expect(toHex(keys.send)).toBe(v.c1_i2r);
    expect(toHex(keys.receive)).toBe(v.c2_r2i);
  });

  test("the responder reproduces act 2 and the transport keys", () => {
    const { act2, keys } = new NxResponder({
      entropy,
      aead,
      staticKey: responderStatic,
      certificate,
      ephemeral: responderEphemeral,
    }).respond(fromHex(vectors.act1));
    expect(toHex(act2)).toBe(vectors.act2);
    expect(toHex(keys.send)).toBe(v.c2_r2i);
    expect(toHex(keys.receive)).toBe(v.c1_i2r);
  });

  test("keys and associated data of each step are those of the transcript", () => {
    const seen: string[] = [];
    const spy: Aead = (key) => {
      seen.push(`key ${toHex(key)}`);
      const real = aead(key);
      return {
        seal: real.seal,
        open(nonce, associatedData, sealed) {
          seen.push(`open ${toHex(nonce)} ${toHex(associatedData)}`);
          return real.open(nonce, associatedData, sealed);
        },
      };
    };
    new NxInitiator({ entropy, aead: spy, ephemeral: initiatorEphemeral }).finish(act2, check);
    expect(seen).toEqual([
      `key ${v.k_after_ee}`,
      `open ${"00".repeat(12)} ${v.h_after_re}`,
      `key ${v.k_after_es}`,
      `open ${"00".repeat(12)} ${v.h_after_s}`,
    ]);
  });
});

describe("handshake (SV2 §4.5)", () => {
  const respond = (act1: Uint8Array, changes: { certificate?: Uint8Array; aead?: Aead } = {}) =>
    new NxResponder({
      entropy,
      aead: nobleAead,
      staticKey: responderStatic,
      certificate,
      ...changes,
    }).respond(act1);

  test("22: act 1 has 64 bytes and act 2 has 234, whatever the specification prints", () => {
    const { act1 } = new NxInitiator({ entropy, aead: nobleAead });
    expect(act1).toHaveLength(64);
    expect(respond(act1).act2).toHaveLength(234);
    expect([ACT1_BYTES, ACT2_BYTES]).toEqual([64, 234]);
  });

  test("24: two connections have different first bytes", () => {
    const first = new NxInitiator({ entropy, aead: nobleAead }).act1;
    const second = new NxInitiator({ entropy, aead: nobleAead }).act1;
    expect(toHex(first)).not.toBe(toHex(second));
  });

  test("both sides of a fresh handshake end with the same keys, crossed", () => {
    const client = new NxInitiator({ entropy, aead: nobleAead });
    const server = respond(client.act1, { aead: nodeAead });
    const keys = client.finish(server.act2, check);
    expect(keys.send).toEqual(server.keys.receive);
    expect(keys.receive).toEqual(server.keys.send);
  });

  test("32: a server key with odd y is accepted", () => {
    for (const byte of [4, 5, 6, 7, 8, 9]) {
      const staticKey = keyPairOf(new Uint8Array(32).fill(byte));
      const odd = issueCertificate({
        authoritySecret,
        staticKey,
        validFrom: 0,
        notValidAfter: 2_000_000_000,
      });
      const client = new NxInitiator({ entropy, aead: nobleAead });
      const responder = new NxResponder({ entropy, aead: nobleAead, staticKey, certificate: odd });
      expect(client.finish(responder.respond(client.act1).act2, check).send).toHaveLength(32);
    }
  });

  test("26: one flipped bit anywhere in act 2 ends it", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(0, 63, 64, 127, 128, 143, 144, 217, 218, 233), fc.nat(233)),
        fc.nat(7),
        (at, bit) => {
          const changed = act2.slice();
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          expect(() => initiator().finish(changed, check)).toThrow(
            expect.objectContaining({ code: "handshake", section: "SV2 §4.5.2" }),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each([0, 64, 170, 233, 235])("25: an act 2 of %d bytes ends it", (length) => {
    const wrong = concatBytes(act2, act2).subarray(0, length);
    expect(() => initiator().finish(wrong, check)).toThrow("act 2 has 234 bytes");
  });

  test("27: a server of another authority is refused", () => {
    const other = fromHex("76637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7455");
    expect(() => initiator().finish(act2, { ...check, authorityKey: other })).toThrow(
      expect.objectContaining({ code: "bad-signature" }),
    );
  });

  test("30: a clock outside of the certificate's period ends it", () => {
    for (const unixSeconds of [1_699_999_989, 1_800_000_011])
      expect(() => initiator().finish(act2, { ...check, unixSeconds })).toThrow(
        expect.objectContaining({ code: "certificate-time" }),
      );
    expect(
      initiator().finish(act2, { ...check, unixSeconds: 1_800_000_060, leewayS: 60 }).send,
    ).toHaveLength(32);
  });

  test("without an authority key, by explicit choice, nothing of the certificate counts", () => {
    const keys = initiator().finish(act2, { authorityKey: undefined, unixSeconds: 0 });
    expect(toHex(keys.send)).toBe(v.c1_i2r);
  });

  test("42: an answer that begins with a length prefix is explained", () => {
    const old = concatBytes(Uint8Array.of(0xe8, 0x00), act2).subarray(0, 234);
    expect(() => initiator().finish(old, check)).toThrow(
      "obsolete Noise protocol of the 2022 draft",
    );
    const text = new TextEncoder()
      .encode("HTTP/1.1 400 Bad Request\r\n".repeat(10))
      .subarray(0, 234);
    expect(() => initiator().finish(text, check)).toThrow("does not speak current Stratum V2");
  });

  test("110: any act 2 gives keys or a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 230, maxLength: 240 }), (bytes) => {
        expect(() => initiator().finish(bytes, check)).toThrow(WireError);
      }),
      { numRuns: 25 },
    );
  });

  test("a responder takes 64 bytes, no more and no fewer", () => {
    for (const length of [0, 63, 65])
      expect(() => respond(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: "handshake" }),
      );
  });

  test("a handshake is good for one connection", () => {
    const client = initiator();
    client.finish(act2, check);
    expect(() => client.finish(act2, check)).toThrow("finished before");
    const server = new NxResponder({
      entropy,
      aead: nobleAead,
      staticKey: responderStatic,
      certificate,
    });
    server.respond(client.act1);
    expect(() => server.respond(client.act1)).toThrow("answered before");
  });

  test("45: neither an inspector nor an error shows a secret", () => {
    const secret = new Uint8Array(32).fill(0xa7);
    const client = new NxInitiator({ entropy, aead: nobleAead, ephemeral: keyPairOf(secret) });
    const server = new NxResponder({
      entropy,
      aead: nobleAead,
      staticKey: keyPairOf(secret),
      certificate,
      ephemeral: keyPairOf(secret),
    });
    const options = { showHidden: true, depth: 9, maxArrayLength: null };
    let shown =
      inspect(client, options) + inspect(server, options) + JSON.stringify([client, server]);
    try {
      client.finish(new Uint8Array(234), check);
    } catch (error) {
      shown += inspect(error, options);
    }
    expect(shown).not.toMatch(/167, 167|a7a7/);
  });
});
