/** What the quirks make of the certificate that a connection is shown. */
import type { CertificateScript } from "./frame-link.ts";
import type { Quirks } from "./quirks.ts";

const HOUR_S = 3_600;

export function certificateUnder(quirks: Quirks): CertificateScript {
  const version = quirks.get("certificate-version");
  const startsInS = quirks.get("certificate-starts-in");
  const expiredForS = quirks.get("certificate-expired-for");
  return {
    ...(version === undefined ? {} : { version }),
    ...(quirks.has("certificate-backdated") ? { validFromS: -HOUR_S } : {}),
    ...(startsInS === undefined
      ? {}
      : { validFromS: startsInS, notValidAfterS: startsInS + HOUR_S }),
    ...(expiredForS === undefined
      ? {}
      : { validFromS: -expiredForS - HOUR_S, notValidAfterS: -expiredForS }),
  };
}
