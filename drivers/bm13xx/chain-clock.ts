/** The hash clock of a chain that is up: moves all chips in steps, and keeps single ones below the others. */
import type { Clock } from "../../src/ports/clock.ts";
import { RAMP_STEP_WAIT_MS } from "./bring-up.ts";
import { type ChainPlan, commandAddressOf } from "./chain-plan.ts";
import type { ChainWire } from "./chain-wire.ts";
import { clockFrames, type TimedFrame } from "./clock-frames.ts";
import { frequencySteps, solvePll } from "./pll.ts";

/** Makes the window that each core sweeps fit the frequency. */
export type FitWindow = (frequencyMHz: number) => void;

export class ChainClock {
  readonly #wire: ChainWire;
  readonly #clock: Clock;
  readonly #plan: ChainPlan;
  readonly #chips: number;
  readonly #fitWindow: FitWindow;
  /** By index, of the chips that have a limit of their own. */
  readonly #limitsMHz = new Map<number, number>();
  #frequencyMHz: number;
  #change: AbortController | undefined;

  constructor(wire: ChainWire, clock: Clock, plan: ChainPlan, chips: number, fitWindow: FitWindow) {
    this.#wire = wire;
    this.#clock = clock;
    this.#plan = plan;
    this.#chips = chips;
    this.#fitWindow = fitWindow;
    this.#frequencyMHz = plan.frequencyMHz;
  }

  get frequencyMHz(): number {
    return this.#frequencyMHz;
  }

  /** Sum over all chips of what each makes less than `frequencyMHz`. */
  get missingMHz(): number {
    let missing = 0;
    for (const limitMHz of this.#limitsMHz.values())
      missing += Math.max(0, this.#frequencyMHz - limitMHz);
    return missing;
  }

  /**
   * Moves all chips there, resolves when the last step has settled. A window is made smaller before a step up and larger
   * only after a step down has settled, so that no core ever sweeps into its neighbour's nonces.
   */
  async set(wishedMHz: number, signal: AbortSignal): Promise<void> {
    const target = solvePll(this.#plan.chip.pll, wishedMHz).frequencyMHz;
    this.#change?.abort(new DOMException("another frequency was asked for", "AbortError"));
    const own = new AbortController();
    this.#change = own;
    const stop = AbortSignal.any([signal, own.signal]);
    try {
      for (const stepMHz of frequencySteps(this.#frequencyMHz, target)) {
        stop.throwIfAborted();
        const frequencyMHz = solvePll(this.#plan.chip.pll, stepMHz).frequencyMHz;
        const isUp = frequencyMHz > this.#frequencyMHz;
        if (isUp) this.#fitWindow(frequencyMHz);
        await this.#send(this.#framesFor(frequencyMHz), stop);
        this.#frequencyMHz = frequencyMHz;
        await this.#clock.sleep(RAMP_STEP_WAIT_MS, stop);
        if (!isUp) this.#fitWindow(frequencyMHz);
      }
      stop.throwIfAborted();
    } finally {
      // Who takes over knows where it goes; otherwise the window is left as the last step made needs it.
      if (this.#change === own) {
        this.#change = undefined;
        if (!own.signal.aborted) this.#fitWindow(this.#frequencyMHz);
      }
    }
  }

  /** Throws RangeError for a chip that is not there and for what the PLL cannot make. */
  limitChip(index: number, wishedMHz: number | undefined, signal: AbortSignal): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.#chips)
      throw new RangeError(`chip ${index}; allowed: 0 to ${this.#chips - 1}`);
    if (wishedMHz === undefined) this.#limitsMHz.delete(index);
    else this.#limitsMHz.set(index, solvePll(this.#plan.chip.pll, wishedMHz).frequencyMHz);
    const frames = this.#framesOf(index, this.#frequencyMHz);
    this.#send([frames], signal).catch(() => {});
  }

  /** One list for all chips, or one per chip where some have a limit: a broadcast would lift it for a moment. */
  #framesFor(frequencyMHz: number): readonly (readonly TimedFrame[])[] {
    if (this.#limitsMHz.size === 0) return [clockFrames(this.#plan.chip, frequencyMHz)];
    return Array.from({ length: this.#chips }, (_, index) => this.#framesOf(index, frequencyMHz));
  }

  #framesOf(index: number, frequencyMHz: number): readonly TimedFrame[] {
    const own = Math.min(frequencyMHz, this.#limitsMHz.get(index) ?? frequencyMHz);
    return clockFrames(this.#plan.chip, own, commandAddressOf(this.#plan, index));
  }

  /** The first frames of all lists, then the second ones, and so on. */
  async #send(lists: readonly (readonly TimedFrame[])[], signal: AbortSignal): Promise<void> {
    const [some = []] = lists;
    for (const [i, { thenWaitMs }] of some.entries()) {
      for (const frames of lists) {
        const timed = frames[i];
        if (timed !== undefined) this.#wire.send(timed.frame);
      }
      if (thenWaitMs > 0) await this.#clock.sleep(thenWaitMs, signal);
    }
  }
}
