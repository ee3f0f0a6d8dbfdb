/** From one status to the next: which seconds it stands for, and what is known of them. */
import { type HistorySource, historyValues, type ShareRates } from "./series.ts";

/** A status stands for the seconds since the one before, if they are not more: what is older is not the present. */
export const HELD_S = 5;
/**
 * A clock that shows an earlier time has no battery and has not learned the time yet: what it would date has no place.
 * 2024-01-01, before there was any asicd.
 */
export const EARLIEST_UNIX_SECONDS = 1_704_067_200;

export interface Sample {
  /** The first of its whole seconds; all until `lastUnixSeconds` have these values. */
  readonly firstUnixSeconds: number;
  readonly lastUnixSeconds: number;
  /** In the order of `historySeries`; NaN is unknown. */
  readonly values: Float64Array;
  /** Of guard and miner there is fresh word: what they tell of chips is of now. */
  readonly isFresh: boolean;
}

export class Sampler {
  readonly #boards: number;
  #second: number | undefined;
  /** What the counters showed, and what followed from it for its second. */
  #counted: { second: number; accepted: number; rejected: number; rates: ShareRates } | undefined;

  constructor(boards: number) {
    this.#boards = boards;
  }

  /** `undefined` where the clock shows no time. */
  take(source: HistorySource): Sample | undefined {
    const second = Math.floor(source.unixSeconds);
    if (!(second >= EARLIEST_UNIX_SECONDS && second < 2 ** 32)) {
      this.#second = undefined;
      this.#counted = undefined;
      return undefined;
    }
    const { miner } = source.processes;
    const guard = source.measuredAgoS !== null && source.measuredAgoS <= HELD_S;
    const isKnown = { guard, miner: guard && isMinerTold(miner) };
    const elapsedS = second - (this.#second ?? Number.NEGATIVE_INFINITY);
    this.#second = second;
    this.#count(source, second, isKnown.miner);
    return {
      // After a gap, a start, or a step of the clock in either direction it stands for its own second alone.
      firstUnixSeconds: elapsedS > 0 && elapsedS <= HELD_S ? second - elapsedS + 1 : second,
      lastUnixSeconds: second,
      values: historyValues(source, this.#boards, this.#counted?.rates ?? none, isKnown),
      isFresh: isKnown.miner,
    };
  }

  #count(source: HistorySource, second: number, isKnown: boolean): void {
    const { accepted, rejected } = source.shares.run;
    const before = this.#counted;
    if (!isKnown) {
      this.#counted = undefined;
      return;
    }
    // A second status within a second: its shares are the next second's.
    if (before?.second === second) return;
    const elapsedS = second - (before?.second ?? Number.NEGATIVE_INFINITY);
    // Counters that went back are those of a new miner: nobody knows since when it counted.
    const isOn =
      before !== undefined &&
      elapsedS > 0 &&
      elapsedS <= HELD_S &&
      accepted >= before.accepted &&
      rejected >= before.rejected;
    const rates = isOn
      ? {
          acceptedPerMin: ((accepted - before.accepted) * 60) / elapsedS,
          rejectedPerMin: ((rejected - before.rejected) * 60) / elapsedS,
        }
      : none;
    this.#counted = { second, accepted, rejected, rates };
  }
}

const none: ShareRates = { acceptedPerMin: null, rejectedPerMin: null };

/** No miner hashes nothing, and that is known; a miner that is silent, or has not said a word yet, does who knows what. */
export function isMinerTold({ state, uptimeS }: HistorySource["processes"]["miner"]): boolean {
  return state !== "silent" && (state !== "running" || uptimeS !== null);
}
