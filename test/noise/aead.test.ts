import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeAead } from "../../firmware/node-aead.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";

const implementations: readonly [string, Aead][] = [
  ["noble", nobleAead],
  ["node:crypto", nodeAead],
];

/** RFC 8439 section 2.8.2. */
const rfc8439 = {
  key: fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
  nonce: fromHex("070000004041424344454647"),
  associatedData: fromHex("50515253c0c1c2c3c4c5c6c7"),
  plain: new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed:
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
};

describe.each(implementations)("ChaCha20-Poly1305 by %s", (_, aead) => {
  test("the example of RFC 8439 seals and opens", () => {
    const key = aead(rfc8439.key);
    const sealed = key.seal(rfc8439.nonce, rfc8439.associatedData, rfc8439.plain);
    expect(toHex(sealed)).toBe(rfc8439.sealed);
    expect(key.open(rfc8439.nonce, rfc8439.associatedData, sealed)).toEqual(rfc8439.plain);
  });

  test("one flipped bit anywhere, and it does not open", () => {
    fc.assert(
      fc.property(fc.nat(8 * rfc8439.sealed.length), (bit) => {
        const sealed = fromHex(rfc8439.sealed);
        const at = (bit >> 3) % sealed.length;
        sealed[at] = (sealed[at] ?? 0) ^ (1 << (bit & 7));
        const { key, nonce, associatedData } = rfc8439;
        expect(aead(key).open(nonce, associatedData, sealed)).toBeUndefined();
      }),
    );
  });

  test("other associated data, and it does not open", () => {
    const { key, nonce, sealed } = rfc8439;
    expect(aead(key).open(nonce, new Uint8Array(0), fromHex(sealed))).toBeUndefined();
  });

  test.each([0, 1, 15])("%d bytes are too few for a tag and do not open", (length) => {
    const { key, nonce, associatedData } = rfc8439;
    expect(aead(key).open(nonce, associatedData, new Uint8Array(length))).toBeUndefined();
  });

  test("results are plain arrays of their own", () => {
    const { key, nonce, associatedData, plain } = rfc8439;
    const sealed = aead(key).seal(nonce, associatedData, plain);
    const opened = aead(key).open(nonce, associatedData, sealed);
    sealed.fill(0);
    expect(opened).toEqual(plain);
    expect(Buffer.isBuffer(sealed) || Buffer.isBuffer(opened)).toBe(false);
  });
});

test("both implementations agree on any key, nonce, data and text", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 300 }),
      (key, nonce, associatedData, plain) => {
        const sealed = nobleAead(key).seal(nonce, associatedData, plain);
        expect(nodeAead(key).seal(nonce, associatedData, plain)).toEqual(sealed);
        expect(nodeAead(key).open(nonce, associatedData, sealed)).toEqual(plain);
        expect(nobleAead(key).open(nonce, associatedData, sealed)).toEqual(plain);
      },
    ),
  );
});
