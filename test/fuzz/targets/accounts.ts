/** Accounts on disk: files that a loss of power, a bad card or a person has changed. */
import { isDeepStrictEqual } from "node:util";
import { PoolAccount } from "../../../src/upstream/account.ts";
import { AccountBook } from "../../../src/upstream/account-book.ts";
import { openSealedFile, sealFile } from "../../../src/upstream/account-file-format.ts";
import { readAccountRecord } from "../../../src/upstream/account-record.ts";
import { explainRejection, isStaleRejection } from "../../../src/upstream/account-rejections.ts";
import { AWKWARD_TEXTS, mutatedBytes } from "../mutate.ts";
import { changedValue, expandedValue } from "../mutate-values.ts";
import { demand, type FuzzTarget } from "../target.ts";

const POOL = { protocol: "sv2", host: "pool.example.com", port: 34_254, user: "acct.worker" };
const KIND = "accounts";

/** One that says something in every field. */
const VALID: unknown = (() => {
  const empty = new PoolAccount(POOL).toRecord(0);
  const tally = {
    ...empty.total,
    submitted: 9,
    accepted: 5,
    rejected: 3,
    lost: 1,
    staleByPool: 1,
    rejections: [
      ["stale-share", 1],
      ["difficulty-too-low", 2],
    ],
    submittedHashes: "38654705664",
    acceptedHashes: "21474836480",
    rejectedHashes: "12884901888",
    staleHashes: "4294967296",
    best: { hash: "ab".repeat(26) + "00".repeat(6), unixSeconds: 1_750_000_000 },
    lastShareUnixSeconds: 1_750_000_000,
  };
  return { ...empty, total: tally, chains: [{ chainIndex: 0, ...tally }] };
})();

interface AccountInput {
  readonly record: unknown;
  /** What becomes of the file that holds it; empty: nothing. */
  readonly file: Uint8Array;
  readonly code: string;
}

export const accounts: FuzzTarget<AccountInput> = {
  name: "accounts",
  about: "account records and the files that keep them",
  shortRuns: 800,
  make(random) {
    let record = VALID;
    for (let left = random.below(4); left > 0; left--)
      record = changedValue(random, record, [VALID]);
    const whole = sealFile(KIND, random.below(100), [VALID]);
    return {
      record,
      file: random.chance(0.5) ? new Uint8Array() : mutatedBytes(random, whole, [whole]),
      code: random.pick(AWKWARD_TEXTS),
    };
  },
  run({ record: compact, file, code }) {
    const record = expandedValue(compact);
    const verdict = readAccountRecord(record);
    if ("problem" in verdict) {
      demand(
        verdict.problem !== "" && verdict.problem.length < 2_000,
        "a problem without words or end",
      );
    } else {
      const again = readAccountRecord(verdict.record);
      demand("record" in again && isDeepStrictEqual(again, verdict), "read twice, and it differs");
      const book = new AccountBook();
      demand(book.resume([record]).length === 0, "readable, and the book refuses it");
      demand(book.resume([record]).length === 0, "readable, and the book refuses it");
      const account = PoolAccount.fromRecord(record);
      const written = readAccountRecord(account.toRecord(0));
      demand("record" in written, () => `written, and unreadable: ${JSON.stringify(written)}`);
    }
    const opened = openSealedFile(KIND, file);
    // Whoever changes a file cannot know its digest, unless nothing that counts was changed.
    if (opened.is === "whole")
      demand(
        isDeepStrictEqual(opened.content, [VALID]),
        "a file that was changed passes for whole",
      );
    demand(explainRejection(code) !== "", "no explanation");
    isStaleRejection(code);
  },
};
