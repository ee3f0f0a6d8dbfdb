/**
 * Logins of the page: each ends when it was not used for a time, and there are never more than a few. Within a run that
 * time is monotonic: a board without a battery learns late what year it is, and nobody is let in or out by that.
 */
import type { Entropy } from "../ports/entropy.ts";
import { hashOfWord, randomWord } from "./secret-words.ts";

/** The one that was not used for longest goes when another comes. */
export const MAX_SESSIONS = 32;
/** Its use is worth a write to flash no more often than this, as a part of its life. */
const KEPT_PRECISION = 1 / 8;

/** What is kept, also over a restart: a change of the settings that restarts the page must not end the login. */
export interface SessionRecord {
  /** SHA-256 of the word in the cookie. */
  readonly hash: string;
  readonly usedUnixSeconds: number;
}

/** One moment on both clocks. */
export interface Moment {
  readonly monotonicS: number;
  readonly unixSeconds: number;
}

export class Sessions {
  /** By hash, the one that was used last at the end; monotonic times. */
  readonly #sessions = new Map<string, { usedS: number; keptS: number }>();

  /** `records` of an earlier run: a wall clock is all that both runs share, and what it has yet to reach is closed. */
  constructor(
    records: readonly SessionRecord[] = [],
    { monotonicS, unixSeconds }: Moment = { monotonicS: 0, unixSeconds: 0 },
  ) {
    for (const { hash, usedUnixSeconds } of records.slice(-MAX_SESSIONS)) {
      const usedS = monotonicS - (unixSeconds - usedUnixSeconds);
      if (usedS <= monotonicS) this.#sessions.set(hash, { usedS, keptS: usedS });
    }
  }

  /** As the wall clock says it now: one that was wrong when they were used may be right by now. */
  records({ monotonicS, unixSeconds }: Moment): readonly SessionRecord[] {
    return [...this.#sessions].map(([hash, { usedS }]) => ({
      hash,
      usedUnixSeconds: Math.floor(unixSeconds - (monotonicS - usedS)),
    }));
  }

  /** The word for the cookie. */
  open(entropy: Entropy, nowS: number): string {
    const word = randomWord(entropy);
    for (const hash of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      this.#sessions.delete(hash);
    }
    this.#sessions.set(hashOfWord(word), { usedS: nowS, keptS: nowS });
    return word;
  }

  /** Uses it, so that its time begins anew. `worthKeeping`: what is kept of it has become old. */
  use(
    word: string,
    nowS: number,
    lifeS: number,
  ): { readonly is: "open"; readonly worthKeeping: boolean } | { readonly is: "unknown" } {
    const hash = hashOfWord(word);
    const session = this.#sessions.get(hash);
    if (session === undefined) return { is: "unknown" };
    this.#sessions.delete(hash);
    if (nowS - session.usedS >= lifeS) return { is: "unknown" };
    const worthKeeping = nowS - session.keptS >= lifeS * KEPT_PRECISION;
    session.usedS = nowS;
    if (worthKeeping) session.keptS = nowS;
    this.#sessions.set(hash, session);
    return { is: "open", worthKeeping };
  }

  isOpen(word: string, nowS: number, lifeS: number): boolean {
    const session = this.#sessions.get(hashOfWord(word));
    return session !== undefined && nowS - session.usedS < lifeS;
  }

  close(word: string): void {
    this.#sessions.delete(hashOfWord(word));
  }
}
