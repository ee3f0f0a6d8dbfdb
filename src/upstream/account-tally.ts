/** Counts and sums of shares, for one chain or one pool. At any time: submitted = accepted + rejected + lost + unacknowledged. */
import { difficultyOfHash, leadingZeroBits, meetsTarget } from "../bitcoin/target.ts";
import { fromHex, printable, toHex } from "../lib/bytes.ts";
import type { TallySnapshot } from "../telemetry/account-snapshot.ts";
import {
  MAX_BEST_ZERO_BITS,
  MAX_HASHES,
  MAX_REASON_LENGTH,
  MAX_REASONS,
  MAX_UNIX_SECONDS,
  type TallyRecord,
} from "./account-record.ts";
import { explainRejection, isStaleRejection } from "./account-rejections.ts";
import { workSnapshot } from "./account-work.ts";

export const OTHER_REASONS = "(other reasons)";

export class ShareTally {
  submitted = 0;
  accepted = 0;
  rejected = 0;
  lost = 0;
  staleByPool = 0;
  staleByUs = 0;
  blocksFound = 0;
  #submittedHashes = 0n;
  #acceptedHashes = 0n;
  #rejectedHashes = 0n;
  #staleHashes = 0n;
  readonly #rejectedByCode = new Map<string, number>();
  readonly #bestHash = new Uint8Array(32).fill(0xff);
  #bestUnixSeconds: number | null = null;
  #lastShareUnixSeconds: number | null = null;

  get unacknowledged(): number {
    return this.submitted - this.accepted - this.rejected - this.lost;
  }

  /** `hash` is borrowed. */
  sent(hashes: bigint, hash: Uint8Array, unixSeconds: number, isBlock: boolean): void {
    this.submitted++;
    this.#submittedHashes += hashes;
    this.#lastShareUnixSeconds = clampTime(unixSeconds);
    if (isBlock) this.blocksFound++;
    if (!meetsTarget(hash, this.#bestHash) || leadingZeroBits(hash) >= MAX_BEST_ZERO_BITS) return;
    this.#bestHash.set(hash);
    this.#bestUnixSeconds = this.#lastShareUnixSeconds;
  }

  /** An answer to a share that nobody counted. */
  sentUnseen(hashes: bigint): void {
    this.submitted++;
    this.#submittedHashes += hashes;
  }

  acceptedOne(hashes: bigint): void {
    this.accepted++;
    this.#acceptedHashes += hashes;
  }

  rejectedOne(hashes: bigint, code: string): void {
    this.rejected++;
    this.#rejectedHashes += hashes;
    this.#countReason(printable(code, MAX_REASON_LENGTH), 1);
    if (!isStaleRejection(code)) return;
    this.staleByPool++;
    this.#staleHashes += hashes;
  }

  /** At most those that still wait; returns how many it were. */
  lostSome(count: number): number {
    const gone = Math.min(count, this.unacknowledged);
    this.lost += gone;
    return gone;
  }

  foundStale(hashes: bigint): void {
    this.staleByUs++;
    this.#staleHashes += hashes;
  }

  /** Adds what an earlier run counted. What was unacknowledged when it ended is lost. */
  add(record: TallyRecord): void {
    this.submitted += record.submitted;
    this.accepted += record.accepted;
    this.rejected += record.rejected;
    this.lost += record.submitted - record.accepted - record.rejected;
    this.staleByPool += record.staleByPool;
    this.staleByUs += record.staleByUs;
    this.blocksFound += record.blocksFound;
    this.#submittedHashes += BigInt(record.submittedHashes);
    this.#acceptedHashes += BigInt(record.acceptedHashes);
    this.#rejectedHashes += BigInt(record.rejectedHashes);
    this.#staleHashes += BigInt(record.staleHashes);
    for (const [code, count] of record.rejections) this.#countReason(code, count);
    this.#lastShareUnixSeconds = latest(this.#lastShareUnixSeconds, record.lastShareUnixSeconds);
    if (record.best === null) return;
    const hash = fromHex(record.best.hash);
    // Of two equal ones it is the earlier run's that came first.
    if (!meetsTarget(hash, this.#bestHash)) return;
    this.#bestHash.set(hash);
    this.#bestUnixSeconds = record.best.unixSeconds;
  }

  toRecord(): TallyRecord {
    return {
      submitted: this.submitted,
      accepted: this.accepted,
      rejected: this.rejected,
      lost: this.lost,
      staleByPool: this.staleByPool,
      staleByUs: this.staleByUs,
      blocksFound: this.blocksFound,
      submittedHashes: hashesText(this.#submittedHashes),
      acceptedHashes: hashesText(this.#acceptedHashes),
      rejectedHashes: hashesText(this.#rejectedHashes),
      staleHashes: hashesText(this.#staleHashes),
      rejections: [...this.#rejectedByCode],
      best:
        this.#bestUnixSeconds === null
          ? null
          : { hash: toHex(this.#bestHash), unixSeconds: this.#bestUnixSeconds },
      lastShareUnixSeconds: this.#lastShareUnixSeconds,
    };
  }

  snapshot(): TallySnapshot {
    return {
      submitted: this.submitted,
      accepted: this.accepted,
      rejected: this.rejected,
      rejections: [...this.#rejectedByCode]
        .sort(([, a], [, b]) => b - a)
        .map(([code, count]) => ({ code, count, explanation: explainRejection(code) })),
      staleByPool: this.staleByPool,
      staleByUs: this.staleByUs,
      unacknowledged: this.unacknowledged,
      lost: this.lost,
      work: {
        submitted: workSnapshot(this.#submittedHashes),
        accepted: workSnapshot(this.#acceptedHashes),
        rejected: workSnapshot(this.#rejectedHashes),
        stale: workSnapshot(this.#staleHashes),
      },
      bestShare:
        this.#bestUnixSeconds === null
          ? null
          : {
              difficulty: difficultyOfHash(this.#bestHash),
              unixSeconds: this.#bestUnixSeconds,
            },
      lastShareUnixSeconds: this.#lastShareUnixSeconds,
      blocksFound: this.blocksFound,
    };
  }

  #countReason(code: string, count: number): void {
    const counted = this.#rejectedByCode;
    // The last place is that of all the others.
    const isNew =
      !counted.has(code) && counted.size >= MAX_REASONS - (counted.has(OTHER_REASONS) ? 0 : 1);
    const key = isNew ? OTHER_REASONS : code;
    counted.set(key, (counted.get(key) ?? 0) + count);
  }
}

/** What cannot be read again must not be written. */
export function hashesText(hashes: bigint): string {
  return (hashes > MAX_HASHES ? MAX_HASHES : hashes).toString();
}

export function clampTime(unixSeconds: number): number {
  return Number.isFinite(unixSeconds)
    ? Math.min(MAX_UNIX_SECONDS, Math.max(0, Math.floor(unixSeconds)))
    : 0;
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
