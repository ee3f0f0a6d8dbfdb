/** Why a server could not be reached: trouble that passes, a certificate out of its time, or one that a person must mend. */
import { WireError } from "../lib/errors.ts";
import type { LinkEnd } from "../upstream/pool-link.ts";

/** Codes of OpenSSL's verification, as Node reports them. */
const OUT_OF_TIME = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const NOT_BELIEVED = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What a rejected dial means for the link. */
export function dialFailure(error: unknown): LinkEnd {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof WireError && error.code === "certificate-time")
    return { kind: "time", reason };
  if (error instanceof WireError && error.code === "bad-certificate")
    // A dialer may leave it to us which of OpenSSL's reasons are about time.
    return { kind: OUT_OF_TIME.has(codeOf(error.cause)) ? "time" : "refused", reason };
  const code = codeOf(error);
  if (OUT_OF_TIME.has(code)) return { kind: "time", reason: `certificate: ${reason}` };
  if (NOT_BELIEVED.has(code)) return { kind: "refused", reason: `certificate: ${reason}` };
  return { kind: "network", reason };
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return typeof code === "string" ? code : "";
}
