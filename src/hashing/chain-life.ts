/** The life of one chain, performed: what `chain-lifecycle.ts` decides, done to ports, chips and work. */
import type { ChainAllowance, ChainReport } from "../control/guard-link.ts";
import { DeviceError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import { ChainHealth } from "./chain-health.ts";
import {
  type ChainEvent,
  type ChainLifecycleRules,
  type ChainState,
  initialChainState,
  stepChain,
  wantsPower,
} from "./chain-lifecycle.ts";
import { ChainMiner } from "./chain-miner.ts";
import type { HashChain } from "./hash-chain.ts";

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

/** A chain counts as silent when this many nonces should have come and none did: by chance once in e^20. */
const NONCES_MISSED = 20;
const SILENT_AT_LEAST_MS = 10_000;

export class ChainLife {
  readonly index: number;
  readonly start: ChainStart;
  readonly health: ChainHealth;
  readonly #around: ChainSurroundings;
  #state: ChainState;
  #step: string | null = null;
  #chain: HashChain | undefined;
  #miner: ChainMiner | undefined;
  #allowance: ChainAllowance;
  #usedGrant = 0;
  #bringUp: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #closing: Promise<void> = Promise.resolve();
  #nonces = 0;
  #lastNonceMs = 0;
  #frequency: AbortController | undefined;
  #followedMHz: number | undefined;

  constructor(index: number, start: ChainStart, around: ChainSurroundings) {
    this.index = index;
    this.start = start;
    this.#around = around;
    this.health = new ChainHealth(index, (event) => around.onEvent(event));
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
      const good = miner.verifiedNonces;
      if (good !== this.#nonces || !miner.isHashing) this.#lastNonceMs = nowMs;
      this.#nonces = good;
      this.#followFrequency();
      this.health.tick(nowMs);
    }
    this.#take({
      on: "tick",
      silentForMs: miner === undefined ? 0 : nowMs - this.#lastNonceMs,
      silentAfterMs: chain === undefined ? SILENT_AT_LEAST_MS : silentAfterMs(chain),
    });
  }

  report(nowMs: number): ChainReport {
    const { state, health } = this;
    const { hottestC } = health;
    return {
      index: this.index,
      phase: state.at,
      // A grant that was used up is given back first: the chips need the reset that comes with the next one.
      wantsPower: wantsPower(state) && !(state.at === "powering" && this.#holdsUsedGrant),
      grant: this.#allowance.grant,
      frequencyMHz: this.#chain?.frequencyMHz ?? 0,
      chipTemperatureC: hottestC,
      chipTemperatureAgeMs: hottestC === null ? null : health.ageMs(nowMs),
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
    const nowMs = clock.nowMs();
    this.#chain = chain;
    const miner = new ChainMiner(this.index, chain, clock, this.#miner);
    this.#miner = miner;
    this.#nonces = miner.verifiedNonces;
    this.#lastNonceMs = nowMs;
    chain.onGone((error) => {
      if (this.#chain === chain) this.#take({ on: "gone", reason: error.message });
    });
    this.#followedMHz = undefined;
    this.health.begin(chain, miner, chain.chipsFound === this.start.chipsExpected, nowMs);
    this.#take({ on: "up", chipsFound: chain.chipsFound });
    this.#around.onHashing(miner);
    this.#followFrequency();
  }

  /** The chain is closed in its own time; whoever opens the port again waits for that. */
  #letGo(): void {
    this.#frequency?.abort();
    const chain = this.#chain;
    this.#chain = undefined;
    this.health.end();
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
}

function silentAfterMs(chain: HashChain): number {
  const noncesPerSecond = chain.nominalHps / 2 ** chain.ticketZeroBits;
  return Math.max(SILENT_AT_LEAST_MS, (NONCES_MISSED * 1_000) / noncesPerSecond);
}
