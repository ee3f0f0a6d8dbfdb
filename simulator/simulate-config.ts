/** The configuration of a simulated machine: what the command line says, in the form that a real machine has in its file. */
import { parsePath, withoutValueAt, withValueAt } from "../src/config/paths.ts";
import { CONFIG_VERSION } from "../src/config/schema.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** Nothing that anybody beyond this computer could see or find, unless it is asked for. */
const QUIET = { compat: { cgminer: { enabled: false } }, mdns: { enabled: false } } as const;

/** Sparse, and not checked yet. Throws ConfigError for a path that cannot be read. */
export function simulatedConfig(
  {
    pools,
    fans,
    frequencyMHz,
    page,
    settings,
  }: Pick<SimulateOptions, "pools" | "fans" | "frequencyMHz" | "page" | "settings">,
  poolUrls: readonly string[],
): unknown {
  const { user, versionMask, channel, standby } = pools;
  const config = {
    version: CONFIG_VERSION,
    name: "simulated",
    standby,
    pools: poolUrls.map((url) => ({
      url,
      user,
      versionMask,
      channel,
      // A pool for real machines would wait for years for a share of a simulated one.
      suggestDifficulty: "auto",
    })),
    machine: { fans, ...(frequencyMHz === undefined ? {} : { frequencyMHz }) },
    api: page === undefined ? { enabled: false } : { listen: [page] },
    ...QUIET,
  };
  return settings.reduce<unknown>(
    (so, { path, value }) =>
      value === null
        ? withoutValueAt(so, parsePath(path))
        : withValueAt(so, parsePath(path), value),
    config,
  );
}
