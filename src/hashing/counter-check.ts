/** The chips' own count of their work against the nonces that came: what is missing was lost on the way, or never reported. */
import type { ChipHealth } from "./hash-chain.ts";

/** Fewer expected nonces than this say nothing yet: their number is a matter of chance. */
const ENOUGH_NONCES = 200;
/** Below this share of the expected nonces something is wrong: with 200 of them chance stays above 0.8 but once in 700. */
const LOWEST_SHARE = 0.8;

export interface ChipCounters {
  /** Sums over the chips that can tell; null where none can. */
  readonly hashesDone: number | null;
  readonly nonceErrors: number | null;
  /** Work by nonces ÷ work by counters since counting began; null while that says nothing. */
  readonly nonceShare: number | null;
  /** Fewer nonces came than the counters' work makes likely. */
  readonly isShort: boolean;
}

export const noCounters: ChipCounters = {
  hashesDone: null,
  nonceErrors: null,
  nonceShare: null,
  isShort: false,
};

export class CounterCheck {
  readonly #hashesPerNonce: number;
  #from: { readonly chips: number; readonly done: number; readonly reported: number } | undefined;
  #lastDone = 0;

  /** `hashesPerNonce`: the work that one verified nonce stands for. */
  constructor(hashesPerNonce: number) {
    this.#hashesPerNonce = hashesPerNonce;
  }

  /** `nonces`: verified ones since the chain came up. */
  take(health: readonly ChipHealth[], nonces: number): ChipCounters {
    const counting = health.flatMap(({ hashesDone }) => (hashesDone === null ? [] : [hashesDone]));
    const errors = health.flatMap(({ nonceErrors }) => (nonceErrors === null ? [] : [nonceErrors]));
    const nonceErrors = errors.length === 0 ? null : sum(errors);
    if (counting.length === 0) return { ...noCounters, nonceErrors };
    const done = sum(counting);
    const reported = nonces * this.#hashesPerNonce;
    // A chip that did not answer, or was reset: what came before cannot be compared any more.
    if (this.#from?.chips !== counting.length || done < this.#lastDone)
      this.#from = { chips: counting.length, done, reported };
    this.#lastDone = done;
    const work = done - this.#from.done;
    const isEnough = work >= ENOUGH_NONCES * this.#hashesPerNonce;
    const nonceShare = isEnough ? (reported - this.#from.reported) / work : null;
    return {
      hashesDone: done,
      nonceErrors,
      nonceShare,
      isShort: nonceShare !== null && nonceShare < LOWEST_SHARE,
    };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
