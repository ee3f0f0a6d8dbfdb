/** The life of one chain, performed: what `chain-lifecycle.ts` decides, done to ports, chips and work. */
import type { ChainAllowance, ChainReport } from "../control/guard-link.ts";
import { DeviceError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import {
  type ChainEvent,
  type ChainLifecycleRules,
  type ChainState,
  initialChainState,
  stepChain,
  wantsPower,
} from "./chain-lifecycle.ts";
import { ChainMiner } from "./chain-miner.ts";
import { MOST_WRONG } from "./chip-errors.ts";
import { type ChipCounters, CounterCheck, noCounters } from "./counter-check.ts";
import type { ChipHealth, HashChain } from "./hash-chain.ts";

/** A chain that shall hash: what is known before it is up, and how to bring it up. */
export interface ChainStart {
  readonly uart: string;
  readonly chip: string;
  readonly chipsExpected: number;
  /** What the operator wants until an allowance says otherwise. */
  readonly frequencyMHz: number;
  /** Whatever anybody wants. */
  readonly highestFrequencyMHz: number;
  /** With fewer chips than expected it may hash all the same, sooner or later. */
  readonly mayRunWithFewerChips: boolean;
  /** Brings the chips up; the caller owns the chain from then on. */
  bringUp(request: BringUpRequest): Promise<HashChain>;
}

export interface BringUpRequest {
  readonly signal: AbortSignal;
  readonly acceptFewerChips: boolean;
  /** Where the ramp ends. */
  readonly frequencyMHz: number;
  /** Asked before every step up. */
  readonly frequencyLimitMHz: () => number;
  readonly onStep: (step: string) => void;
}

/** What a chain needs of the rest of the miner. */
export interface ChainSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly rules: ChainLifecycleRules;
  onHashing(miner: ChainMiner): void;
  onGone(miner: ChainMiner): void;
  onEvent(event: UntimedEvent): void;
}

/** Between two questions to the chips about themselves. */
const HEALTH_PERIOD_MS = 5_000;
/** A chain counts as silent when this many nonces should have come and none did: by chance once in e^20. */
const NONCES_MISSED = 20;
const SILENT_AT_LEAST_MS = 10_000;

export class ChainLife {
  readonly index: number;
  readonly start: ChainStart;
  readonly #around: ChainSurroundings;
  #state: ChainState;
  #step: string | null = null;
  #chain: HashChain | undefined;
  #miner: ChainMiner | undefined;
  #allowance: ChainAllowance;
  #usedGrant = 0;
  /** Chips that were slowed stay so when the chain is brought up again. */
  readonly #slowedMHz = new Map<number, number>();
  #bringUp: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #closing: Promise<void> = Promise.resolve();
  #health: readonly ChipHealth[] = [];
  #healthAtMs = Number.NEGATIVE_INFINITY;
  #isAskingHealth = false;
  #counterCheck: CounterCheck | undefined;
  #counters: ChipCounters = noCounters;
  /** Verified nonces of earlier bring-ups, which this one's counters know nothing of. */
  #noncesBefore = 0;
  #nonces = 0;
  #lastNonceMs = 0;
  #frequency: AbortController | undefined;
  #followedMHz: number | undefined;

  constructor(index: number, start: ChainStart, around: ChainSurroundings) {
    this.index = index;
    this.start = start;
    this.#around = around;
    this.#state = initialChainState;
    this.#allowance = {
      ...{ index, grant: 0, reason: null },
      ...{ targetFrequencyMHz: null, frequencyCapMHz: 0 },
    };
  }

  get state(): ChainState {
    return this.#state;
  }

  /** What bring-up is at, as the driver calls it. */
  get step(): string | null {
    return this.#step;
  }

  get chain(): HashChain | undefined {
    return this.#chain;
  }

  get miner(): ChainMiner | undefined {
    return this.#miner;
  }

  get health(): readonly ChipHealth[] {
    return this.#health;
  }

  /** What the chips count themselves, held against the nonces that came. */
  get counters(): ChipCounters {
    return this.#counters;
  }

  /** Why the guard gives no power, or less frequency than wanted. */
  get allowanceReason(): string | null {
    return this.#allowance.reason;
  }

  /** The guard's word. */
  allow(allowance: ChainAllowance): void {
    const before = this.#allowance;
    this.#allowance = allowance;
    if (allowance.grant === 0 && before.grant !== 0)
      this.#take({ on: "revoked", reason: allowance.reason ?? "the guard took power back" });
    this.#useGrant();
    this.#followFrequency();
  }

  /** The operator's word. */
  want(isWanted: boolean, reason: string): void {
    this.#take(isWanted ? { on: "wanted" } : { on: "unwanted", reason });
    this.#useGrant();
  }

  /** The operator's word, too: at once, whatever pause it is in. */
  retry(): void {
    this.#take({ on: "retried" });
    this.#useGrant();
  }

  get #holdsUsedGrant(): boolean {
    const { grant } = this.#allowance;
    return grant !== 0 && grant === this.#usedGrant;
  }

  /** Each grant is good for one bring-up: after it the chips need the reset that comes with the next one. */
  #useGrant(): void {
    const { grant } = this.#allowance;
    if (grant === 0 || this.#holdsUsedGrant || this.#state.at !== "powering") return;
    this.#usedGrant = grant;
    this.#take({ on: "granted", grant });
  }

  tick(nowMs: number): void {
    const { miner, chain } = { miner: this.#miner, chain: this.#chain };
    if (miner !== undefined && chain !== undefined) {
      const good = verifiedNonces(miner);
      if (good !== this.#nonces || !miner.isHashing) this.#lastNonceMs = nowMs;
      this.#nonces = good;
      this.#followFrequency();
      if (nowMs - this.#healthAtMs >= HEALTH_PERIOD_MS) void this.#askHealth(chain, nowMs);
    }
    this.#take({
      on: "tick",
      silentForMs: miner === undefined ? 0 : nowMs - this.#lastNonceMs,
      silentAfterMs: chain === undefined ? SILENT_AT_LEAST_MS : silentAfterMs(chain),
    });
  }

  report(nowMs: number): ChainReport {
    const { state } = this;
    const hottest = this.#health.reduce<number | null>(
      (most, { temperatureC }) =>
        temperatureC === null ? most : Math.max(most ?? Number.NEGATIVE_INFINITY, temperatureC),
      null,
    );
    return {
      index: this.index,
      phase: state.at,
      // A grant that was used up is given back first: the chips need the reset that comes with the next one.
      wantsPower: wantsPower(state) && !(state.at === "powering" && this.#holdsUsedGrant),
      grant: this.#allowance.grant,
      frequencyMHz: this.#chain?.frequencyMHz ?? 0,
      chipTemperatureC: hottest,
      chipTemperatureAgeMs: hottest === null ? null : nowMs - this.#healthAtMs,
    };
  }

  /** Tells the chips to stop, before it returns; used when power goes away, or nobody watches any more. */
  hashingOff(): void {
    this.#bringUp?.abort.abort(new DOMException("hashing off", "AbortError"));
    this.#frequency?.abort();
    this.#miner?.stop();
  }

  /** Chips quiet, port closed. */
  async close(): Promise<void> {
    this.#frequency?.abort();
    this.#bringUp?.abort.abort(new DOMException("stopping", "AbortError"));
    await this.#bringUp?.done;
    this.#letGo();
    await this.#closing;
  }

  #take(event: ChainEvent): void {
    const nowMs = this.#around.clock.nowMs();
    const facts = {
      chipsExpected: this.start.chipsExpected,
      mayRunWithFewerChips: this.start.mayRunWithFewerChips,
      frequencyMHz: this.#chain?.frequencyMHz ?? 0,
    };
    const { state, effects, events } = stepChain(
      this.#state,
      event,
      nowMs,
      this.#around.rules,
      facts,
    );
    this.#state = state;
    for (const told of events) this.#around.onEvent({ ...told, where: `chain ${this.index}` });
    for (const effect of effects) {
      switch (effect.do) {
        case "bring-up":
          this.#beginBringUp(effect.acceptFewerChips);
          break;
        case "abort-bring-up":
          this.#bringUp?.abort.abort(new DOMException("not wanted any more", "AbortError"));
          break;
        case "close":
          this.#letGo();
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #beginBringUp(acceptFewerChips: boolean): void {
    const abort = new AbortController();
    const done = this.#runBringUp(abort, acceptFewerChips);
    this.#bringUp = { abort, done };
  }

  async #runBringUp(abort: AbortController, acceptFewerChips: boolean): Promise<void> {
    // The port of the last attempt may not be free yet.
    await this.#closing;
    let chain: HashChain;
    try {
      chain = await this.start.bringUp({
        signal: abort.signal,
        acceptFewerChips,
        frequencyMHz: this.#wantedMHz,
        frequencyLimitMHz: () => this.#limitMHz(),
        onStep: (step) => {
          if (abort.signal.aborted) return;
          this.#step = step;
          this.#take({ on: "phase", phase: step });
        },
      });
    } catch (error) {
      this.#step = null;
      if (abort.signal.aborted) return;
      if (!(error instanceof DeviceError)) throw error;
      this.#take({ on: "failed", code: error.code, reason: error.message });
      return;
    }
    this.#step = null;
    if (abort.signal.aborted) {
      await chain[Symbol.asyncDispose]();
      return;
    }
    this.#adopt(chain);
  }

  #adopt(chain: HashChain): void {
    const { clock } = this.#around;
    this.#chain = chain;
    const miner = new ChainMiner(this.index, chain, clock, this.#miner);
    this.#miner = miner;
    this.#nonces = verifiedNonces(miner);
    this.#noncesBefore = this.#nonces;
    this.#counterCheck = new CounterCheck(2 ** chain.ticketZeroBits);
    this.#lastNonceMs = clock.nowMs();
    this.#healthAtMs = clock.nowMs();
    chain.onGone((error) => {
      if (this.#chain === chain) this.#take({ on: "gone", reason: error.message });
    });
    this.#followedMHz = undefined;
    if (chain.chipsFound === this.start.chipsExpected)
      for (const [chipIndex, frequencyMHz] of this.#slowedMHz)
        if (frequencyMHz < chain.frequencyMHz) chain.setChipFrequency(chipIndex, frequencyMHz);
    this.#take({ on: "up", chipsFound: chain.chipsFound });
    this.#around.onHashing(miner);
    this.#followFrequency();
  }

  /** The chain is closed in its own time; whoever opens the port again waits for that. */
  #letGo(): void {
    this.#frequency?.abort();
    const chain = this.#chain;
    this.#chain = undefined;
    this.#health = [];
    this.#counters = noCounters;
    if (chain === undefined) return;
    if (this.#miner !== undefined) this.#around.onGone(this.#miner);
    this.#closing = Promise.all([this.#closing, chain[Symbol.asyncDispose]()]).then(
      () => {},
      (error: unknown) =>
        this.#around.log.warn({ chain: this.index, err: error }, "chain did not close in order"),
    );
  }

  #limitMHz(): number {
    const { maxMHz = Number.POSITIVE_INFINITY } = this.#state;
    return Math.min(this.#wantedMHz, this.#allowance.frequencyCapMHz, maxMHz);
  }

  get #wantedMHz(): number {
    const { frequencyMHz, highestFrequencyMHz } = this.start;
    return Math.min(this.#allowance.targetFrequencyMHz ?? frequencyMHz, highestFrequencyMHz);
  }

  #followFrequency(): void {
    const chain = this.#chain;
    if (chain === undefined) return;
    const limitMHz = this.#limitMHz();
    if (limitMHz === this.#followedMHz) return;
    this.#followedMHz = limitMHz;
    this.#frequency?.abort();
    if (limitMHz <= 0 || limitMHz === chain.frequencyMHz) return;
    const abort = new AbortController();
    this.#frequency = abort;
    chain.setFrequency(limitMHz, abort.signal).catch((error: unknown) => {
      if (abort.signal.aborted || this.#chain !== chain) return;
      this.#around.log.warn({ chain: this.index, limitMHz, err: error }, "frequency not reached");
    });
  }

  #compareCounters(health: readonly ChipHealth[]): void {
    if (this.#counterCheck === undefined) return;
    const wasShort = this.#counters.isShort;
    this.#counters = this.#counterCheck.take(health, this.#nonces - this.#noncesBefore);
    const { isShort, nonceShare } = this.#counters;
    if (!isShort || wasShort || nonceShare === null) return;
    this.#around.onEvent({
      what: "nonces-missing",
      where: `chain ${this.index}`,
      rule: "counter-mismatch",
      measured: nonceShare,
      limit: null,
      action: "tell",
      reason: `${(nonceShare * 100).toFixed(0)} % of the nonces came that the chips' own counters stand for`,
    });
  }

  #slowBadChips(chain: HashChain): void {
    const slowed = this.#miner?.chipErrors.judge(chain.frequencyMHz) ?? [];
    for (const { chipIndex, frequencyMHz, wrongShare } of slowed) {
      chain.setChipFrequency(chipIndex, frequencyMHz);
      this.#slowedMHz.set(chipIndex, frequencyMHz);
      this.#around.onEvent({
        what: "chip-slowed",
        where: `chain ${this.index}`,
        rule: "hardware-errors",
        measured: wrongShare,
        limit: MOST_WRONG,
        action: `chip ${chipIndex} at ${frequencyMHz} MHz`,
        reason: `${(wrongShare * 100).toFixed(1)} % of the nonces of chip ${chipIndex} were wrong`,
      });
    }
  }

  async #askHealth(chain: HashChain, nowMs: number): Promise<void> {
    if (this.#isAskingHealth) return;
    this.#isAskingHealth = true;
    try {
      const abort = new AbortController();
      const health = await chain.readHealth(abort.signal);
      if (this.#chain !== chain) return;
      this.#health = health;
      this.#healthAtMs = nowMs;
      this.#compareCounters(health);
      this.#slowBadChips(chain);
    } catch {
      // A chain that is going away answers nothing; one that is silent shows it by its nonces.
    } finally {
      this.#isAskingHealth = false;
    }
  }
}

/** Each stands for the same work, whatever became of it afterwards; a duplicate stands for none. */
function verifiedNonces({ outcomes }: ChainMiner): number {
  return outcomes.submit + outcomes["below-share-target"] + outcomes.stale;
}

function silentAfterMs(chain: HashChain): number {
  const noncesPerSecond = chain.nominalHps / 2 ** chain.ticketZeroBits;
  return Math.max(SILENT_AT_LEAST_MS, (NONCES_MISSED * 1_000) / noncesPerSecond);
}
