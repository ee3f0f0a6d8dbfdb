import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseLeniencies } from "../../../simulator/pool/leniencies.ts";
import {
  type ActiveJob,
  type JobWork,
  judgeShare,
  type Share,
  type ShareContext,
  type ShareRules,
  versionMasks,
  wireCodes,
} from "../../../simulator/pool/share-validator.ts";
import { encodeHeader, hashHeader } from "../../../src/bitcoin/header.ts";
import { targetFromBigInt, targetToBigInt } from "../../../src/bitcoin/target.ts";

const MIN_NTIME = 1_750_000_000;
const VERSION = 0x20000000;
const hash32 = (fill: number) => new Uint8Array(32).fill(fill);

const merkleRoot = hash32(2);
const coinbase = { prefix: hash32(3), suffix: hash32(4), extranonceBytes: 8 };
const work: JobWork = {
  template: {
    coinbase,
    merklePath: [hash32(5)],
    block: {
      height: 1,
      prevHash: hash32(1),
      nbits: 0x17020000,
      version: VERSION,
      valueSats: 0n,
      merklePath: [hash32(5)],
    },
  },
  extranoncePrefix: new Uint8Array(8),
  extranonceSize: 0,
  merkleRoot,
  versionRollingAllowed: true,
};
const job: ActiveJob = {
  tip: { height: 1, prevHash: hash32(1), nbits: 0x17020000, networkTarget: hash32(0) },
  version: VERSION,
  work,
  minNtime: MIN_NTIME,
  tipMinNtime: MIN_NTIME,
  sentMs: 10_000,
  target: hash32(0xff),
};
const share: Share = {
  sequenceNumber: 5,
  jobId: 7,
  nonce: 42,
  ntime: MIN_NTIME,
  version: VERSION,
};
const strict: ShareRules = {
  versionMask: versionMasks.bip320,
  fixedVersion: false,
  ntimeFromTipOnly: false,
  unwanted: false,
  anyVersion: false,
  leniencies: new Map(),
};

function judge(
  changes: Partial<Share> = {},
  context: Partial<ShareContext> = {},
  rules: Partial<ShareRules> = {},
) {
  return judgeShare(
    { ...share, ...changes },
    { job, lastSequenceNumber: 4, nowMs: 10_000, isKnown: () => false, ...context },
    { ...strict, ...rules },
  );
}
const reasonOf = (verdict: ReturnType<typeof judge>) =>
  verdict.verdict === "rejected" ? verdict.reason : verdict.verdict;

/** The share's hash as a number. */
const hashOf = (changes: Partial<Share> = {}) => {
  const { nonce, ntime, version } = { ...share, ...changes };
  const { tip } = job;
  return targetToBigInt(
    hashHeader(
      encodeHeader({
        version,
        prevHash: tip.prevHash,
        merkleRoot,
        ntime,
        nbits: tip.nbits,
        nonce,
      }),
    ),
  );
};

describe("a strict pool's verdict on a share", () => {
  test.each([
    ["an honest share", {}, {}, "accepted"],
    ["a job that was never sent", {}, { job: "unknown-job" }, "unknown-job"],
    ["a future job before its previous hash", {}, { job: "future-job" }, "future-job"],
    ["a job of an earlier tip", {}, { job: "old-tip" }, "old-tip"],
    [
      "the first share of a channel, whatever its number",
      {},
      { lastSequenceNumber: undefined },
      "accepted",
    ],
    ["the same sequence number again", { sequenceNumber: 4 }, {}, "sequence"],
    ["a smaller sequence number", { sequenceNumber: 3 }, {}, "sequence"],
    ["a gap in the sequence numbers", { sequenceNumber: 400 }, {}, "accepted"],
    ["ntime one second before min_ntime", { ntime: MIN_NTIME - 1 }, {}, "ntime-behind"],
    ["ntime one second ahead at once", { ntime: MIN_NTIME + 1 }, {}, "ntime-ahead"],
    [
      "ntime one second ahead after 999 ms",
      { ntime: MIN_NTIME + 1 },
      { nowMs: 10_999 },
      "ntime-ahead",
    ],
    [
      "ntime one second ahead after 1000 ms",
      { ntime: MIN_NTIME + 1 },
      { nowMs: 11_000 },
      "accepted",
    ],
    [
      "ntime two seconds ahead after 1999 ms",
      { ntime: MIN_NTIME + 2 },
      { nowMs: 11_999 },
      "ntime-ahead",
    ],
    ["min_ntime an hour later", {}, { nowMs: 3_610_000 }, "accepted"],
    ["all version bits of the mask", { version: VERSION | 0x1fffe000 }, {}, "accepted"],
    ["the bit below the mask", { version: VERSION | 0x1000 }, {}, "version-bits"],
    ["the lowest bit", { version: VERSION | 1 }, {}, "version-bits"],
    ["the top bit", { version: (VERSION | 0x80000000) >>> 0 }, {}, "version-bits"],
    ["a share known already", {}, { isKnown: () => true }, "duplicate"],
  ] as const)("%s: %j %j → %s", (_, changes, context, expected) => {
    expect(reasonOf(judge(changes, context))).toBe(expected);
  });

  test("the mask of BIP323 allows bits 5 to 12 as well, and no more", () => {
    const rules = { versionMask: versionMasks.bip323 };
    expect(reasonOf(judge({ version: VERSION | 0x1fffffe0 }, {}, rules))).toBe("accepted");
    expect(reasonOf(judge({ version: VERSION | 0x10 }, {}, rules))).toBe("version-bits");
  });

  test("rollable bits that the job itself sets may be cleared", () => {
    const rolled = { ...job, version: VERSION | 0x00ff0000 };
    expect(reasonOf(judge({ version: VERSION }, { job: rolled }))).toBe("accepted");
  });

  test("a fixed version is fixed", () => {
    const rules = { fixedVersion: true };
    expect(reasonOf(judge({ version: VERSION | 0x2000 }, {}, rules))).toBe("fixed-version");
    expect(reasonOf(judge({}, {}, rules))).toBe("accepted");
  });

  test("a hash equal to the target passes, one above it does not (SV2 §5.3.21)", () => {
    const hash = hashOf();
    const withTarget = (value: bigint) => ({ job: { ...job, target: targetFromBigInt(value) } });
    expect(reasonOf(judge({}, withTarget(hash)))).toBe("accepted");
    expect(reasonOf(judge({}, withTarget(hash - 1n)))).toBe("above-target");
  });

  test("a hash that meets the network target is a block, even above the job's target", () => {
    const tip = { ...job.tip, networkTarget: targetFromBigInt(hashOf()) };
    expect(judge({}, { job: { ...job, tip, target: hash32(0) } })).toMatchObject({
      verdict: "accepted",
      isBlock: true,
    });
    expect(judge()).toMatchObject({ verdict: "accepted", isBlock: false });
  });

  test("what differs in nonce, ntime, version or job is no duplicate", () => {
    const keys = new Set(
      [
        {},
        { nonce: 43 },
        { version: VERSION | 0x2000 },
        { jobId: 8 },
        { ntime: MIN_NTIME + 1 },
      ].map((changes) => {
        const verdict = judge(changes, { nowMs: 20_000 });
        return verdict.verdict === "accepted" ? verdict.key : "";
      }),
    );
    expect(keys.size).toBe(5);
  });

  test("every reason has a code for the wire", () => {
    for (const code of Object.values(wireCodes)) expect(code).toMatch(/^[a-z-]+$/);
    expect(wireCodes["old-tip"]).toBe("stale-share");
    expect(wireCodes["above-target"]).toBe("difficulty-too-low");
  });

  test("an honest clock is never refused: any delay on the way there and back (property)", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 499, 999, 1_000, 5_000),
        fc.constantFrom(0, 1, 999, 1_000, 1_001, 60_000, 86_400_000),
        fc.constantFrom(0, 1, 999, 30_000),
        (downMs, workMs, upMs) => {
          const ntime = MIN_NTIME + Math.floor(workMs / 1_000);
          const nowMs = job.sentMs + downMs + workMs + upMs;
          expect(reasonOf(judge({ ntime }, { nowMs }))).toBe("accepted");
        },
      ),
    );
  });
});

describe("named leniencies", () => {
  const forgiving = (...names: string[]) => ({ leniencies: parseLeniencies(names) });

  test("ntime-ahead forgives up to its seconds and says so", () => {
    const rules = forgiving("ntime-ahead=120s");
    expect(judge({ ntime: MIN_NTIME + 120 }, {}, rules)).toMatchObject({
      verdict: "accepted",
      forgiven: ["ntime-ahead"],
    });
    expect(reasonOf(judge({ ntime: MIN_NTIME + 121 }, {}, rules))).toBe("ntime-ahead");
    expect(reasonOf(judge({ ntime: MIN_NTIME - 1 }, {}, rules))).toBe("ntime-behind");
  });

  test("what was fine without them is not counted", () => {
    const rules = forgiving("ntime-ahead=120s", "any-version-bits", "any-sequence");
    expect(judge({}, {}, rules)).toMatchObject({ verdict: "accepted", forgiven: [] });
  });

  test("several can be needed for one share", () => {
    const rules = forgiving("any-version-bits", "any-sequence");
    expect(judge({ version: 1, sequenceNumber: 1 }, {}, rules)).toMatchObject({
      verdict: "accepted",
      forgiven: ["any-sequence", "any-version-bits"],
    });
  });

  test("unknown names and bad values are refused with what is allowed", () => {
    expect(() => parseLeniencies(["ntime-ahed=5s"])).toThrow(/did you mean ntime-ahead/);
    expect(() => parseLeniencies(["ntime-ahead"])).toThrow(/ntime-ahead=120s/);
    expect(() => parseLeniencies(["empty-vendor=1"])).toThrow(/empty-vendor/);
    expect(parseLeniencies(["ntime-ahead=90"]).get("ntime-ahead")).toBe(90);
  });
});
