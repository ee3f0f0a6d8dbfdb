/** The pool's rules for shares, with the leniencies and quirks that are on at the moment. */
import type { PoolHost } from "./host.ts";
import { type ShareRules, versionMasks } from "./share-validator.ts";

export function shareRules(host: PoolHost, versionMask?: number): ShareRules {
  const { options } = host;
  return {
    versionMask: versionMask ?? versionMasks[options.versionMask],
    fixedVersion: host.has("fixed-version"),
    ntimeFromTipOnly: host.has("ntime-from-tip"),
    unwanted: host.has("refuse-shares"),
    anyVersion: host.has("any-version"),
    leniencies: options.leniencies,
  };
}
