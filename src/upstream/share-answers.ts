/** Counts of a link over all its connections, and the way from an answer on the wire to whoever waits for it. */
import { targetToBigInt } from "../bitcoin/target.ts";
import { printable } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { LinkCounts, LinkHandlers, SentShare } from "./pool-link.ts";

/** Different reasons for rejected shares that are counted apart. */
const MAX_REASONS = 32;
const ALL_HASHES = 1n << 256n;

type ShareHandlers = Pick<LinkHandlers, "onShareAccepted" | "onShareRejected" | "onSharesLost">;

export class ShareAnswers {
  readonly #handlers: ShareHandlers;
  readonly #log: Logger;
  readonly #rejectedByReason = new Map<string, number>();
  #accepted = 0;
  #rejected = 0;
  #lost = 0;

  constructor(handlers: ShareHandlers, log: Logger) {
    this.#handlers = handlers;
    this.#log = log;
  }

  get counts(): Omit<LinkCounts, "connects" | "blocksSeen"> {
    return {
      accepted: this.#accepted,
      rejected: this.#rejected,
      rejectedByReason: Object.fromEntries(this.#rejectedByReason),
      lostUnacknowledged: this.#lost,
    };
  }

  accepted(share: SentShare): void {
    this.#accepted++;
    this.#handlers.onShareAccepted(share);
  }

  /** `errorCode` as it came: it is made printable here. */
  rejected(share: SentShare, errorCode: string, channelId: number): void {
    const code = printable(errorCode, 64);
    this.#rejected++;
    // A pool may invent codes without end.
    const counts = this.#rejectedByReason;
    const reason = counts.has(code) || counts.size < MAX_REASONS ? code : "other";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    this.#log.warn({ code, chain: share.chainIndex, channel: channelId }, "share rejected");
    this.#handlers.onShareRejected(share, code);
  }

  /** Answers that will never come. */
  lost(count: number): void {
    if (count === 0) return;
    this.#lost += count;
    this.#handlers.onSharesLost(count);
  }
}

const hashesOfTarget = new WeakMap<Uint8Array, bigint>();

/** Hashes that a share of this target takes on average: 2^256 ÷ (target + 1). Targets must not change afterwards. */
export function hashesPerShare(target: Uint8Array): bigint {
  let hashes = hashesOfTarget.get(target);
  if (hashes === undefined) {
    hashes = ALL_HASHES / (targetToBigInt(target) + 1n);
    hashesOfTarget.set(target, hashes);
  }
  return hashes;
}
