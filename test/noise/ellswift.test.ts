import { inspect } from "node:util";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { generateKeyPair, keyPairOf, sharedSecret, xOnlyKey } from "../../src/noise/ellswift.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };
import {
  initiatorEphemeral,
  repeatableEntropy,
  responderEphemeral,
  responderStatic,
} from "./support.ts";

const { intermediates } = vectors;

describe("ElligatorSwift keys", () => {
  test("encodings of the transcript stand for the public keys of their secrets", () => {
    for (const pair of [initiatorEphemeral, responderEphemeral, responderStatic])
      expect(xOnlyKey(pair.ellswift)).toEqual(schnorr.getPublicKey(pair.secret));
    expect(toHex(xOnlyKey(responderStatic.ellswift))).toBe(intermediates.rs_xonly);
  });

  test("both sides derive the shared secrets of the transcript", () => {
    for (const secret of [
      sharedSecret(initiatorEphemeral, responderEphemeral.ellswift, "initiator"),
      sharedSecret(responderEphemeral, initiatorEphemeral.ellswift, "responder"),
    ])
      expect(toHex(secret)).toBe(intermediates.ecdh_ee);
    for (const secret of [
      sharedSecret(initiatorEphemeral, responderStatic.ellswift, "initiator"),
      sharedSecret(responderStatic, initiatorEphemeral.ellswift, "responder"),
    ])
      expect(toHex(secret)).toBe(intermediates.ecdh_es);
  });

  test("the secret comes from the entropy given, the encoding differs each time", () => {
    const one = generateKeyPair(repeatableEntropy(7));
    const two = generateKeyPair(repeatableEntropy(7));
    expect(one.secret).toEqual(two.secret);
    expect(one.ellswift).not.toEqual(two.ellswift);
    expect(xOnlyKey(one.ellswift)).toEqual(xOnlyKey(two.ellswift));
  });

  test("32 random bytes that are no valid secret are drawn again", () => {
    const n = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    const good = fromHex("05".repeat(32));
    const draws = [new Uint8Array(32), n, fromHex("ff".repeat(32)), good];
    const pair = generateKeyPair({ randomBytes: () => draws.shift() ?? good });
    expect(pair.secret).toEqual(good);
  });

  test("32: a key whose point has an odd y works like any other", () => {
    const odd = [1, 2, 3, 4, 5, 6, 7, 8]
      .map((byte) => new Uint8Array(32).fill(byte))
      .filter((secret) => secp256k1.getPublicKey(secret, true)[0] === 3);
    expect(odd.length).toBeGreaterThan(0);
    for (const secret of odd) {
      const pair = keyPairOf(secret);
      expect(sharedSecret(pair, initiatorEphemeral.ellswift, "responder")).toEqual(
        sharedSecret(initiatorEphemeral, pair.ellswift, "initiator"),
      );
    }
  });

  test("any 64 bytes are a key", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ minLength: 64, maxLength: 64 }),
          fc.constantFrom(0, 1, 0xff).map((byte) => new Uint8Array(64).fill(byte)),
        ),
        (bytes) => {
          expect(sharedSecret(initiatorEphemeral, bytes, "initiator")).toHaveLength(32);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("45: a generated key shows its secret neither to JSON nor to an inspector", () => {
    const pair = keyPairOf(new Uint8Array(32).fill(0xa7));
    const shown = inspect(pair, { showHidden: true, depth: 9 }) + JSON.stringify(pair);
    // Three in a row: one such byte alone may well be part of the public encoding, which is random and shown.
    expect(shown).not.toMatch(/167, 167, 167|(:167,"\d+"){3}|a7a7a7/);
  });
});
