/** A chain of chips after bring-up: jobs go out and nonces come in without a promise or a growing allocation. */
import type {
  ChipHealth,
  ChipJob,
  HashChain,
  NonceListener,
  WireCounters,
} from "../../src/hashing/hash-chain.ts";
import type { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { bringUpSteps } from "./bring-up.ts";
import { ChainClock } from "./chain-clock.ts";
import { ChainHealth } from "./chain-health.ts";
import { attributionOf, type ChainPlan, epochMsOf, nonceCoverageOf, planAt } from "./chain-plan.ts";
import type { ChainWire } from "./chain-wire.ts";
import { REQUIRED_ZERO_BITS } from "./chips.ts";
import { writeRegisterOfAll } from "./frame.ts";
import { hashingOff, hashingOn } from "./hash-switch.ts";
import { FullHeaderJobs } from "./job.ts";
import { MIDSTATE_MASK, MidstateJobs } from "./midstate-job.ts";
import {
  type ChipAttribution,
  chipIndexOf,
  coreOf,
  headerNonceOf,
  jobIdOf,
  versionBitsOf,
} from "./nonce.ts";
import { registers } from "./registers.ts";
import { stopChips } from "./stop-chips.ts";
import { ticketBitsOf } from "./ticket-mask.ts";
import { ROLLABLE_MASK, versionRollingRegister } from "./version-rolling.ts";

/** Every capture writes the version mask three times over [C]. */
const VERSION_MASK_WRITES = 3;

export class Bm13xxHashChain implements HashChain {
  readonly chipName: string;
  readonly chipsFound: number;
  readonly ticketZeroBits: number;
  readonly chipJobIds: readonly number[];
  readonly rollableMask: number;
  readonly #wire: ChainWire;
  readonly #clock: Clock;
  /** At the frequency to which the window was fitted last. */
  #plan: ChainPlan;
  readonly #hashScale: number;
  readonly #log: Logger;
  readonly #attribution: ChipAttribution;
  readonly #hashClock: ChainClock;
  readonly #health: ChainHealth;
  readonly #jobs: FullHeaderJobs | MidstateJobs;
  #hashFrame: Uint8Array;
  readonly #idleFrame: Uint8Array;
  readonly #stopping = new AbortController();
  #nonceListeners: readonly { readonly listener: NonceListener }[] = [];
  #versionMask: number;
  #isIdle = false;
  /** "waiting" for a first job where the layout has writes that follow it; then "writing" them. */
  #start: "waiting" | "writing" | "done";
  #closed: Promise<void> | undefined;

  constructor(
    wire: ChainWire,
    clock: Clock,
    plan: ChainPlan,
    chipsFound: number,
    hashScale: number,
    log: Logger,
  ) {
    const { chip, layout } = plan;
    this.chipName = chip.name;
    this.chipsFound = chipsFound;
    this.ticketZeroBits =
      REQUIRED_ZERO_BITS + ticketBitsOf(plan.ticketDifficulty) - Math.log2(hashScale);
    this.chipJobIds = chip.jobIdBytes;
    this.#wire = wire;
    this.#clock = clock;
    this.#plan = plan;
    this.#hashScale = hashScale;
    this.#log = log;
    this.#attribution = attributionOf(plan);
    this.#hashClock = new ChainClock(wire, clock, plan, chipsFound, (frequencyMHz) =>
      this.#fitWindow(frequencyMHz),
    );
    this.#health = new ChainHealth(wire, clock, plan, chipsFound, hashScale, log);
    this.#hashFrame = hashingOn(chip, plan.hashCountingTicks);
    this.#idleFrame = hashingOff(chip);
    this.#start = layout.afterFirstJob === undefined ? "done" : "waiting";
    if (chip.jobFormat === "midstate") {
      const jobs = new MidstateJobs(chip.jobIdBytes);
      this.#jobs = jobs;
      this.rollableMask = MIDSTATE_MASK;
      wire.nonceListener = this.#midstateNonceListener(jobs);
    } else {
      this.#jobs = new FullHeaderJobs(chip.jobIdBytes, layout.jobLengthByte);
      this.rollableMask = ROLLABLE_MASK;
      wire.nonceListener = this.#passNonce;
    }
    this.#versionMask = this.rollableMask;
  }

  get counters(): Readonly<WireCounters> {
    return this.#wire.counters;
  }

  get frequencyMHz(): number {
    return this.#hashClock.frequencyMHz;
  }

  get nominalHps(): number {
    const { frequencyMHz, missingMHz } = this.#hashClock;
    const sumMHz = frequencyMHz * this.chipsFound - missingMHz;
    return (sumMHz * 1e6 * this.#plan.chip.smallCores) / this.#hashScale;
  }

  get nonceCoverage(): number {
    return nonceCoverageOf(this.#plan, this.chipsFound);
  }

  epochMs(rolledBits: number): number {
    return epochMsOf(this.#plan, rolledBits);
  }

  setVersionMask(mask: number): void {
    const rollable = mask & this.rollableMask;
    if (rollable === this.#versionMask) return;
    this.#versionMask = rollable;
    if (!this.#plan.chip.versionRolling) return;
    const register = versionRollingRegister(rollable);
    const frame = writeRegisterOfAll(registers.versionRolling.number, register);
    for (let i = 0; i < VERSION_MASK_WRITES; i++) this.#wire.send(frame);
  }

  /** Throws RangeError for a job id that the chip cannot tell apart. */
  dispatch(job: ChipJob): void {
    const frame = this.#jobs.encode(job, this.#versionMask);
    if (frame === undefined)
      throw new RangeError(`job id ${job.chipJobId}; allowed: ${this.chipJobIds.join(", ")}`);
    if (this.#isIdle && this.#start === "done") this.#wire.send(this.#hashFrame);
    this.#isIdle = false;
    this.#wire.send(frame);
    if (this.#start === "waiting") void this.#afterFirstJob();
  }

  idle(): void {
    this.#isIdle = true;
    this.#wire.send(this.#idleFrame);
  }

  setFrequency(frequencyMHz: number, signal: AbortSignal): Promise<void> {
    return this.#hashClock.set(frequencyMHz, AbortSignal.any([signal, this.#stopping.signal]));
  }

  setChipFrequency(chipIndex: number, frequencyMHz: number | undefined): void {
    this.#hashClock.limitChip(chipIndex, frequencyMHz, this.#stopping.signal);
  }

  readHealth(signal: AbortSignal): Promise<readonly ChipHealth[]> {
    return this.#health.read(AbortSignal.any([signal, this.#stopping.signal]));
  }

  onNonce(listener: NonceListener): Disposable {
    const own = { listener };
    this.#nonceListeners = [...this.#nonceListeners, own];
    return {
      [Symbol.dispose]: () => {
        this.#nonceListeners = this.#nonceListeners.filter((other) => other !== own);
      },
    };
  }

  onGone(listener: (reason: DeviceError) => void): Disposable {
    return this.#wire.uart.onGone(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopping.abort(new DOMException("the chain is closing", "AbortError"));
    this.#wire[Symbol.dispose]();
    await stopChips(this.#wire.uart, this.#clock, this.#plan.chip);
    await this.#wire.uart[Symbol.asyncDispose]();
  }

  readonly #passNonce = (
    nonceWire: number,
    _excess: number,
    idByte: number,
    versionField: number,
  ): void => {
    const chipJobId = jobIdOf(this.#plan.chip, idByte);
    const nonce = headerNonceOf(nonceWire);
    const versionBits = versionBitsOf(versionField);
    const chipIndex = chipIndexOf(nonceWire, this.#attribution);
    const coreIndex = coreOf(nonceWire);
    for (const { listener } of this.#nonceListeners)
      listener(chipJobId, nonce, versionBits, chipIndex, coreIndex);
  };

  #midstateNonceListener(jobs: MidstateJobs): NonNullable<ChainWire["nonceListener"]> {
    const { chip } = this.#plan;
    return (nonceWire, _excess, idByte) => {
      const chipJobId = jobIdOf(chip, idByte);
      const nonce = headerNonceOf(nonceWire);
      const versionBits = jobs.versionBitsOf(idByte);
      const chipIndex = chipIndexOf(nonceWire, this.#attribution);
      const coreIndex = coreOf(nonceWire, chip.nonceCoreShift);
      for (const { listener } of this.#nonceListeners)
        listener(chipJobId, nonce, versionBits, chipIndex, coreIndex);
    };
  }

  /** Chips that are told not to hash are told the new window when they wake. */
  #fitWindow(frequencyMHz: number): void {
    if (this.#stopping.signal.aborted) return;
    const before = this.#plan.hashCountingTicks;
    this.#plan = planAt(this.#plan, frequencyMHz);
    const { chip, hashCountingTicks: ticks } = this.#plan;
    if (chip.hashSwitch !== "hash-counting-number" || ticks === before) return;
    this.#hashFrame = hashingOn(chip, ticks);
    if (!this.#isIdle && this.#start === "done") this.#wire.send(this.#hashFrame);
  }

  /** What the layout writes once the chips have a job, at the spacing of the capture; jobs may overtake it. */
  async #afterFirstJob(): Promise<void> {
    this.#start = "writing";
    const signal = this.#stopping.signal;
    try {
      for (const instruction of this.#plan.layout.afterFirstJob ?? []) {
        if (instruction.do === "hash-counting") {
          this.#start = "done";
          // Work may have ended meanwhile; the next job wakes the chips.
          if (this.#isIdle) continue;
        }
        const plan = { ...this.#plan, versionMask: this.#versionMask };
        for (const step of bringUpSteps(plan, [instruction])) {
          if (step.step !== "send") continue;
          this.#wire.send(step.frame);
          if (step.thenWaitMs > 0) await this.#clock.sleep(step.thenWaitMs, signal);
        }
      }
      this.#start = "done";
    } catch (error) {
      if (signal.aborted) return;
      this.#log.error({ uart: this.#wire.uart.path, err: error }, "chain did not start");
    }
  }
}
