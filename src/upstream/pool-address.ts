/** Where a pool is and which protocol it speaks there, from an address as operators write it. */
import { ConfigError } from "../lib/errors.ts";
import type { TlsTerms } from "../ports/byte-stream.ts";
import type { PoolEndpoint } from "./endpoint.ts";
import { type PoolUrlOptions, parsePoolUrl, splitPoolUrl } from "./pool-url.ts";

export interface V1Endpoint {
  readonly host: string;
  readonly port: number;
  /** Absent: plain TCP, which anybody on the way can read and change. */
  readonly tls?: TlsTerms;
}

export type PoolAddress =
  | { readonly protocol: "sv2"; readonly endpoint: PoolEndpoint }
  | { readonly protocol: "sv1"; readonly endpoint: V1Endpoint };

/** Scheme → whether it is encrypted. */
const V1_SCHEMES: Readonly<Record<string, boolean>> = {
  "stratum+tcp": false,
  "stratum+ssl": true,
  "stratum+tls": true,
};

export interface PoolAddressOptions extends PoolUrlOptions {
  /** SHA-256 of the one TLS certificate to believe, 64 hex digits. */
  readonly tlsPin?: string;
}

/** Throws ConfigError with everything that is wrong. */
export function parsePoolAddress(text: string, options: PoolAddressOptions = {}): PoolAddress {
  const path = options.path ?? "pool URL";
  const [scheme] = text.trim().split("://");
  const isEncrypted = V1_SCHEMES[(scheme ?? "").toLowerCase()];
  if (isEncrypted === undefined) {
    if (options.tlsPin !== undefined) throw pinMisplaced(path);
    return { protocol: "sv2", endpoint: parsePoolUrl(text, options) };
  }
  const { host, port, rest } = splitPoolUrl(text, path, `${scheme}://host:port`);
  if (rest !== "")
    throw new ConfigError([
      {
        path,
        problem: "something follows the port; Stratum V1 has no authority key",
        allowed: `${scheme}://host:port`,
      },
    ]);
  if (!isEncrypted) {
    if (options.tlsPin !== undefined) throw pinMisplaced(path);
    return { protocol: "sv1", endpoint: { host, port } };
  }
  const tls = options.tlsPin === undefined ? {} : { pinnedSha256: options.tlsPin };
  return { protocol: "sv1", endpoint: { host, port, tls } };
}

/** Whether nobody on the way can read or change what is said. */
export function isEncrypted(address: PoolAddress): boolean {
  return address.protocol === "sv2" ? address.endpoint.secure : address.endpoint.tls !== undefined;
}

function pinMisplaced(path: string): ConfigError {
  return new ConfigError([
    {
      path,
      problem: "a TLS certificate is pinned, but the URL asks for no TLS",
      allowed: "stratum+ssl://host:port",
    },
  ]);
}
