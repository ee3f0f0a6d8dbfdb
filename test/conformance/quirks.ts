/** Where specification and real implementations disagree, and how a device is held to live with each. */

export interface Quirk {
  readonly number: number;
  readonly text: string;
  /** Switches of the simulated pool that show it. */
  readonly switches: readonly string[];
  /** Cases whose tests cover it on the device's side. */
  readonly cases: readonly number[];
  /** Why there is no switch, where there is none. */
  readonly note?: string;
}

export const quirks: readonly Quirk[] = [
  {
    number: 1,
    text: "act 2 is printed as 170 bytes, and has 234",
    switches: [],
    cases: [23, 25],
    note: "no server sends 170; one that did would fail like any short act 2",
  },
  {
    number: 2,
    text: "channel_msg is called the least significant bit, and is the most significant",
    switches: [],
    cases: [8, 11, 12],
    note: "a matter of our own codec; no server has it the other way",
  },
  {
    number: 3,
    text: "F32 is missing from the table of types",
    switches: [],
    cases: [7],
    note: "a matter of our own codec; the simulated pool refuses what is no rate",
  },
  {
    number: 4,
    text: "Success.flags are the request's flags, echoed",
    switches: ["echo-flags"],
    cases: [50, 51, 111],
  },
  {
    number: 5,
    text: "ntime is not checked against the time elapsed",
    switches: ["ntime-from-tip"],
    cases: [79, 80, 111],
  },
  {
    number: 6,
    text: "a hash equal to the target counts, in one client it does not",
    switches: [],
    cases: [84],
    note: "servers agree on ≤; the other reading exists in a client only",
  },
  {
    number: 7,
    text: "SetTarget bites at once instead of per job",
    switches: ["immediate-target"],
    cases: [86, 87, 88, 111],
  },
  {
    number: 8,
    text: "batches of acknowledgements count successes, or submissions",
    switches: ["batch-submissions"],
    cases: [93, 94, 111],
  },
  {
    number: 9,
    text: "new_shares_sum is truncated, and may be 0",
    switches: ["zero-sums"],
    cases: [96, 111],
  },
  {
    number: 10,
    text: "after a found block Success carries totals of the channel's life",
    switches: ["lifetime-counters"],
    cases: [95, 111],
  },
  {
    number: 11,
    text: "the group id of a header-only connection is 0, or 1, or unused",
    switches: ["group-zero"],
    cases: [72, 111],
  },
  {
    number: 12,
    text: "NewMiningJob comes without its channel bit",
    switches: ["job-bit-clear"],
    cases: [9, 111],
  },
  {
    number: 13,
    text: "the example of a TLV is big-endian, the rules are little-endian",
    switches: [],
    cases: [107],
    note: "the device sends TLVs and reads none; the test looks at the bytes",
  },
  {
    number: 14,
    text: "version and leeway of certificates are undefined",
    switches: [
      "certificate-version",
      "certificate-starts-in",
      "certificate-expired-for",
      "certificate-backdated",
    ],
    cases: [30, 31, 111],
  },
  {
    number: 15,
    text: "the static key is new for each connection, or one for all",
    switches: ["one-static-key"],
    cases: [32, 111],
  },
  {
    number: 16,
    text: "version bits outside of the mask are not checked",
    switches: ["any-version"],
    cases: [82, 111],
  },
  {
    number: 17,
    text: "negotiation errors are missing, late, or carry the request's flags",
    switches: ["accept-any-setup", "late-close", "echo-flags-in-error"],
    cases: [49, 54, 111],
  },
  {
    number: 18,
    text: "error codes differ from year to year",
    switches: ["old-codes", "unknown-codes"],
    cases: [54, 58, 97, 111],
  },
  {
    number: 19,
    text: "a max_target out of range is refused, or clamped",
    switches: ["max-target-error"],
    cases: [58, 111],
  },
  {
    number: 20,
    text: "UpdateChannel is always answered by SetTarget, or never",
    switches: ["answer-updates", "quiet-updates"],
    cases: [89, 111],
  },
  {
    number: 21,
    text: "SetNewPrevHash with an unknown job: one client keeps hashing the old tip",
    switches: [],
    cases: [70],
    note: "a client's mistake; the server's is a case of its own",
  },
  {
    number: 22,
    text: "vardiff acts on a silent device, by SetTarget without a job",
    switches: ["reference-vardiff"],
    cases: [86, 88, 111],
  },
  {
    number: 23,
    text: "the range of secret keys is off by one",
    switches: [],
    cases: [32],
    note: "cannot be seen from outside; test/noise/ellswift.test.ts draws 0 and n",
  },
  {
    number: 24,
    text: "a template provider writes strings of 253 bytes and more with another length",
    switches: [],
    cases: [5],
    note: "concerns template distribution, which a device does not speak",
  },
  {
    number: 25,
    text: "the rule for ntime names a field that the message does not have",
    switches: [],
    cases: [63, 79, 80],
    note: "nothing on the wire differs",
  },
  {
    number: 26,
    text: "pools tested with one firmware only may be sloppy with what it ignores",
    switches: ["fixed-version"],
    cases: [30, 37, 50, 100, 104, 106],
  },
];
