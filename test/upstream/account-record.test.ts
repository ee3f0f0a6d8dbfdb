import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PoolAccount } from "../../src/upstream/account.ts";
import { AccountBook, MAX_ACCOUNTS } from "../../src/upstream/account-book.ts";
import { type AccountRecord, readAccountRecord } from "../../src/upstream/account-record.ts";
import { difficultyText } from "../../src/upstream/account-work.ts";
import { hashesOf, IDENTITY, share, UNIX_NOW } from "./account-support.ts";

function usedAccount(user = IDENTITY.user, unixSeconds = UNIX_NOW): PoolAccount {
  const account = new PoolAccount({ ...IDENTITY, user });
  const answered = { chainIndex: 1, hashes: hashesOf(1_024), sentMs: 0 };
  for (let i = 0; i < 4; i++)
    account.sent(share({ chainIndex: 1, hashDifficulty: 1e6, unixSeconds }));
  account.accepted(answered, 1);
  account.rejected(answered, "stale-share", 2);
  account.rejected(answered, "duplicate-share", 2);
  account.foundStale(1, share({}).target);
  return account;
}

/** As it comes from a disk. */
const goodRecord = (): AccountRecord => JSON.parse(JSON.stringify(usedAccount().toRecord(0)));

/** The record with one place changed. */
function changed(path: string, value: unknown): unknown {
  const record = goodRecord() as unknown as Record<string, unknown>;
  const names = path.split(".");
  const last = names.pop() ?? "";
  let at = record;
  for (const name of names) at = at[name] as Record<string, unknown>;
  at[last] = value;
  return record;
}

describe("a record", () => {
  test("that nobody changed is read as it was written", () => {
    expect(readAccountRecord(goodRecord())).toEqual({ record: goodRecord() });
  });

  test.each([
    ["version", 2, "version: 2; known: 1"],
    ["version", undefined, "version: undefined; known: 1"],
    ["version", { toString: 5 }, "version: an object; known: 1"],
    ["version", "\u001b[2J".padEnd(1_000_000), "version: \ufffd[2J"],
    ["connects", { toString: 5 }, "connects: an object; allowed"],
    ["pool", null, "pool: not an object"],
    ["pool.user", 5, "pool.user: not a text of at most 256 characters"],
    ["pool.host", "x".repeat(300), "pool.host: not a text"],
    ["pool.port", 65_536, "pool.port: 65536; allowed: whole numbers from 0 to 65535"],
    ["total.accepted", -1, "total.accepted: -1; allowed"],
    ["total.accepted", 1.5, "total.accepted: 1.5; allowed"],
    ["total.accepted", 2 ** 51, "total.accepted"],
    ["total.accepted", "1", "total.accepted: 1; allowed"],
    ["total.accepted", 3, "total.submitted: fewer than answered"],
    ["total.lost", 2, "total.submitted: fewer than answered"],
    ["total.staleByPool", 3, "total.staleByPool: more than were rejected"],
    ["total.blocksFound", 5, "total.blocksFound: more than were submitted"],
    ["total.rejections", [["x", 1]], "total.rejections: do not add up to the rejected"],
    ["total.rejections", [1, 2], "total.rejections[0]: not an object"],
    ["total.rejections", new Array(33).fill(["x", 0]), "total.rejections: more than 32 entries"],
    ["total.submittedHashes", "-5", "total.submittedHashes: not a whole number"],
    ["total.submittedHashes", "0x10", "total.submittedHashes: not a whole number"],
    ["total.submittedHashes", 5, "total.submittedHashes: not a text"],
    ["total.submittedHashes", "9".repeat(41), "total.submittedHashes: not a text"],
    ["total.submittedHashes", "9".repeat(40), "total.submittedHashes: not a whole number"],
    ["total.best", "x", "total.best: not an object"],
    ["total.best.hash", "0".repeat(64), "total.best.hash: too good to be true"],
    ["total.best.hash", "g".repeat(64), "total.best.hash: not 64 hex digits"],
    ["total.best.unixSeconds", null, "total.best.unixSeconds: missing"],
    ["total.lastShareUnixSeconds", 2 ** 41, "total.lastShareUnixSeconds"],
    ["ends.time", undefined, "ends.time"],
    ["chains", {}, "chains: not a list"],
    ["chains.0.chainIndex", 64, "chains[0].chainIndex: 64"],
    ["chains.0.staleByUs", 2, "chains.staleByUs: more than the pool has"],
    ["activeMs", Number.NaN, "activeMs: NaN"],
  ])("with %s = %j is refused, and what is wrong is named", (path, value, problem) => {
    expect(readAccountRecord(changed(path, value))).toEqual({
      problem: expect.stringContaining(problem),
    });
    expect(JSON.stringify(readAccountRecord(changed(path, value))).length).toBeLessThan(300);
  });

  test("in which a chain occurs twice is refused", () => {
    const [chain] = goodRecord().chains;
    const total = {
      ...goodRecord().total,
      submitted: 100,
      accepted: 50,
      rejected: 2,
      staleByUs: 9,
    };
    expect(readAccountRecord({ ...goodRecord(), total, chains: [chain, chain] })).toMatchObject({
      problem: expect.stringContaining("chain"),
    });
  });

  test("of any kind at all gives an account without a negative or absurd number, and throws nothing", () => {
    const places = fc.constantFrom(
      ...["version", "pool", "connects", "total", "chains", "ends", "unusedHashes", "pool.port"],
      ...["total.submitted", "total.accepted", "total.rejected", "total.lost", "total.best"],
      ...["total.acceptedHashes", "total.rejections", "total.best.hash", "chains.0.submitted"],
    );
    const values = fc.oneof(
      fc.anything(),
      fc.integer({ min: -3, max: 10 }),
      fc.bigInt().map(String),
      fc.double(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(places, values), { minLength: 1, maxLength: 3 }), (changes) => {
        let record: unknown = goodRecord();
        for (const [place, value] of changes) {
          try {
            const next = changed(place, value) as Record<string, unknown>;
            record = {
              ...(record as object),
              [place.split(".")[0] ?? ""]: next[place.split(".")[0] ?? ""],
            };
          } catch {
            record = value;
          }
        }
        const snapshot = PoolAccount.fromRecord(record, IDENTITY).snapshot(0);
        for (const tally of [snapshot.total, ...snapshot.chains]) {
          const { submitted, accepted, rejected, lost, unacknowledged } = tally;
          expect(
            Math.min(submitted, accepted, rejected, lost, unacknowledged),
          ).toBeGreaterThanOrEqual(0);
          expect(submitted).toBeLessThanOrEqual(2 ** 50);
          expect(BigInt(tally.work.accepted.hashes)).toBeGreaterThanOrEqual(0n);
          expect(tally.bestShare?.difficulty ?? 1).toBeLessThan(2 ** 160);
        }
      }),
      { numRuns: 250 },
    );
  });
});

describe("the accounts of all pools", () => {
  test("are one for each pool and user, the same for the same", () => {
    const book = new AccountBook();
    const account = book.account(IDENTITY);
    expect(book.account({ ...IDENTITY })).toBe(account);
    expect(book.account({ ...IDENTITY, user: "other" })).not.toBe(account);
    expect(book.account({ ...IDENTITY, protocol: "sv1" })).not.toBe(account);
    expect(book.accounts).toHaveLength(3);
  });

  test("go on after a restart, whether pools are configured before or after it is known", () => {
    const records = [usedAccount("a"), usedAccount("b")].map((one) => one.toRecord(0));
    const book = new AccountBook();
    const a = book.account({ ...IDENTITY, user: "a" });
    expect(book.resume(records)).toEqual([]);
    const b = book.account({ ...IDENTITY, user: "b" });
    for (const account of [a, b]) expect(account.snapshot(0).total.accepted).toBe(1);
    expect(book.toRecords(0)).toHaveLength(2);
  });

  test("of pools that are not configured any more are kept for the day on which they are again", () => {
    const book = new AccountBook();
    book.resume([usedAccount("gone").toRecord(0)]);
    const next = new AccountBook();
    next.resume(JSON.parse(JSON.stringify(book.toRecords(0))));
    expect(next.account({ ...IDENTITY, user: "gone" }).snapshot(0).total.accepted).toBe(1);
  });

  test("that are damaged are left out, and the others count", () => {
    const book = new AccountBook();
    const problems = book.resume([null, changed("total.accepted", -1), goodRecord()]);
    expect(problems).toEqual([
      "pool 0: record: not an object",
      expect.stringContaining("pool 1: total.accepted: -1"),
    ]);
    expect(book.account(IDENTITY).snapshot(0).total.accepted).toBe(1);
  });

  test("do not grow without bound: the longest unused are forgotten, never those in use", () => {
    const book = new AccountBook();
    const own = book.account({ ...IDENTITY, user: "own" });
    own.sent(share({}));
    book.resume(
      Array.from({ length: 100 }, (_, at) => usedAccount(`user ${at}`, UNIX_NOW + at).toRecord(0)),
    );
    const users = book.toRecords(0).map(({ pool }) => pool.user);
    expect(users).toHaveLength(MAX_ACCOUNTS);
    expect(users).toContain("own");
    expect(users).toContain("user 99");
    expect(users).not.toContain("user 0");
  });

  test("have a revision that grows with each thing counted in any of them", () => {
    const book = new AccountBook();
    const [a, b] = ["a", "b"].map((user) => book.account({ ...IDENTITY, user }));
    const before = book.revision;
    a?.sent(share({}));
    b?.connected();
    expect(book.revision).toBe(before + 2);
  });
});

describe("work as a difficulty", () => {
  test.each([
    [0n, 32, "0"],
    [1n, 32, "0.00000000023283064365386962890625"],
    [1n << 32n, 32, "1"],
    [3n << 31n, 32, "1.5"],
    [3n << 31n, 0, "2"],
    [(1n << 32n) + 1n, 4, "1"],
    [(1n << 100n) + 1n, 32, "295147905179352825856.00000000023283064365386962890625"],
  ])("%d hashes with %d decimals are %s", (hashes, decimals, expected) => {
    expect(difficultyText(hashes, decimals)).toBe(expected);
  });

  test("loses nothing", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 140n }), (hashes) => {
        const [whole = "", fraction = ""] = difficultyText(hashes).split(".");
        const scaled = BigInt(whole + fraction.padEnd(32, "0"));
        expect((scaled << 32n) / 10n ** 32n).toBe(hashes);
      }),
    );
  });

  test("of less than no work is refused", () => {
    expect(() => difficultyText(-1n)).toThrow(RangeError);
  });
});
