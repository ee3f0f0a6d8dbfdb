/**
 * Ways in which real pools depart from the specification, or from each other, to be tried on a device. Numbers such as Q4
 * are those of the project's list of disagreements between specification and implementations.
 */
import { parseSwitches, type Switches, type SwitchSpec } from "./switches.ts";

export const quirkTable = {
  // Set-up and certificate.
  "echo-flags": {
    value: "none",
    description: "SetupConnection.Success returns the request's flags (Q4)",
  },
  "accept-any-setup": {
    value: "none",
    description: "SetupConnection.Success answers any protocol, version and flags (Q17)",
  },
  "late-close": {
    value: "none",
    description: "the connection ends a second after SetupConnection.Error (Q17)",
  },
  "echo-flags-in-error": {
    value: "none",
    description: "SetupConnection.Error returns the request's flags, whatever was wrong (Q17)",
  },
  "fixed-version": { value: "none", description: "no change of the version is accepted" },
  "require-extended": {
    value: "none",
    description: "standard channels are refused by flag, as with --channels extended",
  },
  "certificate-version": { value: "count", description: "the certificate has this version (Q14)" },
  "certificate-starts-in": {
    value: "seconds",
    description: "the certificate becomes valid only then (Q14)",
  },
  "certificate-expired-for": {
    value: "seconds",
    description: "the certificate ended that long ago (Q14)",
  },
  "certificate-backdated": {
    value: "none",
    description: "the certificate is valid since an hour ago (Q14)",
  },
  "one-static-key": {
    value: "none",
    description: "all connections see the same static key instead of one each (Q15)",
  },

  // Channels and targets.
  "max-channels": { value: "count", description: "further channels of a connection are refused" },
  "group-zero": { value: "none", description: "the group channel id is 0 (Q11)" },
  "max-target-error": {
    value: "none",
    description: "a max_target harder than the pool's own is refused instead of obeyed (Q19)",
  },
  "answer-updates": {
    value: "none",
    description: "every UpdateChannel is answered by SetTarget, changed or not (Q20)",
  },
  "quiet-updates": {
    value: "none",
    description: "UpdateChannel is answered only where its maximum_target demands it (Q20)",
  },
  "immediate-target": { value: "none", description: "SetTarget applies to running jobs too (Q7)" },
  "reference-vardiff": {
    value: "none",
    description: "vardiff divides a silent device's rate by 1.5 to 3 (Q22)",
  },

  // Jobs.
  "job-bit-clear": {
    value: "none",
    description: "NewMiningJob is sent without the channel bit (Q12)",
  },
  "fixed-version-jobs": {
    value: "none",
    description: "extended jobs forbid version rolling, whatever the device required",
  },

  // Shares.
  "ntime-from-tip": {
    value: "none",
    description: "ntime may be anything from the tip's min_ntime on (Q5)",
  },
  "refuse-shares": { value: "none", description: "every share is refused, good or bad" },
  "any-version": { value: "none", description: "version bits are not checked (Q16)" },
  "batch-submissions": {
    value: "none",
    description: "a batch is full after so many submissions, good or bad (Q8)",
  },
  "zero-sums": { value: "none", description: "new_shares_sum is always 0 (Q9)" },
  "lifetime-counters": {
    value: "none",
    description: "after a found block, Success carries the channel's totals (Q10)",
  },
  "late-errors": {
    value: "seconds",
    description: "SubmitShares.Error comes that late, behind later acknowledgements",
  },
  "old-codes": { value: "none", description: "error codes of earlier years (Q18)" },
  "unknown-codes": { value: "none", description: "error codes that nobody lists (Q18)" },

  // Stratum V1.
  "v1-no-configure": { value: "none", description: "V1: mining.configure is an unknown method" },
  "v1-silent-configure": { value: "none", description: "V1: mining.configure is never answered" },
  "v1-no-version-rolling": {
    value: "none",
    description: "V1: mining.configure is answered, version-rolling with false",
  },
  "v1-no-extranonce-subscribe": {
    value: "none",
    description: "V1: mining.extranonce.subscribe is an unknown method",
  },
  "v1-error-objects": {
    value: "none",
    description: "V1: errors are objects with code and message instead of lists",
  },
  "v1-error-strings": { value: "none", description: "V1: errors are strings" },
  "v1-result-false": {
    value: "none",
    description: "V1: a refused share is answered by false, without an error",
  },
  "v1-no-error-key": { value: "none", description: "V1: good answers have no error key" },
  "v1-late-authorize": {
    value: "none",
    description: "V1: jobs come first, mining.authorize is answered a second later",
  },
  "v1-jobs-at-subscribe": {
    value: "none",
    description: "V1: the first job follows mining.subscribe, authorized or not",
  },
  "v1-difficulty-first": {
    value: "none",
    description: "V1: mining.set_difficulty comes before the answer to mining.subscribe",
  },
  "v1-clean-always": { value: "none", description: "V1: every job says clean_jobs" },
  "v1-clean-never": {
    value: "none",
    description: "V1: no job says clean_jobs, even on a new block",
  },
  "v1-no-resume": {
    value: "none",
    description: "V1: a resumed subscription gets a new extranonce1",
  },
  "v1-whole-difficulty": {
    value: "none",
    description: "V1: difficulties are whole numbers, 1 at least",
  },
  "v1-goal": { value: "none", description: "V1: mining.set_goal, of a draft, precedes every job" },
  "v1-crlf": { value: "none", description: "V1: lines end with CR LF" },
} as const satisfies Readonly<Record<string, SwitchSpec>>;

export type QuirkName = keyof typeof quirkTable;
export type Quirks = Switches<QuirkName>;

/** Throws ConfigError at `path`. */
export function parseQuirks(texts: readonly string[], path = "--quirk"): Quirks {
  return parseSwitches(texts, quirkTable, path);
}
