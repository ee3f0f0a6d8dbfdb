/** The server's certificate, SIGNATURE_NOISE_MESSAGE: an authority's signature on the server's static key (SV2 §4.5.2, §4.5.3). */
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../lib/bytes.ts";
import { WireError, type WireErrorCode } from "../lib/errors.ts";
import { spanText, utcText } from "../lib/utc-time.ts";
import { ByteReader, ByteWriter } from "../sv2/byte-io.ts";
import { formatAuthorityKey } from "./authority-key.ts";
import { type KeyPair, xOnlyKey } from "./ellswift.ts";

export const CERTIFICATE_BYTES = 74;
/** The specification names none; the reference implementation allows 10 s on each side. */
export const DEFAULT_LEEWAY_S = 10;

const SIGNED_BYTES = 10;
const SIGNATURE_BYTES = 64;
const KNOWN_VERSION = 0;

export interface Certificate {
  readonly version: number;
  /** Unix seconds. */
  readonly validFrom: number;
  /** Unix seconds; still valid in this second. */
  readonly notValidAfter: number;
  /** BIP340, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Throws WireError "truncated" for fewer than 74 bytes. */
export function readCertificate(bytes: Uint8Array): Certificate {
  const from = new ByteReader(bytes);
  return {
    version: from.u16(),
    validFrom: from.u32(),
    notValidAfter: from.u32(),
    signature: from.bytes(SIGNATURE_BYTES),
  };
}

/** The 74 bytes by which an authority vouches for a server's static key. Signs without randomness, as BIP340 allows. */
export function issueCertificate(o: {
  readonly authoritySecret: Uint8Array;
  readonly staticKey: Pick<KeyPair, "ellswift">;
  readonly validFrom: number;
  readonly notValidAfter: number;
  /** Others than 0 exist for tests only. */
  readonly version?: number;
}): Uint8Array {
  const signed = new ByteWriter();
  signed.u16(o.version ?? KNOWN_VERSION);
  signed.u32(o.validFrom);
  signed.u32(o.notValidAfter);
  const digest = certificateDigest(signed.finish(), o.staticKey.ellswift);
  signed.bytes(schnorr.sign(digest, o.authoritySecret, new Uint8Array(32)));
  return signed.finish();
}

export type CertificateVerdict =
  | "good"
  | "unknown-version"
  | "wrong-authority"
  | "no-period"
  | "not-yet-valid"
  | "expired";

export interface CertificateCheck {
  /** The server's static key as it came in the handshake, 64 bytes. */
  readonly serverKey: Uint8Array;
  /** x-only, 32 bytes. */
  readonly authorityKey: Uint8Array;
  readonly unixSeconds: number;
  /** Allowed on each side of the validity period; `DEFAULT_LEEWAY_S` when absent. */
  readonly leewayS?: number | undefined;
}

/** Whether a certificate of 74 bytes is good, or what is wrong with it. */
export function judgeCertificate(bytes: Uint8Array, check: CertificateCheck): CertificateVerdict {
  const { version, validFrom, notValidAfter, signature } = readCertificate(bytes);
  if (version !== KNOWN_VERSION) return "unknown-version";
  const digest = certificateDigest(bytes.subarray(0, SIGNED_BYTES), check.serverKey);
  if (!schnorr.verify(signature, digest, check.authorityKey)) return "wrong-authority";
  // Time comes last: who is not the pool is told so, whatever the clock says.
  if (validFrom > notValidAfter) return "no-period";
  const leewayS = check.leewayS ?? DEFAULT_LEEWAY_S;
  if (check.unixSeconds < validFrom - leewayS) return "not-yet-valid";
  if (check.unixSeconds > notValidAfter + leewayS) return "expired";
  return "good";
}

/**
 * Throws WireError "bad-signature" (another authority), "certificate-time" (right in everything but its period, by our
 * clock), or "bad-certificate" (an unknown version, or a period that no clock can meet).
 */
export function verifyCertificate(bytes: Uint8Array, check: CertificateCheck): void {
  const verdict = judgeCertificate(bytes, check);
  if (verdict === "good") return;
  throw new WireError(
    CODES[verdict],
    `the server's certificate ${explain(verdict, readCertificate(bytes), check)}`,
    { section: "SV2 §4.5.3" },
  );
}

type Refusal = Exclude<CertificateVerdict, "good">;

const CODES: Readonly<Record<Refusal, WireErrorCode>> = {
  "unknown-version": "bad-certificate",
  "wrong-authority": "bad-signature",
  "no-period": "bad-certificate",
  "not-yet-valid": "certificate-time",
  expired: "certificate-time",
};

function explain(
  verdict: Refusal,
  { version, validFrom, notValidAfter }: Certificate,
  { unixSeconds, authorityKey }: CertificateCheck,
): string {
  const period = `from ${utcText(validFrom)} to ${utcText(notValidAfter)}`;
  const clock = `this device's clock says ${utcText(unixSeconds)}`;
  switch (verdict) {
    case "unknown-version":
      return `has version ${version}; only ${KNOWN_VERSION} is known`;
    case "wrong-authority":
      return `is not signed by the authority key ${formatAuthorityKey(authorityKey)}: another server answers, or the pool has a new key`;
    case "no-period":
      return `is valid ${period}: it ends before it begins`;
    case "not-yet-valid":
      return `is valid ${period}, but ${clock}, ${spanText(validFrom - unixSeconds)} too early; is this clock slow?`;
    case "expired":
      return `is valid ${period}, but ${clock}, ${spanText(unixSeconds - notValidAfter)} too late; if the pool is well, is this clock fast?`;
  }
}

/** What is signed: version, period, and the x-only server key; the authority's own key is not in it. */
function certificateDigest(signedFields: Uint8Array, serverKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(signedFields, xOnlyKey(serverKey)));
}
