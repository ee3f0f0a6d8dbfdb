/** Stratum V1's error codes, and which of them the judge's reasons come to. */
import type { QuirkName } from "../quirks.ts";
import type { RejectReason } from "../share-validator.ts";

export type V1Error = readonly [code: number, message: string];

export const v1Errors = {
  other: [20, "Other/Unknown"],
  jobNotFound: [21, "Job not found"],
  duplicate: [22, "Duplicate share"],
  lowDifficulty: [23, "Low difficulty share"],
  unauthorized: [24, "Unauthorized worker"],
  notSubscribed: [25, "Not subscribed"],
} as const satisfies Readonly<Record<string, V1Error>>;

/** What is none of the five has 20, and words that say which. */
export const v1ErrorOf: Readonly<Record<RejectReason, V1Error>> = {
  "unknown-channel": v1Errors.notSubscribed,
  "not-subscribed": v1Errors.notSubscribed,
  unauthorized: v1Errors.unauthorized,
  malformed: [20, "Malformed parameters"],
  sequence: v1Errors.other,
  "unknown-job": v1Errors.jobNotFound,
  "future-job": v1Errors.jobNotFound,
  "old-tip": v1Errors.jobNotFound,
  unwanted: v1Errors.other,
  "extranonce-size": [20, "Wrong extranonce2 size"],
  "fixed-version": [20, "Version rolling not allowed"],
  "version-bits": [20, "Version bits outside the mask"],
  "ntime-behind": [20, "Ntime too old"],
  "ntime-ahead": [20, "Ntime too new"],
  duplicate: v1Errors.duplicate,
  "above-target": v1Errors.lowDifficulty,
};

export function unknownMethod(method: string): V1Error {
  return [20, `Unknown method ${method}`];
}

/** The value of the error key: a list of three by the protocol, other things by quirk. */
export function errorValue([code, message]: V1Error, has: (quirk: QuirkName) => boolean): unknown {
  if (has("v1-error-objects")) return { code, message, data: null };
  return has("v1-error-strings") ? message : [code, message, null];
}
