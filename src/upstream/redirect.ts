/** Where a server may send us (SV2 §3.6.5): it must prove the same authority there, and still it is not followed anywhere. */
import { printable } from "../lib/bytes.ts";
import { isPrivateHost, type PoolEndpoint } from "./endpoint.ts";
import { RateBound } from "./rate-bound.ts";

/** More than a pool with many servers needs; each costs seconds of work, and counts as nobody's failure. */
const MAX_REDIRECTS_PER_HOUR = 10;
const HOUR_MS = 3_600_000;

export const TOO_MANY_REDIRECTS = `redirected more than ${MAX_REDIRECTS_PER_HOUR} times within an hour`;

/** Of those followed, however well the pool does in between. */
export function newRedirectBound(): RateBound {
  return new RateBound(MAX_REDIRECTS_PER_HOUR, HOUR_MS);
}

export interface RedirectPolicy {
  /** Hosts that the operator allows besides those related to the configured one. */
  readonly allowed: readonly string[];
}

export type RedirectVerdict =
  | { readonly follow: true; readonly host: string; readonly port: number }
  | { readonly follow: false; readonly reason: string };

/**
 * Followed are: the configured host itself, a name with the same last two labels, a private address where the
 * configured one is private, and what the operator allows; in plaintext, private addresses only. `current` is where we
 * are now, whose host or port stays where the message leaves one out.
 */
export function judgeRedirect(
  configured: PoolEndpoint,
  current: { readonly host: string; readonly port: number },
  asked: { readonly newHost: string; readonly newPort: number },
  policy: RedirectPolicy,
): RedirectVerdict {
  const host = asked.newHost === "" ? current.host : asked.newHost;
  const port = asked.newPort === 0 ? current.port : asked.newPort;
  const where = printable(host, 80);
  if (!configured.secure && !isPrivateHost(host))
    return {
      follow: false,
      reason: `redirect refused: in plaintext to ${where}, which is not private`,
    };
  if (isRelated(configured.host, host) || policy.allowed.some((name) => sameHost(name, host)))
    return { follow: true, host, port };
  return {
    follow: false,
    reason: `redirect refused: ${where} has nothing to do with ${configured.host}; the operator may allow it`,
  };
}

function isRelated(configured: string, host: string): boolean {
  if (sameHost(configured, host)) return true;
  if (isPrivateHost(configured) && isPrivateHost(host)) return true;
  const domain = domainOf(configured);
  return domain !== undefined && domain === domainOf(host);
}

function sameHost(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** The last two labels of a name: no list of public suffixes is kept here. `undefined` for addresses and bare names. */
function domainOf(host: string): string | undefined {
  const labels = plain(host).split(".");
  const last = labels.at(-1) ?? "";
  if (host.includes(":") || labels.length < 2 || /^\d*$/.test(last)) return undefined;
  return labels.slice(-2).join(".");
}

function plain(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}
