/** What the pool may be told to forgive. Strict without them; each forgiven share is counted under the name. */
import { parseSwitches, type Switches, type SwitchSpec } from "./switches.ts";

export const leniencyTable = {
  "ntime-ahead": {
    value: "seconds",
    description: "shares may be stamped this much later than the job's clock allows",
  },
  "empty-vendor": { value: "none", description: "SetupConnection may name no vendor" },
  "any-version-bits": {
    value: "none",
    description: "shares may change version bits outside the mask",
  },
  "any-sequence": { value: "none", description: "sequence numbers need not increase" },
} as const satisfies Readonly<Record<string, SwitchSpec>>;

export type LeniencyName = keyof typeof leniencyTable;
export type Leniencies = Switches<LeniencyName>;

/** Throws ConfigError at `path`. */
export function parseLeniencies(texts: readonly string[], path = "--leniency"): Leniencies {
  return parseSwitches(texts, leniencyTable, path);
}
