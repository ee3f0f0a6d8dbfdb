/** Ways in which real pools depart from the specification, or from each other, to be tried on a device. */
import { parseSwitches, type Switches, type SwitchSpec } from "./switches.ts";

export const quirkTable = {
  "echo-flags": {
    value: "none",
    description: "SetupConnection.Success returns the request's flags",
  },
  "immediate-target": { value: "none", description: "SetTarget applies to running jobs too" },
  "lifetime-counters": {
    value: "none",
    description: "after a found block, Success carries the channel's totals",
  },
  "group-zero": { value: "none", description: "the group channel id is 0" },
  "job-bit-clear": {
    value: "none",
    description: "NewMiningJob is sent without the channel bit",
  },
  "max-channels": { value: "count", description: "further channels of a connection are refused" },
  "fixed-version": { value: "none", description: "no change of the version is accepted" },
  "require-extended": { value: "none", description: "standard channels are refused by flag" },
} as const satisfies Readonly<Record<string, SwitchSpec>>;

export type QuirkName = keyof typeof quirkTable;
export type Quirks = Switches<QuirkName>;

/** Throws ConfigError at `path`. */
export function parseQuirks(texts: readonly string[], path = "--quirk"): Quirks {
  return parseSwitches(texts, quirkTable, path);
}
