/** The pool of the configuration as an endpoint, with what the operator allows and what nobody should. */
import { printable } from "../lib/bytes.ts";
import { ConfigError } from "../lib/errors.ts";
import { isPrivateHost, type PoolEndpoint } from "../upstream/endpoint.ts";
import { parsePoolUrl } from "../upstream/pool-url.ts";
import type { PoolConfig } from "./schema.ts";

/** Throws ConfigError with every problem, named `path`. */
export function poolEndpoint(
  { url, allowUnauthenticated }: Pick<PoolConfig, "url" | "allowUnauthenticated">,
  path: string,
): PoolEndpoint {
  const endpoint = parsePoolUrl(url, { path, allowUnauthenticated });
  if (!endpoint.secure && !isPrivateHost(endpoint.host))
    throw new ConfigError([
      {
        path,
        problem: `"${printable(endpoint.host, 80)}" is not on a private network, and without encryption anyone on the way could take the shares`,
        allowed: "an encrypted pool, or a proxy with a private address",
      },
    ]);
  return endpoint;
}
