/**
 * What became of the work that went to one pool, over all runs: shares, their work, connections and time. Called when the
 * share is on its way; it decides nothing and can lose nothing but numbers.
 */
import { meetsTarget, targetFromCompact } from "../bitcoin/target.ts";
import { printable } from "../lib/bytes.ts";
import type { AccountSnapshot } from "../telemetry/account-snapshot.ts";
import { LatencyRecorder } from "../telemetry/latency.ts";
import type { PoolState } from "../telemetry/snapshot.ts";
import {
  type AccountRecord,
  END_KINDS,
  MAX_CHAINS,
  MAX_IDENTITY_LENGTH,
  type PoolIdentity,
  RECORD_VERSION,
  readAccountRecord,
} from "./account-record.ts";
import { clampTime, hashesText, ShareTally } from "./account-tally.ts";
import { HashSum, workSnapshot } from "./account-work.ts";
import type { LinkEnd, SentShare } from "./pool-link.ts";
import { hashesPerShare } from "./share-answers.ts";

/** A share as it is sent. */
export interface CountedShare {
  readonly chainIndex: number;
  /** Of its job, 32 bytes little-endian; must not change afterwards. */
  readonly target: Uint8Array;
  /** Internal byte order, borrowed. */
  readonly hash: Uint8Array;
  readonly nbits: number;
  /** Wall clock. */
  readonly unixSeconds: number;
}

const NOBODY: PoolIdentity = { protocol: "", host: "", port: 0, user: "" };

export class PoolAccount {
  readonly identity: PoolIdentity;
  readonly key: string;
  /** Grows with everything counted, but not with time. */
  revision = 0;
  readonly #total = new ShareTally();
  /** By chain index. */
  readonly #chains: (ShareTally | undefined)[] = [];
  readonly #roundTrip = new LatencyRecorder();
  readonly #ends = Object.fromEntries(END_KINDS.map((kind) => [kind, 0])) as Record<
    LinkEnd["kind"],
    number
  >;
  #connects = 0;
  #sinceUnixSeconds: number | null = null;
  #lastAnswerMs: number | null = null;
  /** Lost shares of which nobody knows the chain. */
  #lostOfNoChain = 0;
  readonly #stateMs: Record<PoolState, number> = { active: 0, standby: 0, down: 0, off: 0 };
  #state: { readonly name: PoolState; readonly sinceMs: number } | undefined;
  readonly #hashed = new HashSum();
  #unusedMs = 0;
  #unusedHashes = 0n;
  #nbits = 0;
  #networkTarget = new Uint8Array(32);

  constructor(identity: PoolIdentity) {
    this.identity = {
      protocol: printable(identity.protocol, MAX_IDENTITY_LENGTH),
      host: printable(identity.host, MAX_IDENTITY_LENGTH),
      port: identity.port,
      user: printable(identity.user, MAX_IDENTITY_LENGTH),
    };
    this.key = accountKey(this.identity);
  }

  /** What `toRecord` gave, perhaps in another program; an empty one where that cannot be understood, or is of another pool. */
  static fromRecord(value: unknown, identity?: PoolIdentity): PoolAccount {
    const verdict = readAccountRecord(value);
    const record = "record" in verdict ? verdict.record : undefined;
    const account = new PoolAccount(identity ?? record?.pool ?? NOBODY);
    if (record !== undefined && accountKey(record.pool) === account.key) account.resume(record);
    return account;
  }

  /** Whether its hash solves a block of the network. */
  sent(share: CountedShare): boolean {
    const { chainIndex, target, hash, unixSeconds } = share;
    const hashes = hashesPerShare(target);
    const isBlock = this.#isBlock(hash, share.nbits);
    this.revision++;
    this.#sinceUnixSeconds ??= clampTime(unixSeconds);
    this.#total.sent(hashes, hash, unixSeconds, isBlock);
    this.#chain(chainIndex)?.sent(hashes, hash, unixSeconds, isBlock);
    return isBlock;
  }

  accepted(share: SentShare, nowMs: number): void {
    const chain = this.#answered(share, nowMs);
    this.#total.acceptedOne(share.hashes);
    chain?.acceptedOne(share.hashes);
    if (this.#lostOfNoChain > 0) this.#settle();
  }

  /** `code` in the pool's own words. */
  rejected(share: SentShare, code: string, nowMs: number): void {
    const chain = this.#answered(share, nowMs);
    this.#total.rejectedOne(share.hashes, code);
    chain?.rejectedOne(share.hashes, code);
    if (this.#lostOfNoChain > 0) this.#settle();
  }

  /** Answers that will never come. Nobody says of which chains: those know when nothing waits any more. */
  lost(count: number): void {
    this.revision++;
    this.#lostOfNoChain += this.#total.lostSome(count);
    this.#settle();
  }

  /** A share that was not sent because its block was over. `target`: of its job. */
  foundStale(chainIndex: number, target: Uint8Array): void {
    const hashes = hashesPerShare(target);
    this.revision++;
    this.#total.foundStale(hashes);
    this.#chain(chainIndex)?.foundStale(hashes);
  }

  /** A nonce was verified that stands for so many hashes, a whole number. */
  hashed(hashes: number): void {
    this.#hashed.add(hashes);
  }

  connected(): void {
    this.revision++;
    this.#connects++;
  }

  ended(kind: LinkEnd["kind"]): void {
    this.revision++;
    this.#ends[kind]++;
  }

  /** From now on; time before the first call is counted as nothing. */
  becomes(state: PoolState, nowMs: number): void {
    this.#passTime(nowMs);
    this.#state = { name: state, sinceMs: nowMs };
  }

  /** Nobody took work for so long, and this pool should have: what chips of this rate would have hashed. */
  wentUnused(durationMs: number, hashesPerSecond: number): void {
    const hashes = (durationMs / 1_000) * hashesPerSecond;
    if (!(durationMs > 0) || !(hashes >= 0) || hashes === Number.POSITIVE_INFINITY) return;
    this.revision++;
    this.#unusedMs += durationMs;
    this.#unusedHashes += BigInt(Math.round(hashes));
  }

  /** Adds what an earlier run counted, whenever that becomes known. */
  resume(record: AccountRecord): void {
    this.#connects += record.connects;
    for (const kind of END_KINDS) this.#ends[kind] += record.ends[kind];
    this.#stateMs.active += record.activeMs;
    this.#stateMs.standby += record.standbyMs;
    this.#stateMs.down += record.downMs;
    this.#hashed.addBig(BigInt(record.hashedHashes));
    this.#unusedMs += record.unusedMs;
    this.#unusedHashes += BigInt(record.unusedHashes);
    this.#sinceUnixSeconds = record.sinceUnixSeconds ?? this.#sinceUnixSeconds;
    this.#total.add(record.total);
    for (const { chainIndex, ...tally } of record.chains) this.#chain(chainIndex)?.add(tally);
  }

  /** `nowMs`: for the time since the last call that told it. */
  toRecord(nowMs?: number): AccountRecord {
    if (nowMs !== undefined) this.#passTime(nowMs);
    return {
      version: RECORD_VERSION,
      pool: this.identity,
      sinceUnixSeconds: this.#sinceUnixSeconds,
      connects: this.#connects,
      ends: { ...this.#ends },
      activeMs: Math.round(this.#stateMs.active),
      standbyMs: Math.round(this.#stateMs.standby),
      downMs: Math.round(this.#stateMs.down),
      hashedHashes: hashesText(this.#hashed.total()),
      unusedMs: Math.round(this.#unusedMs),
      unusedHashes: hashesText(this.#unusedHashes),
      total: this.#total.toRecord(),
      chains: this.#eachChain((chainIndex, tally) => ({ chainIndex, ...tally.toRecord() })),
    };
  }

  snapshot(nowMs: number): AccountSnapshot {
    this.#passTime(nowMs);
    return {
      pool: this.key,
      sinceUnixSeconds: this.#sinceUnixSeconds,
      hashed: workSnapshot(this.#hashed.total()),
      total: this.#total.snapshot(),
      chains: this.#eachChain((chainIndex, tally) => ({ chainIndex, ...tally.snapshot() })),
      roundTripMs: this.#roundTrip.snapshot(),
      lastAnswerAgoS: this.#lastAnswerMs === null ? null : (nowMs - this.#lastAnswerMs) / 1_000,
      connects: this.#connects,
      ends: { ...this.#ends },
      activeS: this.#stateMs.active / 1_000,
      standbyS: this.#stateMs.standby / 1_000,
      downS: this.#stateMs.down / 1_000,
      unused: { seconds: this.#unusedMs / 1_000, work: workSnapshot(this.#unusedHashes) },
    };
  }

  /** The chain's tally, after noting that an answer came. */
  #answered(share: SentShare, nowMs: number): ShareTally | undefined {
    const chain = this.#chain(share.chainIndex);
    this.revision++;
    this.#lastAnswerMs = nowMs;
    this.#roundTrip.add(nowMs - share.sentMs);
    // An answer to nothing that waits proves a share that nobody counted; pool and chains must agree on it.
    if (this.#total.unacknowledged === 0 || chain?.unacknowledged === 0) {
      this.#total.sentUnseen(share.hashes);
      chain?.sentUnseen(share.hashes);
    }
    return chain;
  }

  /** When nothing of the pool waits, what chains still wait for is what was lost. */
  #settle(): void {
    if (this.#total.unacknowledged > 0) return;
    this.#lostOfNoChain = 0;
    for (const chain of this.#chains) chain?.lostSome(chain.unacknowledged);
  }

  #isBlock(hash: Uint8Array, nbits: number): boolean {
    if (nbits !== this.#nbits) {
      this.#nbits = nbits;
      this.#networkTarget = networkTarget(nbits);
    }
    return meetsTarget(hash, this.#networkTarget);
  }

  /** `undefined` for what is no chain's index. */
  #chain(index: number): ShareTally | undefined {
    const known = this.#chains[index];
    if (known !== undefined || !Number.isInteger(index) || index < 0 || index >= MAX_CHAINS)
      return known;
    const chain = new ShareTally();
    this.#chains[index] = chain;
    return chain;
  }

  #eachChain<T>(of: (chainIndex: number, tally: ShareTally) => T): T[] {
    return this.#chains.flatMap((tally, index) => (tally === undefined ? [] : [of(index, tally)]));
  }

  #passTime(nowMs: number): void {
    if (this.#state === undefined) return;
    const { name, sinceMs } = this.#state;
    this.#stateMs[name] += Math.max(0, nowMs - sinceMs);
    this.#state = { name, sinceMs: nowMs };
  }
}

/** The same for the same account at the same pool, over any number of runs. */
export function accountKey({ protocol, host, port, user }: PoolIdentity): string {
  return `${protocol}://${user}@${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** All zero for what stands for no target (a negative one, for instance): nothing solves that. */
function networkTarget(nbits: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(targetFromCompact(nbits));
  } catch (error) {
    if (error instanceof RangeError) return new Uint8Array(32);
    throw error;
  }
}
