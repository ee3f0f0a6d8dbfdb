/** A pool of the configuration as an address, with what the operator allows and what nobody should. */
import { printable } from "../lib/bytes.ts";
import { ConfigError } from "../lib/errors.ts";
import { isPrivateHost } from "../upstream/endpoint.ts";
import { type PoolAddress, parsePoolAddress } from "../upstream/pool-address.ts";
import type { PoolConfig } from "./schema.ts";

/** Throws ConfigError with every problem, named `path`. */
export function poolAddress(
  {
    url,
    allowUnauthenticated,
    tlsCertificateSha256: tlsPin,
  }: Pick<PoolConfig, "url" | "allowUnauthenticated" | "tlsCertificateSha256">,
  path: string,
): PoolAddress {
  const pin = tlsPin === undefined ? {} : { tlsPin };
  const address = parsePoolAddress(url, { path, allowUnauthenticated, ...pin });
  if (address.protocol === "sv1") return address;
  const { secure, host } = address.endpoint;
  if (!secure && !isPrivateHost(host))
    throw new ConfigError([
      {
        path,
        problem: `"${printable(host, 80)}" is not on a private network, and without encryption anyone on the way could take the shares`,
        allowed: "an encrypted pool, or a proxy with a private address",
      },
    ]);
  return address;
}
