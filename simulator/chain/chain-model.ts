/** A hashboard's chain of chips as its host sees it: bytes in, bytes out, and a reset line. */

import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type {
  ChainGeometry,
  ChainHit,
  ChainSearcher,
  ChipSweep,
} from "../hashing/chain-searcher.ts";
import { AnswerLine, type QueuedAnswer } from "./answer-line.ts";
import type { ChainModelCounters, ChainModelOptions } from "./chain-options.ts";
import { ChipModel, type ChipView } from "./chip-model.ts";
import { type ChainFault, combineFaults, type FaultState, type TimedFault } from "./faults.ts";
import { byteWithErrors, damaged, garbledByte, understandEachOther } from "./line-damage.ts";
import { bitCount, type FoundNonce, nonceAnswer } from "./nonce-answer.ts";
import { SeededRandom } from "./random.ts";
import { type ChipCommand, CommandFramer, encodeRegisterAnswer } from "./wire.ts";

/** Nonces that a chip keeps while the line is busy; more are lost and counted [?]. */
const NONCES_KEPT_PER_CHIP = 8;

export class ChainModel implements Disposable {
  readonly #options: ChainModelOptions;
  readonly #clock: Clock;
  readonly #searcher: ChainSearcher;
  readonly #random: SeededRandom;
  readonly #chips: readonly ChipModel[];
  readonly #framer: CommandFramer;
  readonly #line: AnswerLine;
  readonly #transmitted = new Signal<Uint8Array>();
  readonly #faults = new Set<ChainFault>();
  readonly #scheduled = new Set<Disposable>();
  readonly #hits: Disposable;
  #faultState: FaultState = combineFaults([]);
  /** Chips that hear and answer, nearest first. */
  #working: readonly ChipModel[];
  #lastHostBaudRate: number | undefined;
  #isHeldInReset = false;
  #job: { readonly idByte: number; readonly headerWords: Int32Array } | undefined;
  #jobGeneration = 0;
  #hasPublishedJob = false;
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
    this.#random = new SeededRandom(options.seed);
    this.#chips = Array.from(
      { length: chipCount },
      (_, index) => new ChipModel({ chip, index, requiredZeroBits, scale }),
    );
    this.#working = this.#chips;
    this.#framer = new CommandFramer((command) => this.#obey(command));
    this.#line = new AnswerLine(options.clock, (answer) => this.#transmit(answer));
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
    if (this.#job === undefined) return 0;
    return this.#sweeps().reduce((total, sweep) => total + sweep.hashesPerSecond, 0);
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
      if (nearest === undefined || this.#isHeldInReset) continue;
      const isUnderstood = understandEachOther(hostBaudRate, nearest.baudRate);
      const heard = isUnderstood ? byte : garbledByte(this.#random);
      this.#framer.push(byteWithErrors(heard, this.#faultState.bitErrors, this.#random));
    }
  }

  /** What the chips send, when its last bit has left. The bytes are the listener's. */
  onTransmit(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#transmitted.on(listener);
  }

  /** Held: all chips are in their reset state, deaf, mute and without work. A fresh chain is not held. */
  setReset(held: boolean): void {
    this.#isHeldInReset = held;
    this.#framer.clear();
    this.#line.clear();
    for (const chip of this.#chips) chip.reset(this.hashesDone(chip.index));
    this.#job = undefined;
    this.#jobGeneration++;
    this.#publish();
  }

  /** A timed fault counts from now. */
  addFault(fault: ChainFault | TimedFault): void {
    if (!("fromMs" in fault)) {
      this.#faults.add(fault);
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

  #after(delayMs: number, run: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#scheduled.delete(timer);
      run();
    });
    this.#scheduled.add(timer);
  }

  #applyFaults(): void {
    this.#faultState = combineFaults(this.#faults);
    this.#working = this.#chips.filter((chip) => this.#isWorking(chip));
    this.#publish();
  }

  #isWorking({ index }: ChipModel): boolean {
    const { brokenFrom, dead } = this.#faultState;
    return index < brokenFrom && !dead.has(index);
  }

  #obey(command: ChipCommand): void {
    this.#commandsReceived++;
    const hostBaudRate = this.#lastHostBaudRate ?? 0;
    const hearing = this.#working.filter((chip) =>
      understandEachOther(hostBaudRate, chip.baudRate),
    );
    switch (command.op) {
      case "chain-inactive":
        for (const chip of hearing) {
          chip.isAddressing = true;
          chip.isAddressed = false;
        }
        break;
      case "set-address":
        giveAddress(hearing, command.address);
        break;
      case "read":
        for (const chip of addressedBy(command, hearing)) this.#answer(chip, command.register);
        return;
      case "write":
        for (const chip of addressedBy(command, hearing))
          chip.write(command.register, command.value, this.hashesDone(chip.index));
        break;
      case "job":
        this.#takeJob(command, hearing);
        break;
    }
    this.#publish();
  }

  #takeJob(job: ChipCommand & { op: "job" }, hearing: readonly ChipModel[]): void {
    this.#jobsReceived++;
    if (hearing.length === 0) return;
    for (const chip of hearing) chip.takeJob();
    this.#job = job;
    this.#jobGeneration++;
    // Whoever reads such an answer would take it for one to the new job.
    this.#line.dropQueued(({ jobIdByte }) => jobIdByte === job.idByte);
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

  /** A hash that meets the ticket becomes an answer, unless its job is gone. */
  #report(hit: ChainHit): void {
    const chip = this.#chips[hit.chipIndex];
    const job = this.#job;
    if (hit.jobGeneration !== this.#jobGeneration || job === undefined || chip === undefined)
      return;
    // The ticket may have changed since.
    if (!this.#isWorking(chip) || hit.ticketMask !== chip.ticketMask) return;
    if (this.#line.countQueued(chip.index) >= NONCES_KEPT_PER_CHIP) {
      chip.nonceOverflows++;
      return;
    }
    const required = this.#options.requiredZeroBits + bitCount(chip.ticketMask);
    const excessBits = Math.max(0, hit.zeroBits - required);
    const answer = { hit, jobIdByte: job.idByte, excessBits };
    const bytes = this.#faultState.stuck.has(chip.index)
      ? chip.lastNonceAnswer
      : this.#answerWith(chip, answer);
    if (bytes === undefined) return;
    const times = this.#random.happens(this.#faultState.duplicateNonces) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      chip.noncesSent++;
      this.#line.enqueue({
        bytes,
        chipIndex: chip.index,
        jobIdByte: job.idByte,
        gapBits: 0,
        baudRate: () => chip.baudRate,
      });
    }
  }

  #answerWith(chip: ChipModel, found: FoundNonce): Uint8Array {
    const isWrong = this.#random.happens(this.#faultState.hardwareErrors);
    if (isWrong) chip.nonceErrors++;
    const wrongBits = isWrong ? 1 << this.#random.below(17) : 0;
    chip.lastNonceAnswer = nonceAnswer(this.#options.chip, found, chip.answerForm, wrongBits);
    return chip.lastNonceAnswer;
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
    if (this.#job === undefined && !this.#hasPublishedJob) return;
    this.#hasPublishedJob = this.#job !== undefined;
    this.#searcher.publish({
      jobGeneration: this.#jobGeneration,
      headerWords: this.#job?.headerWords,
      chips: this.#sweeps(),
    });
  }

  /** A chip that nobody hears need not hash. */
  #sweeps(): readonly ChipSweep[] {
    return this.#chips.map((chip) => {
      const sweep = chip.sweep;
      return this.#isWorking(chip) ? sweep : { ...sweep, hashesPerSecond: 0 };
    });
  }
}

/** What a searcher must know of a chain of these chips. */
export function geometryOf(
  chip: Bm13xxChip,
  chipCount: number,
  requiredZeroBits: number,
): ChainGeometry {
  return {
    chipCount,
    cores: chip.cores,
    versionsPerSweep: chip.smallCoresPerCore,
    requiredZeroBits,
  };
}

/** 1362 becomes 1397, and so on: an id that is not of the family. */
const WRONG_ID_BITS = 0x00f50000;

/** Before addressing all chips have address 0, so that a command to it reaches them all [C]. */
function addressedBy(
  command: { readonly all: boolean; readonly address: number },
  hearing: readonly ChipModel[],
): readonly ChipModel[] {
  return command.all ? hearing : hearing.filter(({ address }) => address === command.address);
}

/**
 * The nearest chip without an address takes it; while it waits, none beyond it hears the command [C]. Without
 * chain-inactive before, only the first chip takes one. The surplus is ignored.
 */
function giveAddress(hearing: readonly ChipModel[], address: number): void {
  const chip = hearing.find(({ isAddressed }) => !isAddressed);
  if (chip === undefined || !(chip.isAddressing || chip === hearing[0])) return;
  chip.takeAddress(address);
}

const UART_RELAY = 0x2c;

/** Silence after an answer where relaying is on, in bit times [?: the unit]. */
function relayGapBits(chip: ChipModel): number {
  const word = chip.register(UART_RELAY);
  return (word & 3) !== 0 ? word >>> 16 : 0;
}
