import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import {
  issueCertificate,
  judgeCertificate,
  readCertificate,
  verifyCertificate,
} from "../../src/noise/certificate.ts";
import { keyPairOf, xOnlyKey } from "../../src/noise/ellswift.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };
import { authorityKey, authoritySecret, responderStatic } from "./support.ts";

const validFrom = 1_700_000_000;
const notValidAfter = 1_800_000_000;
const check = { serverKey: responderStatic.ellswift, authorityKey, unixSeconds: 1_750_000_000 };
const issue = (changes: Partial<Parameters<typeof issueCertificate>[0]> = {}) =>
  issueCertificate({
    authoritySecret,
    staticKey: responderStatic,
    validFrom,
    notValidAfter,
    ...changes,
  });

describe("certificate (SV2 §4.5.2, §4.5.3)", () => {
  test("that of the transcript is good", () => {
    const bytes = fromHex(vectors.intermediates.signature_noise_message);
    expect(readCertificate(bytes)).toMatchObject({ version: 0, validFrom, notValidAfter });
    expect(judgeCertificate(bytes, check)).toBe("good");
  });

  test("an issued one has 74 bytes, the fields of the transcript, and is good", () => {
    const bytes = issue();
    expect(bytes).toHaveLength(74);
    expect(toHex(bytes.subarray(0, 10))).toBe(
      vectors.intermediates.signature_noise_message.slice(0, 20),
    );
    expect(judgeCertificate(bytes, check)).toBe("good");
  });

  test.each([
    [validFrom - 11, "not-yet-valid"],
    [validFrom - 10, "good"],
    [validFrom, "good"],
    [notValidAfter, "good"],
    [notValidAfter + 10, "good"],
    [notValidAfter + 11, "expired"],
  ])("30: at second %d it is %s", (unixSeconds, verdict) => {
    expect(judgeCertificate(issue(), { ...check, unixSeconds })).toBe(verdict);
  });

  test("30: the leeway is a choice", () => {
    const late = { ...check, unixSeconds: notValidAfter + 5 };
    expect(judgeCertificate(issue(), { ...late, leewayS: 0 })).toBe("expired");
    expect(judgeCertificate(issue(), { ...late, leewayS: 5 })).toBe("good");
  });

  test("27: another authority's signature is refused", () => {
    const stranger = new Uint8Array(32).fill(9);
    expect(judgeCertificate(issue({ authoritySecret: stranger }), check)).toBe("wrong-authority");
  });

  test("a certificate for another server key is refused", () => {
    const staticKey = keyPairOf(new Uint8Array(32).fill(8));
    expect(judgeCertificate(issue({ staticKey }), check)).toBe("wrong-authority");
  });

  test("a changed field is refused", () => {
    const bytes = issue();
    bytes[6] = (bytes[6] ?? 0) ^ 1;
    expect(judgeCertificate(bytes, check)).toBe("wrong-authority");
  });

  const signedBy = (message: Uint8Array) =>
    concatBytes(issue().subarray(0, 10), schnorr.sign(message, authoritySecret));
  const fields = issue().subarray(0, 10);
  const serverX = xOnlyKey(responderStatic.ellswift);

  test.each([
    ["28: over the 64-byte encoding", sha256(concatBytes(fields, responderStatic.ellswift))],
    ["29: with the authority key in it", sha256(concatBytes(fields, serverX, authorityKey))],
    ["29: over the unhashed fields", concatBytes(fields, serverX)],
  ])("a signature %s is refused", (_, message) => {
    expect(judgeCertificate(signedBy(message), check)).toBe("wrong-authority");
  });

  test("a signature made elsewhere over the right digest is good", () => {
    const digest = sha256(concatBytes(fields, serverX));
    expect(toHex(digest)).toBe(vectors.intermediates.cert_digest_m);
    expect(judgeCertificate(signedBy(digest), check)).toBe("good");
  });

  test.each([validFrom - 1_000, notValidAfter + 1_000])(
    "what is signed by a stranger is never blamed on the time (clock at %d)",
    (unixSeconds) => {
      const bytes = issue({ authoritySecret: new Uint8Array(32).fill(9) });
      expect(judgeCertificate(bytes, { ...check, unixSeconds })).toBe("wrong-authority");
      expect(() => verifyCertificate(bytes, { ...check, unixSeconds })).toThrow(
        expect.objectContaining({ code: "bad-signature" }),
      );
    },
  );

  test("31: version 1 is refused, well signed or not", () => {
    expect(judgeCertificate(issue({ version: 1 }), check)).toBe("unknown-version");
  });

  test.each([
    [issue({ version: 1 }), {}, "bad-certificate", "has version 1; only 0 is known"],
    [
      issue(),
      { unixSeconds: validFrom - 60 },
      "certificate-time",
      "is valid from 2023-11-14T22:13:20Z to 2027-01-15T08:00:00Z, but this device's clock says 2023-11-14T22:12:20Z, 1 min too early; is this clock slow?",
    ],
    [
      issue(),
      { unixSeconds: notValidAfter + 86_400 },
      "certificate-time",
      "is valid from 2023-11-14T22:13:20Z to 2027-01-15T08:00:00Z, but this device's clock says 2027-01-16T08:00:00Z, 1 day too late; if the pool is well, is this clock fast?",
    ],
    [
      issue({ validFrom: notValidAfter, notValidAfter: validFrom }),
      {},
      "bad-certificate",
      "is valid from 2027-01-15T08:00:00Z to 2023-11-14T22:13:20Z: it ends before it begins",
    ],
    [
      issue({ authoritySecret: new Uint8Array(32).fill(9) }),
      {},
      "bad-signature",
      "not signed by the authority key 9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72",
    ],
  ])("each refusal says what to do (%#)", (bytes, changes, code, message) => {
    expect(() => verifyCertificate(bytes, { ...check, ...changes })).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(message),
        section: "SV2 §4.5.3",
      }),
    );
  });
});
