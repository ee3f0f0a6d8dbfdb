import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import { CipherState } from "../../src/noise/cipher-state.ts";
import { deriveTwo, SymmetricState } from "../../src/noise/symmetric-state.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };

const v = vectors.intermediates;
const NOTHING = new Uint8Array(0);

describe("symmetric state (SV2 §4.4)", () => {
  test("21: the first hash is the constant of SV2 §4.5.1", () => {
    expect(toHex(new SymmetricState(nobleAead).handshakeHash)).toBe(v.h0);
  });

  test("23: chaining keys and keys are those of the transcript", () => {
    const hex = ([ck, key]: [Uint8Array, Uint8Array]) => [toHex(ck), toHex(key)];
    expect(hex(deriveTwo(fromHex(v.ck0), fromHex(v.ecdh_ee)))).toEqual([
      v.ck_after_ee,
      v.k_after_ee,
    ]);
    expect(hex(deriveTwo(fromHex(v.ck_after_ee), fromHex(v.ecdh_es)))).toEqual([
      v.ck_after_es,
      v.k_after_es,
    ]);
    expect(hex(deriveTwo(fromHex(v.ck_after_es), NOTHING))).toEqual([v.c1_i2r, v.c2_r2i]);
  });

  test("23: the hash passes through every value of the transcript", () => {
    const state = new SymmetricState(nobleAead);
    state.mixHash(fromHex(vectors.act1));
    state.encryptAndHash(NOTHING);
    expect(toHex(state.handshakeHash)).toBe(v.h_after_act1);
    state.mixHash(fromHex(vectors.inputs.responder_ephemeral_ellswift));
    expect(toHex(state.handshakeHash)).toBe(v.h_after_re);
    state.mixKey(fromHex(v.ecdh_ee));
    const act2 = fromHex(vectors.act2);
    expect(toHex(state.decryptAndHash(act2.subarray(64, 144)))).toBe(v.rs_ellswift);
    expect(toHex(state.handshakeHash)).toBe(v.h_after_s);
    state.mixKey(fromHex(v.ecdh_es));
    expect(toHex(state.decryptAndHash(act2.subarray(144)))).toBe(v.signature_noise_message);
    expect(toHex(state.handshakeHash)).toBe(v.h_final);
    expect(state.split().map(toHex)).toEqual([v.c1_i2r, v.c2_r2i]);
  });
});

describe("cipher state", () => {
  const key = new Uint8Array(32).fill(4);

  test("36: nonces are 4 zero bytes and a little-endian counter from 0", () => {
    const nonces: string[] = [];
    const state = new CipherState(key, () => ({
      seal: (nonce, _, plain) => {
        nonces.push(toHex(nonce));
        return plain;
      },
      open: () => undefined,
    }));
    for (let i = 0; i < 258; i++) state.seal(NOTHING, NOTHING);
    expect(nonces[0]).toBe("000000000000000000000000");
    expect(nonces[1]).toBe("000000000100000000000000");
    expect(nonces[257]).toBe("000000000101000000000000");
  });

  test("a block that does not open leaves the counter where it was (SV2 §4.4.1)", () => {
    const sender = new CipherState(key, nobleAead);
    const receiver = new CipherState(key, nobleAead);
    const first = sender.seal(NOTHING, Uint8Array.of(1));
    const second = sender.seal(NOTHING, Uint8Array.of(2));
    expect(() => receiver.open(NOTHING, second)).toThrow(
      expect.objectContaining({ code: "decrypt-failed" }),
    );
    expect(receiver.open(NOTHING, first)).toEqual(Uint8Array.of(1));
    expect(receiver.open(NOTHING, second)).toEqual(Uint8Array.of(2));
  });
});
