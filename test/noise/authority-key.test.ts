import { sha256 } from "@noble/hashes/sha2.js";
import { createBase58check } from "@scure/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { formatAuthorityKey, parseAuthorityKey } from "../../src/noise/authority-key.ts";

const base58check = createBase58check(sha256);
const VALID = "9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh";

describe("authority key strings (SV2 §4.7)", () => {
  test.each([
    [VALID, "76637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7455"],
    [
      "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
      "24ee3c3804a1aaa4c03b80ea19f7a5863c916e8994b7db94a3bad7ee092b6ce7",
    ],
    [
      "9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan",
      "4df78c3f49302eef4ec3ef2daf5fa337bb63c59a2f1844664776277e9470118c",
    ],
  ])("43: %s is a key", (text, key) => {
    expect(toHex(parseAuthorityKey(text, "pool.key"))).toBe(key);
    expect(formatAuthorityKey(fromHex(key))).toBe(text);
  });

  test.each([
    ["9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnam", "the checksum does not fit"],
    ["2myPhc5vkPzuC5FXNK5tee79WmP7uoLh55SxezoF8iqwF3E3rnPY", "key version 12"],
    ["2wmHTKZkLg2QzXyEXGMBXzKP7JXDUt8yy9SA5hoQwERc92qR6c", "33 bytes instead of 34"],
    [
      "u95GEReVMjK6k5YqiSFNqqTnKU4ypU2Wm8awa6tmbmDmk1bWt",
      "obsolete Ed25519 key of the 2022 draft; ask the pool",
    ],
    ["2di19GHYQnAZJmEpoUeP7C3Eg9TCcksHr23rZCC83dvUiZgiDL", "obsolete Ed25519 key"],
    [
      base58check.encode(
        fromHex("010076637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7454"),
      ),
      "not a point of the curve",
    ],
    [base58check.encode(fromHex(`0100${"ff".repeat(32)}`)), "not a point of the curve"],
    [VALID.replace("b", "0"), "not in the base58 alphabet"],
    [`${VALID}\n`, "not in the base58 alphabet"],
    ["", "the checksum does not fit"],
    ["9", "the checksum does not fit"],
    ["9".repeat(10_000), "10000 characters are too many"],
  ])("43: %s is refused: %s", (text, problem) => {
    expect(() => parseAuthorityKey(text, "pool.key")).toThrow(ConfigError);
    expect(() => parseAuthorityKey(text, "pool.key")).toThrow(`pool.key: authority key: `);
    expect(() => parseAuthorityKey(text, "pool.key")).toThrow(problem);
  });

  test("one mistyped character is never taken for another key", () => {
    const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    fc.assert(
      fc.property(fc.nat(VALID.length - 1), fc.nat(57), (at, letter) => {
        const mistyped = VALID.slice(0, at) + alphabet[letter] + VALID.slice(at + 1);
        if (mistyped !== VALID)
          expect(() => parseAuthorityKey(mistyped, "key")).toThrow(ConfigError);
      }),
    );
  });

  test("any text is a key or a ConfigError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseAuthorityKey(text, "key")).toThrow(ConfigError);
      }),
    );
  });

  test("45: the text is not repeated, it might be a secret in the wrong place", () => {
    const secret = "mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n";
    try {
      parseAuthorityKey(secret, "key");
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(0, 8));
      expect(JSON.stringify(error)).not.toContain(secret.slice(0, 8));
    }
  });
});
