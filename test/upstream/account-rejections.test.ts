import { describe, expect, test } from "vitest";
import { explainRejection, isStaleRejection } from "../../src/upstream/account-rejections.ts";

const UNKNOWN = "The pool gives a reason that we do not know; ask its operator.";

/** All that a server is known to send: SV2's former lists, the reference implementation of 2026, Stratum V1's numbers. */
const KNOWN_CODES = [
  ...["unsupported-feature-flags", "unsupported-protocol", "protocol-version-mismatch"],
  ...["missing-declare-tx-data-flag", "unknown-user", "max-target-out-of-range"],
  ...["invalid-user-identity", "invalid-nominal-hashrate", "min-extranonce-size-too-large"],
  ...["unsupported-min-extranonce-size", "standard-channels-not-supported-for-custom-work"],
  ...["extended-channels-not-supported-for-standard-jobs", "channel-capacity-exhausted"],
  ...["invalid-channel-id", "requested-max-target-out-of-range", "stale-share"],
  ...["difficulty-too-low", "too-low-difficulty", "invalid-job-id", "invalid-share"],
  ...["duplicate-share", "bad-extranonce-size", "version-rolling-not-allowed"],
  ...["invalid-non-rollable-version-bit", "invalid-mining-job-token"],
  ...["invalid-job-param-value-min_ntime", "jd-not-supported", "job-not-yet-validated"],
  ...["stale-chain-tip", "invalid-min-ntime", "invalid-nbits", "invalid-version"],
  ...["invalid-coinbase-tx", "invalid-coinbase-tx-version", "invalid-coinbase-prefix"],
  ...["invalid-coinbase-tx-input-n-sequence", "invalid-coinbase-tx-outputs"],
  ...["invalid-coinbase-tx-locktime", "invalid-merkle-path"],
  ...["20", "21", "22", "23", "24", "25"],
];

describe("a refusal in plain words", () => {
  test.each(KNOWN_CODES)("%s has a sentence of its own", (code) => {
    expect(explainRejection(code)).toMatch(/^[A-Z].*\.$|^[A-Z].*\.\)$/);
    expect(explainRejection(code)).not.toBe(UNKNOWN);
    expect(explainRejection(code.toUpperCase())).not.toBe(UNKNOWN);
  });

  test.each([
    ["21: Job not found", "21"],
    ["Job not found (=stale)", "stale-share"],
    ["22: Duplicate share", "duplicate-share"],
    ["[23,'Low difficulty share',null]", "difficulty-too-low"],
    ["low difficulty share of 123.4", "23"],
    ["Above target", "23"],
    ["unauthorized worker", "24"],
    ["25 - Not subscribed", "25"],
    ["Invalid JobID", "invalid-job-id"],
    ["ntime out of range", "time-too-old"],
    ["Invalid nonce2 length", "bad-extranonce-size"],
    ["Invalid version mask", "version-rolling-not-allowed"],
    ["20: stale work", "stale-share"],
  ])("%s means the same as %s", (text, code) => {
    expect(explainRejection(text)).toBe(explainRejection(code));
    expect(explainRejection(text)).not.toBe(UNKNOWN);
  });

  test.each(["", "42", "2100", "__proto__", "toString", "moon phase"])(
    "%j is said to be unknown",
    (code) => {
      expect(explainRejection(code)).toBe(UNKNOWN);
    },
  );
});

describe("a refusal counts as stale", () => {
  test.each(["stale-share", "Stale", "21", "21: Job not found", "[21, null]", "stale-chain-tip"])(
    "for %s",
    (code) => {
      expect(isStaleRejection(code)).toBe(true);
    },
  );

  test.each(["invalid-job-id", "duplicate-share", "22", "121", "210", "21: Duplicate share", "20"])(
    "not for %s",
    (code) => {
      expect(isStaleRejection(code)).toBe(false);
    },
  );
});
