/** A chain of chips after bring-up: jobs go out and nonces come in without a promise or a growing allocation. */
import type {
  ChipJob,
  HashChain,
  NonceListener,
  WireCounters,
} from "../../src/hashing/hash-chain.ts";
import type { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { bringUpSteps, type ChainPlan } from "./bring-up.ts";
import { hasNonceOffsets, sliceNoncesOf } from "./chain-options.ts";
import type { ChainWire } from "./chain-wire.ts";
import { JOB_LENGTH_BYTES, REQUIRED_ZERO_BITS } from "./chips.ts";
import { writeRegisterOfAll } from "./frame.ts";
import { epochMs, nonceCoverage } from "./hash-counting.ts";
import { encodeJob } from "./job.ts";
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
  readonly frequencyMHz: number;
  readonly nominalHps: number;
  readonly ticketZeroBits: number;
  readonly chipJobIds: readonly number[];
  readonly nonceCoverage: number;
  readonly rollableMask = ROLLABLE_MASK;
  readonly #wire: ChainWire;
  readonly #clock: Clock;
  readonly #plan: ChainPlan;
  readonly #log: Logger;
  readonly #attribution: ChipAttribution;
  /** One per job id: the UART borrows a frame until it has left, and an id comes round only after all the others. */
  readonly #jobFrames: readonly (Uint8Array | undefined)[];
  readonly #hashFrame: Uint8Array;
  readonly #idleFrame = writeRegisterOfAll(registers.hashCountingNumber.number, 0);
  readonly #stopping = new AbortController();
  #nonceListeners: readonly { readonly listener: NonceListener }[] = [];
  #versionMask = ROLLABLE_MASK;
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
    const { chip, layout, frequencyMHz, hashCountingTicks: ticks } = plan;
    this.chipName = chip.name;
    this.chipsFound = chipsFound;
    this.frequencyMHz = frequencyMHz;
    this.nominalHps = (frequencyMHz * 1e6 * chip.smallCores * chipsFound) / hashScale;
    this.ticketZeroBits =
      REQUIRED_ZERO_BITS + ticketBitsOf(plan.ticketDifficulty) - Math.log2(hashScale);
    this.chipJobIds = chip.jobIdBytes;
    this.nonceCoverage = nonceCoverage({
      cores: chip.cores,
      chips: chipsFound,
      frequencyMHz,
      ticks,
      sliceNonces: sliceNoncesOf(plan),
    });
    this.#wire = wire;
    this.#clock = clock;
    this.#plan = plan;
    this.#log = log;
    this.#attribution = hasNonceOffsets(layout)
      ? { by: "offset-range", chips: plan.chipCount }
      : { by: "address-field", addressInterval: plan.addressInterval };
    const frames: (Uint8Array | undefined)[] = new Array(256).fill(undefined);
    for (const id of chip.jobIdBytes) frames[id] = new Uint8Array(JOB_LENGTH_BYTES);
    this.#jobFrames = frames;
    this.#hashFrame = writeRegisterOfAll(registers.hashCountingNumber.number, ticks);
    this.#start = layout.afterFirstJob === undefined ? "done" : "waiting";
    wire.nonceListener = this.#passNonce;
  }

  get counters(): Readonly<WireCounters> {
    return this.#wire.counters;
  }

  epochMs(rolledBits: number): number {
    return epochMs(this.#plan.hashCountingTicks, rolledBits, this.#plan.chip.versionsPerSweep);
  }

  setVersionMask(mask: number): void {
    const rollable = mask & ROLLABLE_MASK;
    if (rollable === this.#versionMask) return;
    this.#versionMask = rollable;
    const register = versionRollingRegister(rollable);
    const frame = writeRegisterOfAll(registers.versionRolling.number, register);
    for (let i = 0; i < VERSION_MASK_WRITES; i++) this.#wire.send(frame);
  }

  /** Throws RangeError for a job id that the chip cannot tell apart. */
  dispatch(job: ChipJob): void {
    const frame = this.#jobFrames[job.chipJobId];
    if (frame === undefined)
      throw new RangeError(`job id ${job.chipJobId}; allowed: ${this.chipJobIds.join(", ")}`);
    encodeJob(frame, job, this.#plan.layout.jobLengthByte);
    if (this.#isIdle && this.#start === "done") this.#wire.send(this.#hashFrame);
    this.#isIdle = false;
    this.#wire.send(frame);
    if (this.#start === "waiting") void this.#afterFirstJob();
  }

  idle(): void {
    this.#isIdle = true;
    this.#wire.send(this.#idleFrame);
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
    this.#stopping.abort();
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
