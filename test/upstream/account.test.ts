import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { TallySnapshot } from "../../src/telemetry/account-snapshot.ts";
import { PoolAccount } from "../../src/upstream/account.ts";
import { readAccountRecord } from "../../src/upstream/account-record.ts";
import type { SentShare } from "../../src/upstream/pool-link.ts";
import { blockHash, hashesOf, IDENTITY, NBITS, share, UNIX_NOW } from "./account-support.ts";

let account: PoolAccount;
beforeEach(() => {
  account = new PoolAccount(IDENTITY);
});
const sentShare = (chainIndex = 0, difficulty = 1_024, sentMs = 0): SentShare => ({
  chainIndex,
  hashes: hashesOf(difficulty),
  sentMs,
});
const total = () => account.snapshot(0).total;

describe("a pool's account", () => {
  test("is named by pool and user, without a secret", () => {
    expect(account.snapshot(0).pool).toBe("sv2://account.worker@pool.example:3336");
    const v6 = new PoolAccount({ ...IDENTITY, protocol: "sv1", host: "::1" });
    expect(v6.key).toBe("sv1://account.worker@[::1]:3336");
  });

  test("starts with nothing", () => {
    expect(total()).toMatchObject({ submitted: 0, bestShare: null, lastShareUnixSeconds: null });
    expect(account.snapshot(0)).toMatchObject({
      sinceUnixSeconds: null,
      chains: [],
      roundTripMs: null,
      lastAnswerAgoS: null,
    });
  });

  test("follows a share from sending to its answer, for the pool and for the chain that found it", () => {
    account.sent(share({ chainIndex: 2 }));
    account.sent(share({ chainIndex: 0, unixSeconds: UNIX_NOW + 5 }));
    expect(total()).toMatchObject({
      submitted: 2,
      unacknowledged: 2,
      lastShareUnixSeconds: UNIX_NOW + 5,
    });
    account.accepted(sentShare(2, 1_024, 100), 350);
    account.rejected(sentShare(0, 1_024, 100), "stale-share", 200);
    const { chains, roundTripMs, lastAnswerAgoS, sinceUnixSeconds } = account.snapshot(1_200);
    expect(total()).toMatchObject({ accepted: 1, rejected: 1, staleByPool: 1, unacknowledged: 0 });
    expect(chains).toMatchObject([
      { chainIndex: 0, submitted: 1, accepted: 0, rejected: 1 },
      { chainIndex: 2, submitted: 1, accepted: 1, rejected: 0 },
    ]);
    expect(roundTripMs).toMatchObject({ count: 2, max: 250 });
    expect(lastAnswerAgoS).toBe(1);
    expect(sinceUnixSeconds).toBe(UNIX_NOW);
  });

  test("sums work exactly, each share at the difficulty of its own job", () => {
    for (const difficulty of [1_024, 0.0005, 1e9]) account.sent(share({ difficulty }));
    account.accepted(sentShare(0, 1e9), 1);
    account.rejected(sentShare(0, 0.0005), "21: Job not found", 1);
    const { work } = total();
    expect(work.submitted.hashes).toBe(`${hashesOf(1_024) + hashesOf(0.0005) + hashesOf(1e9)}`);
    expect(work.accepted.hashes).toBe(`${hashesOf(1e9)}`);
    expect(work.rejected.hashes).toBe(`${hashesOf(0.0005)}`);
    expect(work.stale).toEqual(work.rejected);
    expect(work.submitted.difficulty).toMatch(/^1000016283\.\d{20,32}$/);
  });

  test("counts refusals by reason, the most frequent first, each in plain words", () => {
    for (const code of ["duplicate-share", "difficulty-too-low", "difficulty-too-low"]) {
      account.sent(share({}));
      account.rejected(sentShare(), code, 1);
    }
    expect(total().rejections).toMatchObject(
      [
        { code: "difficulty-too-low", count: 2, explanation: /does not meet the pool's target/ },
        { code: "duplicate-share", count: 1, explanation: /has this share already/ },
      ].map((one) => ({ ...one, explanation: expect.stringMatching(one.explanation) })),
    );
    expect(total().staleByPool).toBe(0);
  });

  test("a pool that makes up reasons does not fill the memory", () => {
    for (let i = 0; i < 1_000; i++) {
      account.sent(share({}));
      account.rejected(sentShare(), `reason ${i}`.padEnd(1_000, "x"), 1);
    }
    const { rejections, rejected } = total();
    expect(rejections).toHaveLength(32);
    expect(rejections[0]).toMatchObject({ code: "(other reasons)", count: 1_000 - 31 });
    expect(rejections.reduce((sum, { count }) => sum + count, 0)).toBe(rejected);
    expect(JSON.stringify(account.toRecord(0)).length).toBeLessThan(10_000);
  });

  test("a reason cannot be anything but text", () => {
    for (const code of ["__proto__", "constructor", "\u001b[31mred"]) {
      account.sent(share({}));
      account.rejected(sentShare(), code, 1);
    }
    expect(total().rejections.map(({ code }) => code)).toEqual([
      "__proto__",
      "constructor",
      "\ufffd[31mred",
    ]);
    const again = PoolAccount.fromRecord(JSON.parse(JSON.stringify(account.toRecord(0))), IDENTITY);
    expect(again.snapshot(0).total.rejections).toEqual(total().rejections);
  });

  test("shares found stale here are told apart from those that the pool calls stale", () => {
    account.foundStale(1, share({}).target);
    expect(total()).toMatchObject({ submitted: 0, staleByUs: 1, staleByPool: 0 });
    expect(total().work.stale.hashes).toBe(`${hashesOf(1_024)}`);
    expect(account.snapshot(0).chains).toMatchObject([{ chainIndex: 1, staleByUs: 1 }]);
  });

  test("keeps the best share and when it was, whatever comes after it", () => {
    const times = [3e6, 5e9, 2e4].map((hashDifficulty, at) =>
      account.sent(share({ hashDifficulty, unixSeconds: UNIX_NOW + at })),
    );
    expect(times).toEqual([false, false, false]);
    expect(total().bestShare?.difficulty).toBeCloseTo(5e9, 0);
    expect(total().bestShare?.unixSeconds).toBe(UNIX_NOW + 1);
  });

  test("does not keep the borrowed hash", () => {
    const one = share({ hashDifficulty: 7e7 });
    account.sent(one);
    one.hash.fill(0xff);
    expect(total().bestShare?.difficulty).toBeCloseTo(7e7, 0);
  });

  test("a hash at the network's target is a block, one above is not", () => {
    const hash = blockHash(NBITS);
    expect(account.sent({ ...share({}), hash })).toBe(true);
    const above = hash.slice();
    above[0] = 1;
    expect(account.sent({ ...share({}), hash: above })).toBe(false);
    expect(account.sent({ ...share({ nbits: 0x207f_ffff }), hash: above })).toBe(true);
    expect(account.sent({ ...share({}), hash: above })).toBe(false);
    expect(total().blocksFound).toBe(2);
  });

  test.each([0x0180_0001, 0xff12_3456, 0])(
    "nbits that stand for no target (%d) make no block",
    (nbits) => {
      expect(account.sent(share({ nbits }))).toBe(false);
    },
  );

  test("answers that never come are lost: for the pool at once, for its chains when nothing waits any more", () => {
    for (const chainIndex of [0, 0, 1]) account.sent(share({ chainIndex }));
    account.lost(1);
    expect(total()).toMatchObject({ lost: 1, unacknowledged: 2 });
    account.accepted(sentShare(0), 1);
    account.accepted(sentShare(1), 1);
    expect(total()).toMatchObject({ accepted: 2, lost: 1, unacknowledged: 0 });
    expect(account.snapshot(0).chains).toMatchObject([
      { accepted: 1, lost: 1, unacknowledged: 0 },
      { accepted: 1, lost: 0, unacknowledged: 0 },
    ]);
  });

  test("more cannot be lost than was sent", () => {
    account.sent(share({}));
    account.lost(1_000_000);
    expect(total()).toMatchObject({ submitted: 1, lost: 1, unacknowledged: 0 });
  });

  test("an answer to what was never counted makes no number negative", () => {
    account.accepted(sentShare(3), 1);
    expect(total()).toMatchObject({ submitted: 1, accepted: 1, unacknowledged: 0 });
  });

  test("chains with absurd indexes are counted with their pool only", () => {
    for (const chainIndex of [-1, 0.5, Number.NaN, 64, 4e9]) account.sent(share({ chainIndex }));
    expect(total().submitted).toBe(5);
    expect(account.snapshot(0).chains).toEqual([]);
  });

  test("counts connections, and how they ended", () => {
    account.connected();
    account.ended("silence");
    account.ended("time");
    account.ended("time");
    expect(account.snapshot(0)).toMatchObject({
      connects: 1,
      ends: { network: 0, silence: 1, protocol: 0, time: 2, refused: 0, asked: 0 },
    });
  });

  test("counts the seconds in which it was used, stood by and was down", () => {
    account.becomes("down", 1_000);
    account.becomes("standby", 4_000);
    account.becomes("active", 4_500);
    account.becomes("off", 10_000);
    expect(account.snapshot(60_000)).toMatchObject({ downS: 3, standbyS: 0.5, activeS: 5.5 });
    account.becomes("active", 60_000);
    expect(account.snapshot(61_000).activeS).toBe(6.5);
    expect(account.snapshot(61_000).activeS).toBe(6.5);
    expect(account.toRecord(62_000).activeMs).toBe(7_500);
  });

  test("estimates what was lost while nobody took work", () => {
    account.wentUnused(2_500, 120e12);
    account.wentUnused(500, 120e12);
    expect(account.snapshot(0).unused).toMatchObject({
      seconds: 3,
      work: { hashes: "360000000000000" },
    });
    for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      account.wentUnused(wrong, 1);
      account.wentUnused(1_000, wrong);
    }
    expect(account.snapshot(0).unused.seconds).toBe(3);
  });

  test("verified work stays exact beyond what a double can count", () => {
    for (let i = 0; i < 1_000; i++) account.hashed(2 ** 50 + 4);
    account.hashed(1);
    expect(account.snapshot(0).hashed.hashes).toBe(`${1_000n * (2n ** 50n + 4n) + 1n}`);
  });

  test("only what was counted changes its revision, not time", () => {
    account.becomes("active", 0);
    account.snapshot(1_000);
    account.toRecord(2_000);
    expect(account.revision).toBe(0);
    account.sent(share({}));
    expect(account.revision).toBe(1);
  });
});

describe("over a restart", () => {
  test("everything goes on where it was; what had no answer yet is lost", () => {
    account.sent(share({ chainIndex: 0, hashDifficulty: 9e8 }));
    account.sent(share({ chainIndex: 1 }));
    account.sent({ ...share({ chainIndex: 1 }), hash: blockHash(NBITS) });
    account.rejected(sentShare(1), "stale-share", 10);
    account.connected();
    account.ended("protocol");
    account.becomes("active", 0);
    account.hashed(12_345);
    account.wentUnused(1_000, 5);
    const text = JSON.stringify(account.toRecord(5_000));
    const before = account.snapshot(5_000);

    const next = PoolAccount.fromRecord(JSON.parse(text), IDENTITY).snapshot(0);
    const settled = <T extends TallySnapshot>(tally: T) => ({
      ...tally,
      lost: tally.lost + tally.unacknowledged,
      unacknowledged: 0,
    });
    expect(next).toEqual({
      ...before,
      total: settled(before.total),
      chains: before.chains.map(settled),
      roundTripMs: null,
      lastAnswerAgoS: null,
    });
    expect(next.total).toMatchObject({ submitted: 3, lost: 2, blocksFound: 1 });
  });

  test("the record of another pool, or of another user there, counts for nothing", () => {
    account.sent(share({}));
    for (const other of [{ user: "other" }, { port: 1 }, { host: "x" }, { protocol: "sv1" }]) {
      const next = PoolAccount.fromRecord(account.toRecord(0), { ...IDENTITY, ...other });
      expect(next.snapshot(0).total.submitted).toBe(0);
    }
  });

  test("what earlier runs counted may become known after counting began", () => {
    account.sent(share({ hashDifficulty: 4e9, unixSeconds: UNIX_NOW - 1_000 }));
    const verdict = readAccountRecord(account.toRecord(0));
    if ("problem" in verdict) throw new Error(verdict.problem);
    const later = new PoolAccount(IDENTITY);
    later.sent(share({ hashDifficulty: 2e9 }));
    later.resume(verdict.record);
    later.accepted(sentShare(), 1);
    expect(later.snapshot(0)).toMatchObject({
      sinceUnixSeconds: UNIX_NOW - 1_000,
      total: {
        submitted: 2,
        accepted: 1,
        lost: 1,
        unacknowledged: 0,
        bestShare: { unixSeconds: UNIX_NOW - 1_000 },
        lastShareUnixSeconds: UNIX_NOW,
      },
    });
  });

  test("a wall clock that shows nonsense does not spoil the record", () => {
    for (const unixSeconds of [-5, 1e300, Number.NaN, 0.5]) account.sent(share({ unixSeconds }));
    expect(readAccountRecord(account.toRecord(0))).toHaveProperty("record");
  });

  test("a hash too good to be true, or work beyond all bounds, does not spoil the record", () => {
    account.sent({ ...share({}), hash: new Uint8Array(32), target: new Uint8Array(32) });
    expect(readAccountRecord(account.toRecord(0))).toHaveProperty("record");
  });
});

type Step =
  | { readonly do: "send"; readonly chainIndex: number; readonly difficulty: number }
  | { readonly do: "answer"; readonly which: number; readonly code: string | null }
  | { readonly do: "lose"; readonly count: number }
  | { readonly do: "stray answer"; readonly chainIndex: number; readonly code: string | null }
  | { readonly do: "stale"; readonly chainIndex: number }
  | { readonly do: "restart" };

const chainIndex = fc.constantFrom(0, 0, 1, 2, 63);
const code = fc.option(
  fc.oneof(
    fc.constantFrom("stale-share", "21", "duplicate-share", "(other reasons)"),
    fc.nat({ max: 60 }).map((at) => `made up ${at}`),
  ),
);
const difficulty = fc.constantFrom(1e-6, 1, 1_024, 65_536.5, 1e12);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("send"), chainIndex, difficulty }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("answer"), which: fc.nat(), code }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("lose"), count: fc.integer({ min: 0, max: 20 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stray answer"), chainIndex, code }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stale"), chainIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart") }) },
) as fc.Arbitrary<Step>;

/** An account driven as a link drives it, beside sums kept in the simplest way. */
class Run {
  account = new PoolAccount(IDENTITY);
  waiting: SentShare[] = [];
  expected = { accepted: 0, rejected: 0, staleByUs: 0, acceptedHashes: 0n, rejectedHashes: 0n };
  sent = 0;
  strays = 0;
  #nowMs = 0;

  take(one: Step): void {
    this.#nowMs += 7;
    switch (one.do) {
      case "send":
        this.account.sent(share(one));
        this.waiting.push(sentShare(one.chainIndex, one.difficulty, this.#nowMs));
        this.sent++;
        return;
      case "answer": {
        const [answered] = this.waiting.splice(one.which % Math.max(1, this.waiting.length), 1);
        if (answered !== undefined) this.#answer(answered, one.code);
        return;
      }
      case "lose":
        this.account.lost(one.count);
        // The oldest, as a ledger forgets them.
        this.waiting.splice(0, one.count);
        return;
      case "stray answer":
        this.strays++;
        this.#answer(sentShare(one.chainIndex, 1, this.#nowMs), one.code);
        return;
      case "stale":
        this.account.foundStale(one.chainIndex, share({}).target);
        this.expected.staleByUs++;
        return;
      case "restart":
        this.account = PoolAccount.fromRecord(
          JSON.parse(JSON.stringify(this.account.toRecord(this.#nowMs))),
          IDENTITY,
        );
        this.waiting = [];
    }
  }

  #answer(answered: SentShare, refusal: string | null): void {
    if (refusal === null) {
      this.account.accepted(answered, this.#nowMs);
      this.expected.accepted++;
      this.expected.acceptedHashes += answered.hashes;
    } else {
      this.account.rejected(answered, refusal, this.#nowMs);
      this.expected.rejected++;
      this.expected.rejectedHashes += answered.hashes;
    }
  }
}

function checkTally(tally: TallySnapshot): void {
  const { submitted, accepted, rejected, lost, unacknowledged } = tally;
  for (const count of [submitted, accepted, rejected, lost, unacknowledged, tally.staleByPool])
    expect(count).toBeGreaterThanOrEqual(0);
  expect(accepted + rejected + lost + unacknowledged).toBe(submitted);
  expect(tally.rejections.reduce((sum, { count }) => sum + count, 0)).toBe(rejected);
  expect(tally.rejections.length).toBeLessThanOrEqual(32);
  expect(tally.staleByPool).toBeLessThanOrEqual(rejected);
}

test("in any order of what happens to shares, with restarts between, no sum is wrong and none goes back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const run = new Run();
      let before = run.account.snapshot(0).total;
      for (const one of steps) {
        run.take(one);
        const { total: now, chains } = run.account.snapshot(0);
        checkTally(now);
        for (const chain of chains) checkTally(chain);
        const { acceptedHashes, rejectedHashes, ...counts } = run.expected;
        expect(now).toMatchObject(counts);
        expect(now.work.accepted.hashes).toBe(`${acceptedHashes}`);
        expect(now.work.rejected.hashes).toBe(`${rejectedHashes}`);
        expect(now.submitted).toBeGreaterThanOrEqual(run.sent);
        expect(now.submitted).toBeLessThanOrEqual(run.sent + run.strays);
        expect(now.unacknowledged).toBeLessThanOrEqual(run.waiting.length + run.strays);
        const sumOf = (of: (tally: TallySnapshot) => bigint) =>
          chains.reduce((sum, chain) => sum + of(chain), 0n);
        for (const name of [
          "submitted",
          "accepted",
          "rejected",
          "staleByUs",
          "staleByPool",
        ] as const)
          expect(sumOf((tally) => BigInt(tally[name]))).toBe(BigInt(now[name]));
        for (const name of ["submitted", "accepted", "rejected", "stale"] as const)
          expect(sumOf(({ work }) => BigInt(work[name].hashes))).toBe(
            BigInt(now.work[name].hashes),
          );
        if (now.unacknowledged === 0)
          expect(sumOf(({ lost }) => BigInt(lost))).toBe(BigInt(now.lost));
        for (const name of ["submitted", "accepted", "rejected", "lost", "staleByPool"] as const)
          expect(now[name]).toBeGreaterThanOrEqual(before[name]);
        expect(readAccountRecord(run.account.toRecord(0))).toHaveProperty("record");
        before = now;
      }
      if (run.strays === 0) expect(before.unacknowledged).toBe(run.waiting.length);
    }),
    { numRuns: 60 },
  );
});
