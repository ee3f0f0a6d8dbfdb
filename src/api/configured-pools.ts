/** The operator's pools as the status shows them. */
import { listedPools } from "../config/pool-groups.ts";
import type { Config } from "../config/schema.ts";
import type { ConfiguredPool } from "./status-source.ts";

/** Throws ConfigError for a configuration that was never checked. */
export function configuredPools(
  config: Pick<Config, "pool" | "pools" | "groups" | "standby">,
): readonly ConfiguredPool[] {
  return listedPools(config).flatMap(({ name: group, pools }) =>
    pools.map(({ enabled, options: { name, url, user, address } }) => ({
      name,
      group,
      url,
      user,
      protocol: address.protocol,
      authorityKey: address.protocol === "sv2" ? keyOf(url) : null,
      enabled,
    })),
  );
}

/** The last part of stratum2+tcp://HOST:PORT/KEY. */
function keyOf(url: string): string | null {
  return /^[^:]+:\/\/[^/]+\/(\w+)/.exec(url)?.[1] ?? null;
}
