/** What a chain's chips say about themselves every few seconds, and what follows: a warning, or a slower chip. */
import type { UntimedEvent } from "../telemetry/event.ts";
import type { ChainMiner } from "./chain-miner.ts";
import { MOST_WRONG } from "./chip-errors.ts";
import { type ChipCounters, CounterCheck, noCounters } from "./counter-check.ts";
import type { ChipHealth, HashChain } from "./hash-chain.ts";

/** Between two questions. */
const PERIOD_MS = 5_000;

/** The chain that is asked, since it is up. */
interface Asked {
  readonly chain: HashChain;
  readonly miner: ChainMiner;
  readonly check: CounterCheck;
  /** Verified nonces of earlier bring-ups, which this one's counters know nothing of. */
  readonly noncesBefore: number;
}

export class ChainHealth {
  readonly #index: number;
  readonly #onEvent: (event: UntimedEvent) => void;
  /** Chips that were slowed stay so when the chain is brought up again. */
  readonly #slowedMHz = new Map<number, number>();
  #asked: Asked | undefined;
  #chips: readonly ChipHealth[] = [];
  #counters: ChipCounters = noCounters;
  #atMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(index: number, onEvent: (event: UntimedEvent) => void) {
    this.#index = index;
    this.#onEvent = onEvent;
  }

  /** Of the last answer; empty while there is none. */
  get chips(): readonly ChipHealth[] {
    return this.#chips;
  }

  /** What the chips count themselves, held against the nonces that came. */
  get counters(): ChipCounters {
    return this.#counters;
  }

  /** Null where no chip tells. */
  get hottestC(): number | null {
    return this.#chips.reduce<number | null>(
      (most, { temperatureC }) =>
        temperatureC === null ? most : Math.max(most ?? Number.NEGATIVE_INFINITY, temperatureC),
      null,
    );
  }

  ageMs(nowMs: number): number {
    return nowMs - this.#atMs;
  }

  /** The chain is up; `allChips`: none is missing, so that an index means the same chip as before. */
  begin(chain: HashChain, miner: ChainMiner, allChips: boolean, nowMs: number): void {
    const check = new CounterCheck(2 ** chain.ticketZeroBits);
    this.#asked = { chain, miner, check, noncesBefore: miner.verifiedNonces };
    this.#atMs = nowMs;
    if (!allChips) return;
    for (const [chipIndex, frequencyMHz] of this.#slowedMHz)
      if (frequencyMHz < chain.frequencyMHz) chain.setChipFrequency(chipIndex, frequencyMHz);
  }

  /** The chain goes away. */
  end(): void {
    this.#asked = undefined;
    this.#chips = [];
    this.#counters = noCounters;
  }

  tick(nowMs: number): void {
    if (this.#asked !== undefined && this.ageMs(nowMs) >= PERIOD_MS)
      void this.#ask(this.#asked, nowMs);
  }

  async #ask(asked: Asked, nowMs: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const chips = await asked.chain.readHealth(new AbortController().signal);
      if (this.#asked !== asked) return;
      this.#chips = chips;
      this.#atMs = nowMs;
      this.#compareCounters(asked);
      this.#slowBadChips(asked);
    } catch {
      // A chain that is going away answers nothing; one that is silent shows it by its nonces.
    } finally {
      this.#isAsking = false;
    }
  }

  #compareCounters({ check, miner, noncesBefore }: Asked): void {
    const wasShort = this.#counters.isShort;
    this.#counters = check.take(this.#chips, miner.verifiedNonces - noncesBefore);
    const { isShort, nonceShare } = this.#counters;
    if (!isShort || wasShort || nonceShare === null) return;
    this.#onEvent({
      what: "nonces-missing",
      where: `chain ${this.#index}`,
      rule: "counter-mismatch",
      measured: nonceShare,
      limit: null,
      action: "tell",
      reason: `${(nonceShare * 100).toFixed(0)} % of the nonces came that the chips' own counters stand for`,
    });
  }

  #slowBadChips({ chain, miner }: Asked): void {
    for (const { chipIndex, frequencyMHz, wrongShare } of miner.chipErrors.judge(
      chain.frequencyMHz,
    )) {
      chain.setChipFrequency(chipIndex, frequencyMHz);
      this.#slowedMHz.set(chipIndex, frequencyMHz);
      this.#onEvent({
        what: "chip-slowed",
        where: `chain ${this.#index}`,
        rule: "hardware-errors",
        measured: wrongShare,
        limit: MOST_WRONG,
        action: `chip ${chipIndex} at ${frequencyMHz} MHz`,
        reason: `${(wrongShare * 100).toFixed(1)} % of the nonces of chip ${chipIndex} were wrong`,
      });
    }
  }
}
