/** How a pool behaves over time: when its silence was only patience, and when it takes shares to throw them away. */
import { equalBytes } from "../lib/bytes.ts";
import type { LinkEnd, PoolLink } from "../upstream/pool-link.ts";

/** A pool that was silent and turns out to have been alive is given twice the time, up to this many times its limit. */
const MAX_SILENCE_FACTOR = 8;
/** Channels that a pool may close within the period before it is left. */
const MAX_CLOSED_CHANNELS = 5;
const CLOSED_WITHIN_MS = 300_000;
/** Work that comes and goes more often than this, whatever the reasons, is not trusted at once again. */
const MAX_LOSSES = 5;
const LOSSES_WITHIN_MS = 300_000;
/** So many rejected of the last hundred answers, whatever the codes say, and over how long at least: a storm passes. */
const JUDGED_ANSWERS = 100;
const MAX_REJECTED = 90;
const REJECTED_FOR_MS = 60_000;

export class PoolConduct {
  readonly #link: Pick<PoolLink, "silenceMs">;
  readonly #configuredSilenceMs: number;
  readonly #closings: number[] = [];
  readonly #losses: number[] = [];
  #lastPrevHash: Uint8Array | undefined;
  #wasSilent = false;
  /** The last ones, oldest first. */
  readonly #answers: { readonly isRejected: boolean; readonly atMs: number }[] = [];
  #rejected = 0;
  /** Since when too many are. */
  #badSinceMs: number | undefined;

  constructor(link: Pick<PoolLink, "silenceMs">) {
    this.#link = link;
    this.#configuredSilenceMs = link.silenceMs;
  }

  ended({ kind }: LinkEnd): void {
    // Only the very next connection can tell whether the silence was one.
    this.#wasSilent = kind === "silence";
    this.#answers.length = 0;
    this.#rejected = 0;
    this.#badSinceMs = undefined;
  }

  /** Work on this tip. Nothing was missed when it is still the one of before a silence. */
  gaveWork(prevHash: Uint8Array): void {
    const last = this.#lastPrevHash;
    this.#lastPrevHash = prevHash;
    if (!this.#wasSilent) return;
    this.#wasSilent = false;
    if (last === undefined || !equalBytes(last, prevHash)) return;
    const limitMs = this.#configuredSilenceMs * MAX_SILENCE_FACTOR;
    this.#link.silenceMs = Math.min(limitMs, this.#link.silenceMs * 2);
  }

  /** Returns a reason to leave the pool, once it closed too many channels. */
  closedChannel(nowMs: number): string | undefined {
    // An extended channel closes for all its chains in one tick.
    if (this.#closings.at(-1) === nowMs) return undefined;
    this.#closings.push(nowMs);
    while ((this.#closings[0] ?? nowMs) < nowMs - CLOSED_WITHIN_MS) this.#closings.shift();
    if (this.#closings.length < MAX_CLOSED_CHANNELS) return undefined;
    this.#closings.length = 0;
    return `the pool closed ${MAX_CLOSED_CHANNELS} channels within ${CLOSED_WITHIN_MS / 60_000} minutes`;
  }

  /** It gives no work any more, for whatever reason. True: once too often. */
  lostWork(nowMs: number): boolean {
    this.#losses.push(nowMs);
    while ((this.#losses[0] ?? nowMs) < nowMs - LOSSES_WITHIN_MS || this.#losses.length > 100)
      this.#losses.shift();
    return this.#losses.length > MAX_LOSSES;
  }

  answered(isRejected: boolean, nowMs: number): void {
    this.#answers.push({ isRejected, atMs: nowMs });
    if (isRejected) this.#rejected++;
    if (this.#answers.length > JUDGED_ANSWERS && this.#answers.shift()?.isRejected === true)
      this.#rejected--;
    const isBad = this.#answers.length === JUDGED_ANSWERS && this.#rejected >= MAX_REJECTED;
    this.#badSinceMs = isBad ? (this.#badSinceMs ?? this.#answers[0]?.atMs) : undefined;
  }

  rejectsTooMany(nowMs: number): string | undefined {
    if (this.#badSinceMs === undefined) return undefined;
    if (nowMs - this.#badSinceMs < REJECTED_FOR_MS) return undefined;
    return `the pool rejected ${this.#rejected} of the last ${JUDGED_ANSWERS} shares`;
  }
}
