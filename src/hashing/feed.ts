/** Where a chain's work comes from and its shares go: one pool, as the chain sees it. */
import type { Work } from "../work/work.ts";

/** Sends a share; the work's tip is live and the job's target met. `hash` is borrowed. */
export type SubmitShare = (
  work: Work,
  chainIndex: number,
  nonce: number,
  ntime: number,
  version: number,
  hash: Uint8Array,
) => void;

export interface Feed {
  /** Part of each chain's time, relative to the other feeds; 0: kept up to date, but not hashed (a standby). */
  readonly weight: number;
  /** Pools that take each other's place have the same. */
  readonly group: unknown;
  /** Part of the hash power that the pool is told to expect, 0 to 1; the same while it stands by. */
  readonly part: number;
  readonly submit: SubmitShare;
  /** A nonce was verified: this many hashes' worth of work was done for this feed, whether it made a share or not. */
  credit(hashes: number): void;
  /** A share was found too late: its tip is dead. */
  creditStale(chainIndex: number, work: Work): void;
}
