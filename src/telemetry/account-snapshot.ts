/** What became of the work that went to one pool, over all runs; `null` is unknown. JSON-safe: big numbers are decimal strings. */
export interface AccountSnapshot {
  /** Protocol, host, port and user; never a password or key. */
  readonly pool: string;
  /** When its first share was found. */
  readonly sinceUnixSeconds: number | null;
  /** Work that was verified for this pool, whether it made shares or not. */
  readonly hashed: WorkSnapshot;
  readonly total: TallySnapshot;
  readonly chains: readonly (TallySnapshot & { readonly chainIndex: number })[];
  /** Of this run: from sending a share to its answer. */
  readonly roundTripMs: {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  /** Of this run. */
  readonly lastAnswerAgoS: number | null;
  readonly connects: number;
  /** Connections that ended or never came to be, by `LinkEnd.kind`. */
  readonly ends: Readonly<Record<string, number>>;
  readonly activeS: number;
  readonly standbyS: number;
  readonly downS: number;
  /** What nobody took while this pool should have: estimated. */
  readonly unused: { readonly seconds: number; readonly work: WorkSnapshot };
}

/** submitted = accepted + rejected + lost + unacknowledged, at any time. */
export interface TallySnapshot {
  readonly submitted: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Most frequent first. */
  readonly rejections: readonly RejectionSnapshot[];
  /** Among the rejected. */
  readonly staleByPool: number;
  /** Not submitted, because the block was over. */
  readonly staleByUs: number;
  readonly unacknowledged: number;
  /** Sent, and the answer will never come. */
  readonly lost: number;
  readonly work: {
    readonly submitted: WorkSnapshot;
    readonly accepted: WorkSnapshot;
    readonly rejected: WorkSnapshot;
    readonly stale: WorkSnapshot;
  };
  readonly bestShare: { readonly difficulty: number; readonly unixSeconds: number } | null;
  readonly lastShareUnixSeconds: number | null;
  readonly blocksFound: number;
}

export interface WorkSnapshot {
  /** Expected hashes. */
  readonly hashes: string;
  /** Hashes ÷ 2^32, exact. */
  readonly difficulty: string;
}

export interface RejectionSnapshot {
  /** In the pool's own words. */
  readonly code: string;
  readonly count: number;
  /** In ours. */
  readonly explanation: string;
}
