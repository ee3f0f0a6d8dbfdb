/**
 * What pools mean when they refuse. The specification lists no codes any more and allows any (SV2 §3.5), and of Stratum
 * V1's six numbers the text beside them says more: explanations are for people, and nothing but a count depends on them.
 */

/** One sentence in plain words: what the pool says, and what to look at when it happens often. */
export function explainRejection(code: string): string {
  const known = sentences.get(code.toLowerCase());
  if (known !== undefined) return known;
  const match = PATTERNS.find(([pattern]) => pattern.test(code));
  if (match !== undefined) return match[1];
  const number = V1_NUMBER.exec(code)?.[1] ?? "";
  return V1_SENTENCES[number] ?? "The pool gives a reason that we do not know; ask its operator.";
}

/** Whether the share came too late: its block was over when it arrived. */
export function isStaleRejection(code: string): boolean {
  return STALE.test(code) || (V1_NUMBER.exec(code)?.[1] === "21" && !OTHER_THAN_STALE.test(code));
}

const STALE = /stale/i;
/** Stratum V1 in the forms "21", "21: Job not found", "[21, …". */
const V1_NUMBER = /^\W*(2[0-5])\b/;
/** What servers send with number 21 although it is not stale. */
const OTHER_THAN_STALE = /dup|low|difficulty|version|time|nonce/i;

const LATE =
  "Too late: a newer block or job had replaced the work. A few per thousand are normal; many mean a slow network or slow job changes.";
const UNKNOWN_JOB =
  "The pool does not know the job (any more): mostly one that it had already replaced, as with a late share.";
const TWICE =
  "The pool has this share already: a share was sent twice, or two devices search the same headers.";
const TOO_EASY =
  "The hash does not meet the pool's target: pool and device disagree on the difficulty of this job.";
const WHO = "The pool does not know this user, or the user may not mine here: check the user name.";
const CHANNEL = "The pool does not know this channel (any more); it must be opened again.";
const BAD_VERSION = "Version bits were changed that the pool does not let us change.";
const BAD_TIME = "The share's time is outside what the pool allows for this job.";
const BAD_EXTRANONCE = "The extranonce is not of the length that the pool gave us.";
const INVALID =
  "The share does not hash as it should: pool and device build different headers, or the hardware errs.";
const NOT_AS_EASY = "The pool does not give shares as easy as we asked for.";
const NOT_AS_LONG = "The pool gives no extranonce as long as we asked for.";
const FEATURES = "The pool demands a feature that we do not have, or refuses one that we need.";
const NOT_SUBSCRIBED =
  "The pool has forgotten that we subscribed; the connection must start again.";
const CUSTOM = "The pool refuses the job that we declared.";

/** Codes of SV2: its former lists, and the reference implementation of 2026. */
const SENTENCES: Readonly<Record<string, string>> = {
  // SubmitShares.Error
  "stale-share": LATE,
  "invalid-job-id": UNKNOWN_JOB,
  "duplicate-share": TWICE,
  "difficulty-too-low": TOO_EASY,
  "too-low-difficulty": TOO_EASY,
  "invalid-share": INVALID,
  "invalid-channel-id": CHANNEL,
  "bad-extranonce-size": BAD_EXTRANONCE,
  "version-rolling-not-allowed": BAD_VERSION,
  "invalid-non-rollable-version-bit": BAD_VERSION,
  // OpenMiningChannel.Error, UpdateChannel.Error
  "unknown-user": WHO,
  "invalid-user-identity": WHO,
  "invalid-nominal-hashrate": "The pool does not accept the hashrate that we told it.",
  "max-target-out-of-range": NOT_AS_EASY,
  "requested-max-target-out-of-range": NOT_AS_EASY,
  "min-extranonce-size-too-large": NOT_AS_LONG,
  "unsupported-min-extranonce-size": NOT_AS_LONG,
  "standard-channels-not-supported-for-custom-work":
    "The pool has no standard channels for connections that declare their own work.",
  "extended-channels-not-supported-for-standard-jobs":
    "The pool has no extended channels for connections that ask for standard jobs.",
  // SetupConnection.Error
  "unsupported-feature-flags": FEATURES,
  "missing-declare-tx-data-flag": FEATURES,
  "unsupported-protocol":
    "What listens there is no mining pool of this protocol: check host and port.",
  "protocol-version-mismatch": "The pool speaks another version of the protocol.",
  // SetCustomMiningJob.Error
  "stale-chain-tip": LATE,
  "jd-not-supported": "The pool does not let miners choose their own transactions.",
  "job-not-yet-validated": "The pool has not checked the declared job yet.",
  "invalid-mining-job-token": CUSTOM,
};

const sentences = new Map(Object.entries(SENTENCES));

/** Texts that Stratum V1 servers really send, in the order in which they are tried; and families of SV2 codes. */
const PATTERNS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/stale/i, LATE],
  [/duplicate/i, TWICE],
  [/job.{0,8}not.{0,4}found|(unknown|invalid|\bno)[ _-]?(job|work)/i, UNKNOWN_JOB],
  [/low.{0,4}difficulty|difficulty.{0,8}low|above.{0,4}target|high-hash/i, TOO_EASY],
  [/channel.?capacity/i, "The pool has no room for another channel."],
  [/^invalid-(job-param-value|min-ntime|nbits|version|coinbase|merkle-path)/i, CUSTOM],
  [/not.{0,4}authori[sz]ed|unauthori[sz]ed|worker.{0,4}mismatch/i, WHO],
  [/not.{0,4}subscribed/i, NOT_SUBSCRIBED],
  [/extra.?nonce|nonce2/i, BAD_EXTRANONCE],
  [/n?time.{0,12}(range|old|new|invalid)|invalid.{0,4}n?time/i, BAD_TIME],
  [/version/i, BAD_VERSION],
];

const V1_SENTENCES: Readonly<Record<string, string>> = {
  "20": "The pool names no reason (Stratum V1 error 20).",
  "21": UNKNOWN_JOB,
  "22": TWICE,
  "23": TOO_EASY,
  "24": WHO,
  "25": NOT_SUBSCRIBED,
};
