/** Pool addresses in the few forms that clients accept: one unknown scheme ends pyasic's whole reading. */

/** Ours → pyasic's (network/…/PoolUrl: stratum+tcp, stratum2+tcp, stratum+ssl). */
const SCHEMES: Readonly<Record<string, string>> = {
  "stratum2+tcp+insecure": "stratum2+tcp",
  "stratum+tls": "stratum+ssl",
};

/** What clients are shown. */
export function shownPoolUrl(url: string): string {
  const [scheme = "", rest] = url.split("://");
  if (rest === undefined) return url;
  return `${SCHEMES[scheme.toLowerCase()] ?? scheme.toLowerCase()}://${rest}`;
}

/** What a client means: without a scheme, as cgminer takes it, it is Stratum V1. */
export function wantedPoolUrl(url: string): string {
  const trimmed = url.trim();
  return trimmed.includes("://") ? trimmed : `stratum+tcp://${trimmed}`;
}

/** Host, port and authority key. */
export function poolUrlParts(url: string): {
  readonly host: string;
  readonly port: number;
  readonly key: string;
} {
  const [, host = "", port = "0", key = ""] =
    /^(?:[^:/]+:\/\/)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?(?:\/([^/]*))?/.exec(url) ?? [];
  return { host, port: Number(port), key };
}
