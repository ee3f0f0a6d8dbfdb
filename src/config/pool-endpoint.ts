/** The pool of the configuration as an endpoint, with what the operator allows and what nobody should. */
import { printable } from "../lib/bytes.ts";
import { ConfigError } from "../lib/errors.ts";
import type { PoolEndpoint } from "../upstream/endpoint.ts";
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

/** Loopback, link-local and private addresses (RFC 1918, 4193), and names that only a local network resolves. */
export function isPrivateHost(host: string): boolean {
  const name = host.toLowerCase();
  const octets = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(name);
  if (octets !== null) {
    const [first, second] = [Number(octets[1]), Number(octets[2])];
    return (
      first === 10 ||
      first === 127 ||
      (first === 192 && second === 168) ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 169 && second === 254)
    );
  }
  if (name.includes(":")) return name === "::1" || /^(f[cd]|fe[89ab])/.test(name);
  return !name.includes(".") || /\.(local|lan|internal|localhost|home\.arpa)$/.test(name);
}
