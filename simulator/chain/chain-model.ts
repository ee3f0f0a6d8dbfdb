/** A hashboard's chain of chips as its host sees it: bytes in, bytes out, a reset line, and its supply. */

import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type {
  ChainGeometry,
  ChainHit,
  ChainSearcher,
  ChipSweep,
  SearchJob,
} from "../hashing/chain-searcher.ts";
import { addressedBy, beginAddressing, giveAddress } from "./addressing.ts";
import { AnswerLine, type QueuedAnswer } from "./answer-line.ts";
import type { ChainModelCounters, ChainModelOptions } from "./chain-options.ts";
import { ChainWork } from "./chain-work.ts";
import { ChipModel, type ChipView } from "./chip-model.ts";
import { combineFaults, type FaultState } from "./fault-state.ts";
import type { ChainFault, TimedFault } from "./faults.ts";
import {
  byteWithErrors,
  damaged,
  garbledByte,
  switchGarbage,
  understandEachOther,
} from "./line-damage.ts";
import { NonceReporter } from "./nonce-reporter.ts";
import { SeededRandom } from "./random.ts";
import { type ChipCommand, CommandFramer, encodeRegisterAnswer } from "./wire.ts";

export class ChainModel implements Disposable {
  readonly #options: ChainModelOptions;
  readonly #clock: Clock;
  readonly #searcher: ChainSearcher;
  readonly #random: SeededRandom;
  readonly #chips: readonly ChipModel[];
  readonly #framer: CommandFramer;
  readonly #line: AnswerLine;
  readonly #work = new ChainWork();
  readonly #reporter: NonceReporter;
  readonly #transmitted = new Signal<Uint8Array>();
  readonly #faults = new Set<ChainFault>();
  readonly #scheduled = new Set<Disposable>();
  readonly #hits: Disposable;
  #faultState: FaultState = combineFaults([]);
  /** Chips that hear and answer, nearest first. */
  #working: readonly ChipModel[];
  #lastHostBaudRate: number | undefined;
  #isPowered = true;
  #isHeldInReset = false;
  #hasPublishedJob = false;
  #publishedSweeps: readonly ChipSweep[] = [];
  /** `undefined`: to be added up again. */
  #activeMHz: number | undefined;
  #commandsReceived = 0;
  #jobsReceived = 0;

  constructor(options: ChainModelOptions) {
    const { chip, chipCount, requiredZeroBits } = options;
    if (!Number.isInteger(chipCount) || chipCount < 1)
      throw new RangeError(`chain: ${chipCount} chips; allowed: a whole number from 1`);
    if (!Number.isInteger(requiredZeroBits) || requiredZeroBits < 0 || requiredZeroBits > 32)
      throw new RangeError(`chain: ${requiredZeroBits} required zero bits; allowed: 0 to 32`);
    this.#options = options;
    this.#clock = options.clock;
    this.#searcher = options.searcher;
    const scale = options.scale ?? 2 ** (32 - requiredZeroBits);
    const random = new SeededRandom(options.seed);
    this.#random = random;
    this.#chips = Array.from(
      { length: chipCount },
      (_, index) => new ChipModel({ chip, index, requiredZeroBits, scale }),
    );
    this.#working = this.#chips;
    this.#framer = new CommandFramer((command) => this.#obey(command), chip.jobFormat);
    const line = new AnswerLine(options.clock, (answer) => this.#transmit(answer));
    this.#line = line;
    this.#reporter = new NonceReporter({ chip, requiredZeroBits, work: this.#work, line, random });
    this.#hits = options.searcher.onHit((hit) => this.#report(hit));
    for (const fault of options.faults ?? []) this.addFault(fault);
  }

  /** Nearest to the host first. */
  get chips(): readonly ChipView[] {
    return this.#chips;
  }

  get counters(): ChainModelCounters {
    return {
      commandsReceived: this.#commandsReceived,
      jobsReceived: this.#jobsReceived,
      checksumErrors: this.#framer.checksumErrors,
      bytesDropped: this.#framer.bytesDropped,
    };
  }

  /** At what rate all chips together hash right now, after scaling; 0 while nothing is to be hashed. */
  get hashesPerSecond(): number {
    if (!this.#work.hasJob) return 0;
    return this.#sweeps().reduce((total, sweep) => total + sweep.hashesPerSecond, 0);
  }

  /** Sum over the chips of their clock times their activity: what their dynamic power goes by. Costs nothing to ask. */
  get activeMHz(): number {
    this.#activeMHz ??= this.#chips.reduce(
      (total, { frequencyMHz, activity }) => total + frequencyMHz * activity,
      0,
    );
    return this.#activeMHz;
  }

  /** Hashes really made for a chip since the start. */
  hashesDone(chipIndex: number): number {
    return this.#searcher.hashesDone(chipIndex);
  }

  /** Bytes that the host sends at its rate. They have arrived when this is called: the line's time is the caller's. */
  receive(bytes: Uint8Array, hostBaudRate: number): void {
    this.#lastHostBaudRate = hostBaudRate;
    for (const byte of bytes) {
      // Asked for every byte: a command in this chunk may change the rate for the next one.
      const nearest = this.#working[0];
      if (nearest === undefined || this.#isHeldInReset || !this.#isPowered) continue;
      const isUnderstood = understandEachOther(hostBaudRate, nearest.baudRate);
      const heard = isUnderstood ? byte : garbledByte(this.#random);
      this.#framer.push(byteWithErrors(heard, this.#faultState.bitErrors, this.#random));
    }
  }

  /** What the chips send, when its last bit has left. The bytes are the listener's. */
  onTransmit(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#transmitted.on(listener);
  }

  get isPowered(): boolean {
    return this.#isPowered;
  }

  /** Off: the chips are deaf, mute and without work; when it comes back they know nothing of before. A fresh chain is on. */
  setPower(on: boolean): void {
    if (on === this.#isPowered) return;
    this.#isPowered = on;
    this.#forgetAll();
  }

  /** Held: all chips are in their reset state, deaf, mute and without work. A fresh chain is not held. */
  setReset(held: boolean): void {
    this.#isHeldInReset = held;
    this.#forgetAll();
  }

  /** How hot a chip's die is, for those that can tell. It outlasts resets. Throws RangeError for a chip that is not there. */
  setChipTemperatureC(chipIndex: number | "all", temperatureC: number): void {
    if (chipIndex === "all") {
      for (const chip of this.#chips) chip.temperatureC = temperatureC;
      return;
    }
    const chip = this.#chips[chipIndex];
    if (chip === undefined)
      throw new RangeError(`chain: chip ${chipIndex}; allowed: 0 to ${this.#chips.length - 1}`);
    chip.temperatureC = temperatureC;
  }

  /** A timed fault counts from now. */
  addFault(fault: ChainFault | TimedFault): void {
    if (!("fromMs" in fault)) {
      this.#faults.add(fault);
      if (fault.fault === "board-reset") this.#forgetAll();
      this.#applyFaults();
      return;
    }
    this.#after(fault.fromMs, () => this.addFault(fault.fault));
    if (fault.untilMs !== undefined)
      this.#after(fault.untilMs, () => this.removeFault(fault.fault));
  }

  /** The same value that was added; nothing happens when it is not there. */
  removeFault(fault: ChainFault): void {
    this.#faults.delete(fault);
    this.#applyFaults();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#scheduled) timer[Symbol.dispose]();
    this.#line.clear();
    this.#hits[Symbol.dispose]();
    this.#searcher[Symbol.dispose]();
  }

  #forgetAll(): void {
    this.#framer.clear();
    this.#line.clear();
    for (const chip of this.#chips) chip.reset(this.hashesDone(chip.index));
    this.#work.clear();
    this.#publish();
  }

  #after(delayMs: number, run: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#scheduled.delete(timer);
      run();
    });
    this.#scheduled.add(timer);
  }

  #applyFaults(): void {
    this.#faultState = combineFaults(this.#faults);
    const { brokenFrom, dead, missing } = this.#faultState;
    for (const chip of this.#chips) chip.isDead = dead.has(chip.index) || missing.has(chip.index);
    this.#working = this.#chips.filter(({ index, isDead }) => index < brokenFrom && !isDead);
    this.#publish();
  }

  #isWorking({ index, isDead }: ChipModel): boolean {
    return index < this.#faultState.brokenFrom && !isDead;
  }

  #obey(command: ChipCommand): void {
    this.#commandsReceived++;
    const hostBaudRate = this.#lastHostBaudRate ?? 0;
    const hearing = this.#working.filter((chip) =>
      understandEachOther(hostBaudRate, chip.baudRate),
    );
    switch (command.op) {
      case "chain-inactive":
        beginAddressing(hearing);
        break;
      case "set-address":
        giveAddress(hearing, command.address);
        break;
      case "read":
        for (const chip of addressedBy(command, hearing)) this.#answer(chip, command.register);
        return;
      case "write":
        this.#write(command, addressedBy(command, hearing));
        break;
      case "job":
      case "midstate-job":
        this.#takeJob(command.idByte, command, hearing);
        break;
    }
    this.#publish();
  }

  #write(command: ChipCommand & { op: "write" }, chips: readonly ChipModel[]): void {
    const rateBefore = chips[0]?.baudRate;
    for (const chip of chips)
      chip.write(command.register, command.value, this.hashesDone(chip.index));
    if (!this.#faultState.hasGarbageAtBaudSwitch || chips[0]?.baudRate === rateBefore) return;
    const garbage = switchGarbage(this.#random);
    this.#after(this.#random.below(SWITCH_MS), () => {
      if (this.#isPowered) this.#transmitted.emit(garbage);
    });
  }

  #takeJob(idByte: number, job: SearchJob, hearing: readonly ChipModel[]): void {
    this.#jobsReceived++;
    const { stuckOnJob } = this.#faultState;
    const taking = hearing.filter(({ index }) => !stuckOnJob.has(index));
    if (taking.length === 0) return;
    const stuck = hearing.filter(({ index }) => stuckOnJob.has(index));
    const stillHashed = new Set(stuck.flatMap((chip) => chip.jobGeneration ?? []));
    const generation = this.#work.take(idByte, job, stillHashed);
    for (const chip of taking) chip.takeJob(generation);
    // Whoever reads such an answer would take it for one to the new job.
    this.#line.dropQueued(({ jobIdByte }) => jobIdByte === idByte);
  }

  #answer(chip: ChipModel, register: number): void {
    const { wrongId } = this.#faultState;
    const read = chip.read(register, this.hashesDone(chip.index));
    const value = register === 0 && wrongId.has(chip.index) ? (read ^ WRONG_ID_BITS) >>> 0 : read;
    this.#line.enqueue({
      bytes: encodeRegisterAnswer(value, chip.address, register, chip.answerForm),
      chipIndex: chip.index,
      jobIdByte: undefined,
      gapBits: relayGapBits(chip),
      baudRate: () => chip.baudRate,
    });
  }

  #report(hit: ChainHit): void {
    const chip = this.#chips[hit.chipIndex];
    if (chip !== undefined && this.#isWorking(chip))
      this.#reporter.report(hit, chip, this.#faultState);
  }

  #transmit(answer: QueuedAnswer): void {
    const faults = this.#faultState;
    const chip = this.#chips[answer.chipIndex] as ChipModel;
    if (faults.isSilent || !this.#isWorking(chip)) return;
    const hostBaudRate = this.#options.hostBaudRate?.() ?? this.#lastHostBaudRate;
    const isUnderstood =
      hostBaudRate === undefined || understandEachOther(hostBaudRate, chip.baudRate);
    const sent = damaged(answer.bytes, isUnderstood, faults, this.#random);
    this.#transmitted.emit(sent);
  }

  /** While there was no job and is none, bring-up would only make the searcher look at nothing. */
  #publish(): void {
    this.#activeMHz = undefined;
    const { hasJob } = this.#work;
    if (!hasJob && !this.#hasPublishedJob) return;
    this.#hasPublishedJob = hasJob;
    const sweeps = this.#sweeps();
    // The same value says that only the job is new.
    if (sweeps.some((sweep, i) => sweep !== this.#publishedSweeps[i]))
      this.#publishedSweeps = sweeps;
    this.#searcher.publish(this.#work.plan(this.#publishedSweeps));
  }

  #sweeps(): readonly ChipSweep[] {
    return this.#chips.map((chip) => {
      // What nobody hears need not be hashed.
      if (!this.#isWorking(chip) || this.#work.find(chip.jobGeneration) === undefined)
        return chip.standingStill;
      return chip.jobGeneration === this.#work.generation
        ? chip.sweep
        : { ...chip.sweep, jobGeneration: chip.jobGeneration };
    });
  }
}

/** What a searcher must know of a chain of these chips. */
export function geometryOf(
  chip: Bm13xxChip,
  chipCount: number,
  requiredZeroBits: number,
): ChainGeometry {
  if (chip.jobFormat === "full")
    return {
      chipCount,
      cores: chip.cores,
      coreShift: chip.nonceCoreShift,
      versionsPerSweep: chip.smallCoresPerCore,
      requiredZeroBits,
    };
  // The small core lies in the nonce, right below the core [D].
  return {
    chipCount,
    cores: chip.cores * chip.smallCoresPerCore,
    coreShift: chip.nonceCoreShift - Math.log2(chip.smallCoresPerCore),
    versionsPerSweep: chip.versionsPerSweep,
    requiredZeroBits,
  };
}

/** Within so much time garbage of a change of rate arrives; hosts wait 60 ms for the end of it [?]. */
const SWITCH_MS = 100;

/** 1362 becomes 1397, and so on: an id that is not of the family. */
const WRONG_ID_BITS = 0x00f50000;

const UART_RELAY = 0x2c;

/** Silence after an answer where relaying is on, in bit times [?: the unit]. */
function relayGapBits(chip: ChipModel): number {
  const word = chip.register(UART_RELAY);
  return (word & 3) !== 0 ? word >>> 16 : 0;
}
